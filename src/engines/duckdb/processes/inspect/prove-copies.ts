/** Finds the sorted copies of a table, and proves that each has exactly the rows of the table, in order. */
import type { DuckDBConnection } from '@duckdb/node-api'
import type { Relation, SortedCopy } from '../../../../model/layer.ts'
import { COPIED_ROW, identifier, literal, qualified } from '../../dialect/quote.ts'
import type { ClaimedCopy, Description } from '../../host/inspection.ts'
import { columnsOf, type RelationColumn } from './columns.ts'
import { fromOf } from './relation.ts'
import { rowsOf } from './rows.ts'

type Table = Extract<Relation, { readonly kind: 'table' }>

/** The schema of all copies. Its tables are not layers. */
export const SORTED_COPIES = 'geoduck_sorted'

/** The name of a copy. A table whose name has a slash may claim the copies of another one, and the proof then refutes them. */
export const copyName = (table: string, column: string): string => `${table}/${column}`

/** Returns the copies of the table among the names of all copies in its database (`copiesIn`). */
export function claimedCopies(
  names: ReadonlySet<string>,
  { schema, table }: Table,
  columns: readonly Pick<RelationColumn, 'name'>[],
): ClaimedCopy[] {
  if (schema !== 'main') return []
  return columns
    .filter(({ name }) => names.has(copyName(table, name)))
    .map(({ name }) => ({ column: name, schema: SORTED_COPIES, table: copyName(table, name) }))
}

/**
 * Returns the names of all copies in the database, or those of one table, whose name may be in any case, as in the engine's names. It reads the list
 * of all tables, so it is asked once per database.
 */
export async function copiesIn(connection: DuckDBConnection, database: string, table?: string): Promise<ReadonlySet<string>> {
  const ofTable = table === undefined ? '' : `AND starts_with(lower(table_name), lower(${literal(copyName(table, ''))}))`
  const rows = await rowsOf(
    connection,
    `SELECT table_name FROM duckdb_tables() WHERE database_name = ${literal(database)} AND schema_name = ${literal(SORTED_COPIES)} ${ofTable}`,
  )
  return new Set(rows.map((row) => String(row['table_name'])))
}

/** True for a column that has the name of the row number, in the table or in its copies. Such a table has no copies. */
export const isRowNumber = ({ name }: Pick<RelationColumn, 'name'>): boolean => ['rowid', COPIED_ROW].includes(name.toLowerCase())

/**
 * Returns the copies that hold. Any program may have changed the table after its copies were made, also in place, and a copy that is not exactly the
 * table is never used. The sum of the 64-bit hashes of all rows is compared, which costs a pass over the table and over each copy.
 */
export async function proveCopies(connection: DuckDBConnection, { relation, copies = [] }: Description): Promise<SortedCopy[]> {
  if (relation.kind !== 'table' || copies.length === 0) return []
  const from = fromOf(relation)
  const columns = await columnsOf(connection, from)
  const names = columns.map(({ name }) => identifier(name))
  if (columns.some(isRowNumber)) return []
  const expected = JSON.stringify([...columns.map(formOf), { name: COPIED_ROW, native: 'BIGINT', crs: '' }])
  let digest: string | null = null
  const proven: SortedCopy[] = []
  for (const copy of copies) {
    const its = qualified(relation.database, copy.schema, copy.table)
    if (JSON.stringify((await columnsOf(connection, its)).map(formOf)) !== expected) continue
    digest ??= await digestOf(connection, from, ['rowid', ...names])
    if ((await digestOf(connection, its, [identifier(COPIED_ROW), ...names])) !== digest) continue
    const order = await orderOf(connection, its, copy.column)
    if (order.misplaced === 0) proven.push({ ...copy, nulls: order.nulls, values: order.values })
  }
  return proven
}

const formOf = ({ name, native, crs }: RelationColumn) => ({ name, native, crs })

/** The same text for the same rows in any order. */
async function digestOf(connection: DuckDBConnection, from: string, columns: readonly string[]): Promise<string> {
  const [row] = await rowsOf(
    connection,
    `SELECT count(*) || ' ' || coalesce(sum(hash(${columns.join(', ')})), 0) AS d FROM ${from}`,
  )
  return String(row?.['d'])
}

/** Compares each row with the one before it, in the order of the scan, which is the order that plans use. */
async function orderOf(connection: DuckDBConnection, from: string, column: string) {
  const [value, number] = [identifier(column), identifier(COPIED_ROW)]
  const rows = `SELECT ${value} AS v, ${number} AS n, lag(${value}) OVER () AS pv, lag(${number}) OVER () AS pn FROM ${from}`
  const follows = `CASE WHEN pn IS NULL OR pv < v THEN true WHEN v IS NULL THEN pv IS NOT NULL OR pn < n ELSE pv = v AND pn < n END`
  const [row] = await rowsOf(
    connection,
    `SELECT count(*) FILTER (WHERE (${follows}) IS NOT TRUE) AS misplaced, count(*) FILTER (WHERE v IS NULL) AS nulls,
      count(*) FILTER (WHERE v IS NOT NULL AND (pn IS NULL OR pv <> v)) AS "values" FROM (${rows})`,
  )
  return { misplaced: Number(row?.['misplaced']), nulls: Number(row?.['nulls']), values: Number(row?.['values']) }
}
