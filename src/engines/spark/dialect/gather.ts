/** Writes the one statement that gathers the rows for a question. */
import type { Field, Layer } from '../../../model/layer.ts'
import type { Predicate } from '../../../model/predicate.ts'
import type { FeatureQuery, PropertySortKey, Query, RowPosition, SortKey } from '../../../model/query.ts'
import { isKept } from '../../duckdb/dialect/geometry-column.ts'
import { comparandOf, isCompared } from './comparand.ts'
import { all, any, type Condition, columnOf, condition, identifier, NEVER, ROWS } from './condition.ts'
import { narrow } from './narrow.ts'

/** A question for rows, without what DuckDB alone answers: pages, positions and encodings. */
export interface GatherQuery {
  readonly layer: Layer
  /** The filter and the rule of the caller. */
  readonly predicates: readonly Predicate[]
  /** Names of columns, in their order in the result. */
  readonly columns: readonly string[]
  readonly orderBy: readonly SortKey[]
  /** The column that identifies a row. It follows the sort keys, so that the order has no ties. */
  readonly key: Field
  /** Only the first rows of an order, from `topOf`. They are sorted by the key alone. @default all rows */
  readonly top?: Top
}

/** The first rows of an order, after a position. */
export interface Top {
  readonly rows: number
  /** The last one is the key of the layer. */
  readonly orderBy: readonly PropertySortKey[]
  /** A condition for the rows after the position. Null: from the first row on. */
  readonly after: Condition | null
}

export interface Gathering extends Condition {
  /** True if the rows are in the order of the question. Otherwise DuckDB sorts them. */
  readonly isSorted: boolean
  readonly notNarrowed: readonly string[]
}

/** @param view the view of the files of the layer */
export function gatheringOf({ layer, predicates, columns, orderBy, key, top }: GatherQuery, view: string): Gathering {
  const narrowed = narrow(predicates, layer)
  const { notNarrowed } = narrowed
  const terms = orderOf(top ? [] : orderBy, key)
  const names = columns.map((name) => columnOf(name).sql).join(', ')
  const where = all([narrowed.condition, top?.after ?? null])
  const rows = `SELECT ${names} FROM ${identifier(view)} AS ${ROWS}${where ? ` WHERE ${where.sql}` : ''}`
  const sorted = terms ? ` ORDER BY ${terms.join(', ')}` : ''
  if (!top) return { sql: `${rows}${sorted}`, values: where?.values ?? [], isSorted: terms !== null, notNarrowed }
  const first = `${rows} ORDER BY ${top.orderBy.map(termOf).join(', ')} LIMIT ?`
  return {
    sql: `SELECT ${names} FROM (${first}) AS ${ROWS}${sorted}`,
    values: [...(where?.values ?? []), { integer: top.rows }],
    isSorted: terms !== null,
    notNarrowed,
  }
}

/** Null if both engines may sort a key in another way, or if it is no column. */
function orderOf(orderBy: readonly SortKey[], key: Field): readonly string[] | null {
  const keys = comparedKeys(orderBy, key)
  return keys?.map(termOf) ?? null
}

function comparedKeys(orderBy: readonly SortKey[], key: Field): readonly PropertySortKey[] | null {
  const last = { kind: 'property', field: key, descending: false, nullsFirst: false } as const
  const keys = [...orderBy, last].flatMap((sort) => (sort.kind === 'property' && isCompared(sort.field) ? sort : []))
  return keys.length > orderBy.length ? keys : null
}

/** The place of nulls is always written: it differs between engines. */
function termOf({ field, descending, nullsFirst }: PropertySortKey): string {
  return `${columnOf(field.name).sql} ${descending ? 'DESC' : 'ASC'} NULLS ${nullsFirst ? 'FIRST' : 'LAST'}`
}

/* The first rows of an order */

/** One task of Spark holds them in memory. */
const MOST_ROWS = 10_000

/**
 * Returns what Spark must select for the next rows of a query, in the order and from the position of the query. Null if both engines may select or sort
 * other rows.
 *
 * @param key the key of the layer, which is the last value of a position
 */
export function topOf(query: FeatureQuery, key: Field, rows: number): Top | null {
  const { view, orderBy, after } = query
  const keys = comparedKeys(orderBy, key)
  const isPlain = !query.key && !query.thinning && !query.ranked && !query.parts && isKept(view.layer) === null
  if (!keys || !isPlain || rows > MOST_ROWS || !narrow(predicatesOf(query), view.layer).isExact) return null
  const position = after === null ? null : afterPosition(after, keys)
  return after !== null && position === null ? null : { rows, orderBy: keys, after: position }
}

/** The filter and the rule of the caller. */
export function predicatesOf({ where, view }: Pick<Query, 'where' | 'view'>): readonly Predicate[] {
  return [where, view.rule].flatMap((filter) => filter?.predicate ?? [])
}

/** Null if a value of the position has no proven counterpart, or is not in it. */
function afterPosition({ keys: texts }: RowPosition, keys: readonly PropertySortKey[]): Condition | null {
  if (texts.length !== keys.length) return null
  let after: Condition = NEVER
  for (const [n, key] of [...keys.entries()].reverse()) {
    const text = texts[n]!
    const value = typeof text === 'string' ? comparandOf(key.field.type, text) : null
    if (text !== null && value === null) return null
    const { before, equal } = besides(key, value)
    after = any([before, all([equal, after])])!
  }
  return after
}

/**
 * Conditions for rows that follow a value, and that have the same. Key by key, because row values with nulls would lose rows. Both engines sort NaN after
 * infinity, also for `>` and `=`.
 */
function besides({ field, descending, nullsFirst }: PropertySortKey, value: Condition | null) {
  const column = columnOf(field.name)
  const isNull = condition`${column} IS NULL`
  if (value === null) return { before: nullsFirst ? condition`${column} IS NOT NULL` : NEVER, equal: isNull }
  const beyond = descending ? condition`${column} < ${value}` : condition`${column} > ${value}`
  return { before: nullsFirst ? beyond : any([beyond, isNull])!, equal: condition`${column} = ${value}` }
}
