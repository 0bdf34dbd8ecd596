/** Sort keys in SQL, and the order they make together with the natural one, which ends every tie. */

import { GeoduckError } from '../../../model/errors.ts'
import type { RowPosition, SortKey } from '../../../model/query.ts'
import { type Comparison, comparisonOf } from './comparison.ts'
import { columnOf, type Parameters } from './quote.ts'
import type { NaturalKey, Source } from './source.ts'

export interface SortColumn {
  readonly comparison: Comparison
  readonly subject: string
  readonly descending: boolean
  readonly nullsFirst: boolean
}

export function sortColumns(orderBy: readonly SortKey[]): SortColumn[] {
  return orderBy.map(({ field, descending, nullsFirst }) => {
    const comparison = comparisonOf(field.type)
    if (!comparison) throw new RangeError('a sort key has an order')
    return { comparison, subject: comparison.subject(columnOf(field)), descending, nullsFirst }
  })
}

/** Empty for the natural order, where the scan gives it. */
export function orderClause(keys: readonly SortColumn[], source: Source, ordered: boolean): string {
  if (keys.length === 0 && ordered) return ''
  const sorted = keys.map((key) => `${key.subject} ${key.descending ? 'DESC' : 'ASC'} NULLS ${key.nullsFirst ? 'FIRST' : 'LAST'}`)
  return ` ORDER BY ${[...sorted, ...source.natural.map(({ sql }) => sql)].join(', ')}`
}

/* "Behind this row", as SQL. */

/** The position's values: of the sort keys, then of the natural order. CURSOR_INVALID if they are not of this order. */
export interface ResumePoint {
  readonly sorted: RowPosition['keys']
  readonly natural: readonly string[]
}

export function readPosition({ keys }: RowPosition, sorted: readonly SortColumn[], { natural, files }: Source): ResumePoint {
  const rest = keys.slice(sorted.length)
  if (rest.length !== natural.length || !rest.every((key) => typeof key === 'string' && /^\d{1,19}$/.test(key))) {
    throw new GeoduckError('CURSOR_INVALID', 'The cursor is not one of this order; start again without it.')
  }
  const [file, ...row] = rest as string[]
  const place = files ? String(files.indexOf(Number(file))) : file
  return { sorted: keys.slice(0, sorted.length), natural: [place as string, ...row] }
}

/**
 * Behind a place in a sorted result. Row values, `(a, b) > (x, y)`, would lose rows with nulls: so key by key, from the last to
 * the first. NaN is equal to itself and above infinity, to `>` and `=` as to ORDER BY.
 */
export function afterSorted(place: ResumePoint, keys: readonly SortColumn[], source: Source, parameters: Parameters): string {
  let after = afterNatural(place.natural, source.natural, parameters)
  for (let n = keys.length - 1; n >= 0; n--) {
    const key = keys[n] as SortColumn
    const { before, equal } = compareWith(valueAt(place, n, key, source, parameters), key)
    after = before === null ? `${equal} AND (${after})` : `${before} OR ${equal} AND (${after})`
  }
  return after
}

/**
 * SQL of the place's value of a key; null for a null. A long one is a subquery of one row: the engine makes a join of it, which gives up the
 * natural order, but a sort makes it again.
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
  const row = source.natural.map(({ sql, type }, k) => `${sql} = CAST(${parameters.text(place.natural[k] as string)} AS ${type})`)
  return `(SELECT ${subject} FROM ${source.from} WHERE ${row.join(' AND ')})`
}

/** `before`: the place comes before the row by this key alone; null: never, nothing comes behind last nulls. */
function compareWith(value: string | null, key: SortColumn): { before: string | null; equal: string } {
  const { subject, descending, nullsFirst } = key
  if (value === null) return { before: nullsFirst ? `${subject} IS NOT NULL` : null, equal: `${subject} IS NULL` }
  const beyond = `${subject} ${descending ? '<' : '>'} ${value}`
  return { before: nullsFirst ? beyond : `(${beyond} OR ${subject} IS NULL)`, equal: `${subject} = ${value}` }
}

function afterNatural(place: readonly string[], natural: readonly NaturalKey[], parameters: Parameters): string {
  const [first, second] = natural.map(({ sql, type }, n) => ({
    sql,
    value: `CAST(${parameters.text(place[n] as string)} AS ${type})`,
  }))
  if (!first) throw new RangeError('an order has at least one key')
  if (!second) return `${first.sql} > ${first.value}`
  return `(${first.sql} > ${first.value} OR ${first.sql} = ${first.value} AND ${second.sql} > ${second.value})`
}

/**
 * Behind a place in the natural order of several files, as parts that follow each other: the rest of its file, then the later
 * files. One predicate of both with OR would read every row group from the first on: 200 ms instead of 6 in 500,000 rows.
 */
export function afterInParts(place: readonly string[], natural: readonly NaturalKey[], parameters: Parameters): string[] {
  const [file, row] = natural
  if (!file || !row) return [afterNatural(place, natural, parameters)]
  const inFile = `CAST(${parameters.text(place[0] as string)} AS ${file.type})`
  const after = `CAST(${parameters.text(place[1] as string)} AS ${row.type})`
  return [`${file.sql} = ${inFile} AND ${row.sql} > ${after}`, `${file.sql} > ${inFile}`]
}
