/** Collects the keys and figures of groups: the columns of a derived relation. A figure that is selected twice is computed once. */

import type { Grid } from '../../geometry/cells.ts'
import type { FeatureOrder } from '../../graphql/generated.ts'
import { GeoduckError } from '../../model/errors.ts'
import { type FieldType, isJson } from '../../model/field-type.ts'
import type { JsonType } from '../../model/layer.ts'
import type { Member } from '../../model/predicate.ts'
import type { Figure, GroupColumn, GroupKey, ItemPart, Measure, Period, View } from '../../model/query.ts'
import { inRange } from '../arguments.ts'
import { readPropertyOrder } from '../feature-request.ts'
import { memberAt, type NamedMember } from '../read/member.ts'
import { valuesOf } from '../values/values-of.ts'
import { requireGeometry } from '../view.ts'

/** The place of a value: a column, or a member inside one. */
export interface Place {
  readonly column: string
  readonly path?: readonly string[] | null | undefined
}

export interface KeyType {
  readonly type: FieldType
  readonly native: string
  readonly shown?: GroupColumn['shown']
}

/** Figures that have no arguments. */
export type SimpleFigure = 'count' | 'distinct' | 'distinctApproximate' | 'sum' | 'min' | 'max' | 'avg' | 'stddev'

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
  /** The grid of the cells that are keys, and the names of their indexes. */
  cell: { readonly grid: Grid; readonly indexes: readonly [first: string, second: string] } | null = null
  readonly #vertices: number
  readonly #places = new Map<string, number>()

  /** `vertices`: the maximum for figures that hold all geometries. */
  constructor(view: View, vertices: number) {
    this.view = view
    this.#vertices = vertices
  }

  /** Adds a key of `groupBy`. `shown` is the type of its values in the result, if it differs. */
  addValue(label: string, named: NamedMember, { type, native, shown }: KeyType): void {
    const field = fieldOf(`k${this.keys.length}`, type, native)
    const key: GroupKey = { kind: 'value', field, member: memberOf(named), ...(shown && { shown }) }
    this.keys.push(key)
    this.named.push([label, key])
  }

  /** Adds a key of `time`. */
  addTime(named: NamedMember, every: Period, timeZone: string | null): void {
    const { type, native } = timeOf(named)
    const field = fieldOf(`k${this.keys.length}`, type, native)
    const key: GroupKey = { kind: 'time', field, member: memberOf(named), every, timeZone }
    this.keys.push(key)
    this.times.push(key)
  }

  /** Adds the cells of a grid as keys. */
  addCell(grid: Grid): void {
    const [first, second] = (['first', 'second'] as const).map((axis) => {
      const field = fieldOf(`k${this.keys.length}`, INT64, 'BIGINT')
      this.keys.push({ kind: 'cell', field, grid, axis })
      return field.name
    })
    this.cell = { grid, indexes: [first!, second!] }
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

  /** @throws GeoduckError BAD_INPUT for shares that are not from 0 to 1, and if the member has no order */
  quantiles({ column, path }: Place, at: readonly number[]): GroupColumn {
    const named = memberAt(this.view, column, path ?? [])
    requireShares(at)
    const isNumber = NUMBERS.has(named.type.kind) || isJson(named.type)
    if (!isNumber) requireValues('quantiles', named, false)
    const child = isNumber ? DOUBLE.type : named.type
    return this.#measure({ kind: 'quantiles', member: memberOf(named), at }, { kind: 'list', child }, 'LIST')
  }

  /** @throws GeoduckError BAD_INPUT as for the order of features */
  ordered(kind: 'first' | 'last', { column, path }: Place, orderBy: readonly FeatureOrder[]): GroupColumn {
    const named = memberAt(this.view, column, path ?? [])
    const figure = { kind, member: memberOf(named), orderBy: readPropertyOrder(orderBy, this.view) }
    return this.#measure(figure, named.type, named.native)
  }

  /** @throws GeoduckError BAD_INPUT if the member holds no numbers */
  histogram({ column, path }: Place, bins: number, edges: 'EQUAL_WIDTH' | 'QUANTILE', parts: readonly ItemPart[]): GroupColumn {
    const named = memberAt(this.view, column, path ?? [])
    requireNumber('histogram', named)
    const most = inRange('bins', bins, [1, MOST_BINS, 10])
    return this.#written({ kind: 'histogram', member: memberOf(named), bins: most, edges, parts })
  }

  /** @throws GeoduckError BAD_INPUT if values of the member cannot be compared */
  values({ column, path }: Place, first: number, parts: readonly ItemPart[]): GroupColumn {
    const named = memberAt(this.view, column, path ?? [])
    requireValues('values', named, isJson(named.type))
    return this.#written({ kind: 'values', member: memberOf(named), first: inRange('first', first, [1, MOST_VALUES, 20]), parts })
  }

  /** @throws GeoduckError BAD_INPUT for a table without geometry */
  extent(): GroupColumn {
    requireGeometry(this.view.layer, 'extent')
    return this.#written({ kind: 'extent' })
  }

  /** The mean of the places of the features, in metres of Web Mercator. */
  mercator(axis: 'x' | 'y'): GroupColumn {
    return this.#measure({ kind: 'mercator', axis }, DOUBLE.type, DOUBLE.native)
  }

  /** Returns the index of a geometry among those of the group. @throws GeoduckError BAD_INPUT for a table without geometry */
  geometry(kind: 'centroid' | 'convexHull' | 'union'): number {
    requireGeometry(this.view.layer, kind)
    const figure = kind === 'centroid' ? { kind } : { kind, vertices: this.#vertices }
    const { field } = this.#measure(figure, { kind: 'geometry' }, 'GEOMETRY', 'GEOMETRY')
    const geometries = this.measures.filter(({ shown }) => shown === 'GEOMETRY')
    return geometries.findIndex((other) => other.field.name === field.name)
  }

  /** The column must have the same values in every execution, because groups are sorted or filtered by it. */
  pin({ field }: GroupColumn): void {
    const place = this.measures.findIndex((measure) => measure.field.name === field.name)
    const measure = this.measures[place]
    if (measure) this.measures[place] = { ...measure, sorted: true }
  }

  /** A figure whose JSON the statement writes. */
  #written(figure: Figure): GroupColumn {
    return this.#measure(figure, { kind: 'utf8' }, 'JSON', 'JSON_TEXT')
  }

  #measure(figure: Figure, type: FieldType, native: string, shown?: GroupColumn['shown']): GroupColumn {
    const text = JSON.stringify(figure)
    const known = this.#places.get(text)
    if (known !== undefined) return this.measures[known] as Measure
    if (this.measures.length === MOST_FIGURES) {
      throw new GeoduckError(
        'LIMIT_EXCEEDED',
        `A group has at most ${MOST_FIGURES} figures; ask for the others in another operation.`,
      )
    }
    const measure = { field: fieldOf(`m${this.measures.length}`, type, native), figure, ...(shown && { shown }) }
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

/* The limits of figures. */

export const MOST_SHARES = 100
export const MOST_BINS = 100
export const MOST_VALUES = 1_000

function requireShares(at: readonly number[]): void {
  if (at.length > MOST_SHARES) throw new GeoduckError('LIMIT_EXCEEDED', `\`at\` has at most ${MOST_SHARES} shares.`)
  const wrong = at.find((share) => !(share >= 0 && share <= 1))
  if (wrong !== undefined)
    throw new GeoduckError('BAD_INPUT', `\`at\` takes shares from 0 to 1, such as 0.5 for the median, not ${wrong}.`)
}

/* The types of figures. */

const NUMBERS: ReadonlySet<string> = new Set<FieldType['kind']>(['int', 'float', 'decimal'])

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
  if (NUMBERS.has(type.kind) || isJson(type)) return type
  throw new GeoduckError(
    'BAD_INPUT',
    `\`${figure}\` is for numbers, and property ${name} is ${native.slice(0, 60)}; ask for \`count\`, \`distinct\`, \`min\` or \`max\`.`,
  )
}

/** The type of the start of a bucket. */
function timeOf({ type }: NamedMember): Result {
  if (type.kind === 'date') return { type, native: 'DATE' }
  const utc = type.kind === 'timestamp' && type.utc
  return { type: { kind: 'timestamp', unit: 'us', utc }, native: utc ? 'TIMESTAMP WITH TIME ZONE' : 'TIMESTAMP' }
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
