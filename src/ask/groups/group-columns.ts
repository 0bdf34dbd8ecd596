/** Collects the keys and figures of groups: the columns of a derived relation. A figure that is asked for twice is computed once. */
import { GeoduckError } from '../../model/errors.ts'
import { type FieldType, isJson } from '../../model/field-type.ts'
import type { JsonType } from '../../model/layer.ts'
import type { Member } from '../../model/predicate.ts'
import type { Figure, GroupColumn, GroupKey, Measure, View } from '../../model/query.ts'
import { memberAt, type NamedMember } from '../read/member.ts'
import { valuesOf } from '../values/values-of.ts'

/** The place of a value: a column, or a member inside one. */
export interface Place {
  readonly column: string
  readonly path?: readonly string[] | null | undefined
}

export interface KeyType {
  readonly type: FieldType
  readonly native: string
  readonly shown?: FieldType
}

export type SimpleFigure = Extract<Figure, { readonly member: Member }>['kind']

/** Figures of one operation: each is computed per group. */
export const MOST_FIGURES = 100

export class GroupColumns {
  readonly view: View
  readonly keys: GroupKey[] = []
  readonly measures: Measure[] = []
  /** The keys of `groupBy` with their names for clients, in their order. */
  readonly named: (readonly [label: string, key: GroupColumn])[] = []
  /** The keys of `time`, in their order. */
  readonly times: GroupColumn[] = []
  readonly #places = new Map<string, number>()

  constructor(view: View) {
    this.view = view
  }

  /** Adds a key of `groupBy`. `shown` is the type of its values in the result, if it differs. */
  addValue(label: string, named: NamedMember, { type, native, shown }: KeyType): void {
    const field = fieldOf(`k${this.keys.length}`, type, native)
    const key: GroupKey = { kind: 'value', field, member: memberOf(named), ...(shown && { shown }) }
    this.keys.push(key)
    this.named.push([label, key])
  }

  /** The number of features. */
  features(): GroupColumn {
    return this.#measure({ kind: 'features' }, INT64, 'BIGINT')
  }

  /** @throws GeoduckError BAD_INPUT if the type of the member has no such figure */
  figure(kind: SimpleFigure, { column, path }: Place): GroupColumn {
    const named = memberAt(this.view, column, path ?? [])
    const { type, native } = resultOf(kind, named)
    return this.#measure({ kind, member: memberOf(named) }, type, native)
  }

  /** The column must have the same values in every execution, because groups are sorted or filtered by it. */
  pin({ field }: GroupColumn): void {
    const place = this.measures.findIndex((measure) => measure.field.name === field.name)
    const measure = this.measures[place]
    if (measure) this.measures[place] = { ...measure, sorted: true }
  }

  #measure(figure: Figure, type: FieldType, native: string): GroupColumn {
    const text = JSON.stringify(figure)
    const known = this.#places.get(text)
    if (known !== undefined) return this.measures[known] as Measure
    if (this.measures.length === MOST_FIGURES) {
      throw new GeoduckError(
        'LIMIT_EXCEEDED',
        `A group has at most ${MOST_FIGURES} figures; ask for the others in another operation.`,
      )
    }
    const measure = { field: fieldOf(`m${this.measures.length}`, type, native), figure }
    this.#places.set(text, this.measures.push(measure) - 1)
    return measure
  }
}

function memberOf({ name: _, native: __, ...member }: NamedMember): Member {
  return member
}

function fieldOf(name: string, type: FieldType, native: string) {
  return { name, type, native, jsonType: 'ANY' as JsonType, nullable: true }
}

/* The types of figures. */

interface Result {
  readonly type: FieldType
  readonly native: string
}

const INT64: FieldType = { kind: 'int', bits: 64, signed: true }
const DOUBLE: Result = { type: { kind: 'float', bits: 64 }, native: 'DOUBLE' }

function resultOf(kind: SimpleFigure, member: NamedMember): Result {
  const { type, native } = member
  switch (kind) {
    case 'count':
      return { type: INT64, native: 'BIGINT' }
    case 'distinct':
    case 'distinctApproximate':
      requireValues(kind, member, isJson(type))
      return { type: INT64, native: 'BIGINT' }
    case 'min':
    case 'max':
      if (isJson(type)) return DOUBLE
      requireValues(kind, member, false)
      return { type, native }
    case 'sum':
      return sumOf(requireNumber(kind, member))
    case 'avg':
    case 'stddev':
      requireNumber(kind, member)
      return DOUBLE
  }
}

/** @throws GeoduckError BAD_INPUT if values of the member cannot be compared */
function requireValues(figure: string, { name, type, native }: NamedMember, otherwise: boolean): void {
  if (otherwise || valuesOf(type)) return
  throw new GeoduckError(
    'BAD_INPUT',
    `\`${figure}\` compares values, and property ${name} is ${native.slice(0, 60)}; ask for \`count\`, or for a member of it by \`path\`.`,
  )
}

/** @throws GeoduckError BAD_INPUT if the member holds no numbers */
export function requireNumber(figure: string, { name, type, native }: NamedMember): FieldType {
  if (type.kind === 'int' || type.kind === 'float' || type.kind === 'decimal' || isJson(type)) return type
  throw new GeoduckError(
    'BAD_INPUT',
    `\`${figure}\` is for numbers, and property ${name} is ${native.slice(0, 60)}; ask for \`count\`, \`distinct\`, \`min\` or \`max\`.`,
  )
}

/** Integers of 64 bits or less are summed in 128. */
function sumOf(type: FieldType): Result {
  if (type.kind === 'int') {
    const isWide = type.bits === null || type.bits > 64
    return { type: { kind: 'int', bits: isWide ? null : 128, signed: true }, native: isWide ? 'BIGNUM' : 'HUGEINT' }
  }
  if (type.kind === 'decimal') {
    return { type: { kind: 'decimal', precision: 38, scale: type.scale }, native: `DECIMAL(38,${type.scale})` }
  }
  return DOUBLE
}
