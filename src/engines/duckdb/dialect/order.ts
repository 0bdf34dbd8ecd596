/** Compiles sort keys to SQL. The natural order follows them and breaks every tie. */

import { GeoduckError } from '../../../model/errors.ts'
import type { FieldType } from '../../../model/field-type.ts'
import type { Probe } from '../../../model/predicate.ts'
import type { Query, RowPosition, SortKey } from '../../../model/query.ts'
import { type Comparison, comparisonOf } from './comparison.ts'
import { columnOf, type Parameters } from './quote.ts'
import { castTo, type NaturalKey, type Source } from './source.ts'

export interface SortColumn {
  readonly kind: SortKey['kind']
  readonly comparison: Comparison
  readonly subject: string
  readonly descending: boolean
  readonly nullsFirst: boolean
}

/** `distance`: SQL of the column that has the distance, if a key is one. */
export function sortColumns(orderBy: readonly SortKey[], distance = ''): SortColumn[] {
  return orderBy.map((key) => {
    const { kind, descending, nullsFirst } = key
    const comparison = comparisonOf(kind === 'distance' ? DISTANCE : key.field.type)
    if (!comparison) throw new RangeError('a sort key has an order')
    const subject = kind === 'distance' ? distance : comparison.subject(columnOf(key.field))
    return { kind, comparison, subject, descending, nullsFirst }
  })
}

const DISTANCE: FieldType = { kind: 'float', bits: 64 }

/** Empty for the natural order if the scan returns rows in it. */
export function orderClause(keys: readonly SortColumn[], source: Source, ordered: boolean): string {
  if (keys.length === 0 && ordered) return ''
  return ` ORDER BY ${[...keys.map(sortTerm), ...source.natural.map(({ sql }) => sql)].join(', ')}`
}

export function sortTerm({ subject, descending, nullsFirst }: SortColumn): string {
  return `${subject} ${descending ? 'DESC' : 'ASC'} NULLS ${nullsFirst ? 'FIRST' : 'LAST'}`
}

/* Compiles "after this row" to SQL. */

/**
 * The position's values: first of the sort keys, then of the natural order. @throws GeoduckError CURSOR_INVALID if they belong
 * to another order
 */
export interface ResumePoint {
  readonly sorted: RowPosition['keys']
  readonly natural: readonly string[]
}

export function readPosition({ keys }: RowPosition, sorted: readonly SortColumn[], { natural, files }: Source): ResumePoint {
  const rest = keys.slice(sorted.length)
  if (rest.length !== natural.length || !rest.every((key, n) => isPlace(key, natural[n] as NaturalKey))) {
    throw new GeoduckError('CURSOR_INVALID', 'The cursor is not one of this order; start again without it.')
  }
  const [file, ...row] = rest as string[]
  const place = files ? String(files.indexOf(Number(file))) : file
  return { sorted: keys.slice(0, sorted.length), natural: [place as string, ...row] }
}

/** A key of the layer is in the cursor as the engine wrote it. A longer one than a cursor carries is no place. */
function isPlace(key: RowPosition['keys'][number] | undefined, { type }: NaturalKey): boolean {
  return typeof key === 'string' && (typeof type !== 'string' || /^\d{1,19}$/.test(key))
}

/** SQL for rows after a resume point in a sorted result. */
export function afterSorted(place: ResumePoint, keys: readonly SortColumn[], source: Source, parameters: Parameters): string {
  const natural = afterNatural(place.natural, source.natural, parameters)
  return afterKeys(keys, (n) => valueAt(place, n, keys[n] as SortColumn, source, parameters), natural)
}

/**
 * SQL for rows after a value of each key. Row values, `(a, b) > (x, y)`, would lose rows with nulls. So the comparison goes key by key, from
 * the last to the first. NaN is equal to itself and above infinity, for `>` and `=` as for ORDER BY.
 *
 * @param bound SQL of the value of a key, or null for a null
 * @param last SQL for rows with equal keys
 */
export function afterKeys(keys: readonly SortColumn[], bound: (n: number) => string | null, last: string): string {
  let after = last
  for (let n = keys.length - 1; n >= 0; n--) {
    const { before, equal } = compareWith(bound(n), keys[n] as SortColumn)
    after = before === null ? `${equal} AND (${after})` : `${before} OR ${equal} AND (${after})`
  }
  return after
}

/**
 * SQL of the resume point's value of a key. Null for a null. A long value is a subquery of one row. The engine makes a join from it, which loses
 * the natural order, but a sort follows.
 */
function valueAt(
  place: ResumePoint,
  n: number,
  { subject, comparison }: SortColumn,
  source: Source,
  parameters: Parameters,
): string | null {
  const text = place.sorted[n] ?? null
  if (text === null) return null
  if (text !== true) return comparison.cast(parameters.text(text))
  const row = source.natural.map((key, k) => `${key.sql} = ${castTo(key, parameters.text(place.natural[k] as string))}`)
  return `(SELECT ${subject} FROM ${source.from} WHERE ${row.join(' AND ')})`
}

/**
 * `before`: SQL that is true if the resume point precedes the row by this key alone. Null: never, because nothing follows nulls
 * that are last.
 */
function compareWith(value: string | null, key: SortColumn): { before: string | null; equal: string } {
  const { subject, descending, nullsFirst } = key
  if (value === null) return { before: nullsFirst ? `${subject} IS NOT NULL` : null, equal: `${subject} IS NULL` }
  const beyond = `${subject} ${descending ? '<' : '>'} ${value}`
  return { before: nullsFirst ? beyond : `(${beyond} OR ${subject} IS NULL)`, equal: `${subject} = ${value}` }
}

/**
 * SQL for rows in the order of a sorted copy, as consecutive parts: the values and the nulls. The first term of the values skips row groups, which
 * the whole predicate does not.
 *
 * @param place null for all rows
 */
export function partsOfCopy(place: ResumePoint | null, key: SortColumn, source: Source, parameters: Parameters): string[][] {
  const { subject, nullsFirst } = key
  const hasNulls = source.copy?.hasNulls === true
  const [text] = place?.sorted ?? []
  const isInNulls = place !== null && text === null
  const values = (): string[] => {
    if (place === null || isInNulls) return hasNulls ? [`${subject} IS NOT NULL`] : []
    return [
      `${subject} >= ${key.comparison.cast(parameters.text(text as string))}`,
      `(${afterSorted(place, [key], source, parameters)})`,
    ]
  }
  const nulls = (): string[] => [
    `${subject} IS NULL`,
    ...(isInNulls ? [afterNatural(place.natural, source.natural, parameters)] : []),
  ]
  if (!hasNulls) return [values()]
  if (nullsFirst) return place !== null && !isInNulls ? [values()] : [nulls(), values()]
  return isInNulls ? [nulls()] : [values(), nulls()]
}

function afterNatural(place: readonly string[], natural: readonly NaturalKey[], parameters: Parameters): string {
  const [first, second] = natural.map((key, n) => ({ sql: key.sql, value: castTo(key, parameters.text(place[n] as string)) }))
  if (!first) throw new RangeError('an order has at least one key')
  if (!second) return `${first.sql} > ${first.value}`
  return `(${first.sql} > ${first.value} OR ${first.sql} = ${first.value} AND ${second.sql} > ${second.value})`
}

/**
 * SQL for rows after a resume point in the natural order of several files, as consecutive parts: the rest of the file, then the later files.
 * One predicate of both with OR would read every row group from the first on: 200 ms instead of 6 ms for 500,000 rows.
 */
export function afterInParts(place: readonly string[], natural: readonly NaturalKey[], parameters: Parameters): string[] {
  const [file, row] = natural
  if (!file || !row) return [afterNatural(place, natural, parameters)]
  const inFile = castTo(file, parameters.text(place[0] as string))
  const after = castTo(row, parameters.text(place[1] as string))
  return [`${file.sql} = ${inFile} AND ${row.sql} > ${after}`, `${file.sql} > ${inFile}`]
}

/** True if the engine must read every row before it returns the first. */
export function isSorted(query: Query): boolean {
  return query.kind === 'groups' || query.orderBy.length > 0
}

/** The probe of a result that is ordered by distance first, the nearest first. Null for another order. */
export function nearestFirst({ orderBy: [key] }: Pick<Query, 'orderBy'>): Probe | null {
  return key?.kind === 'distance' && !key.descending && !key.nullsFirst ? key.probe : null
}
