/** Writes the one statement that gathers the rows for a question. */
import type { Field, Layer } from '../../../model/layer.ts'
import type { Predicate } from '../../../model/predicate.ts'
import type { SortKey } from '../../../model/query.ts'
import { isCompared } from './comparand.ts'
import { type Condition, columnOf, identifier, ROWS } from './condition.ts'
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
}

export interface Gathering extends Condition {
  /** True if the rows are in the order of the question. Otherwise DuckDB sorts them. */
  readonly isSorted: boolean
  readonly notNarrowed: readonly string[]
}

/** @param view the view of the files of the layer */
export function gatheringOf({ layer, predicates, columns, orderBy, key }: GatherQuery, view: string): Gathering {
  const { condition, notNarrowed } = narrow(predicates, layer)
  const terms = orderOf(orderBy, key)
  const sql = [
    `SELECT ${columns.map((name) => columnOf(name).sql).join(', ')} FROM ${identifier(view)} AS ${ROWS}`,
    ...(condition ? [`WHERE ${condition.sql}`] : []),
    ...(terms ? [`ORDER BY ${terms.join(', ')}`] : []),
  ].join(' ')
  return { sql, values: condition?.values ?? [], isSorted: terms !== null, notNarrowed }
}

/** Null if both engines may sort a key in another way, or if it is no column. */
function orderOf(orderBy: readonly SortKey[], key: Field): readonly string[] | null {
  const last = { kind: 'property', field: key, descending: false, nullsFirst: false } as const
  const terms = [...orderBy, last].map((sort) => (sort.kind === 'property' && isCompared(sort.field) ? termOf(sort) : null))
  return terms.every((term) => term !== null) ? terms : null
}

/** The place of nulls is always written: it differs between engines. */
function termOf({ field, descending, nullsFirst }: Extract<SortKey, { kind: 'property' }>): string {
  return `${columnOf(field.name).sql} ${descending ? 'DESC' : 'ASC'} NULLS ${nullsFirst ? 'FIRST' : 'LAST'}`
}
