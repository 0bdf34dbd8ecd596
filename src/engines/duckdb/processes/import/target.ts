/** Finds the table of a layer in the copy, and what depends on it. */
import type { DuckDBConnection } from '@duckdb/node-api'
import { literal } from '../../dialect/quote.ts'
import type { ImportMode } from '../../host/import-messages.ts'
import type { Description } from '../../host/inspection.ts'
import { describeTable } from '../inspect/describe-database.ts'
import { rowsOf } from '../inspect/rows.ts'
import { Refusal } from './refusal.ts'

/** The copy's name while it is attached. */
export const STORE = 'store'

/** The engine's names are case-insensitive. */
const isNamed = (column: string, name: string) => `lower(${column}) = ${literal(name.toLowerCase())}`
const inMain = `database_name = ${literal(STORE)} AND schema_name = 'main'`

/** Returns the table to import into, with its exact name. Null if the import must create it. @throws Refusal */
export async function findTarget(connection: DuckDBConnection, layer: string, mode: ImportMode): Promise<string | null> {
  const views = await rowsOf(connection, `SELECT 1 FROM duckdb_views() WHERE ${inMain} AND ${isNamed('view_name', layer)}`)
  if (views.length > 0) throw new Refusal(`${layer} is a view of the store: choose another --layer.`)
  const tables = await rowsOf(
    connection,
    `SELECT table_name FROM duckdb_tables() WHERE ${inMain} AND ${isNamed('table_name', layer)}`,
  )
  const [table] = tables.map((row) => String(row['table_name']))
  if (table !== undefined && mode === 'CREATE') {
    throw new Refusal(
      `The store has a table ${table} already: add to it with --append, or put another in its place with --replace.`,
    )
  }
  if (table === undefined && mode === 'APPEND')
    throw new Refusal(`The store has no table ${layer} to add to: leave --append out to make it.`)
  return table ?? null
}

export async function describeTarget(connection: DuckDBConnection, table: string): Promise<Description> {
  return await describeTable(connection, STORE, { schema: 'main', table })
}

/** Returns what would be lost if the table were replaced. Null if nothing would. The key column `key` is made the key again. */
export async function dependentOf(connection: DuckDBConnection, table: string, key: string | null): Promise<string | null> {
  const of = `${inMain} AND ${isNamed('table_name', table)}`
  const isKey = key === null ? 'false' : `constraint_type = 'PRIMARY KEY' AND constraint_column_names = [${literal(key)}]`
  const [found] = await rowsOf(
    connection,
    `SELECT
      (SELECT count(*) FROM duckdb_constraints() WHERE ${of} AND constraint_type <> 'NOT NULL'
        AND NOT (${isKey})) AS constraints,
      (SELECT count(*) FROM duckdb_constraints() WHERE ${inMain} AND lower(referenced_table) = ${literal(table.toLowerCase())}) AS references_to_it,
      (SELECT count(*) FROM duckdb_indexes() WHERE ${of} AND NOT regexp_matches(sql, 'USING\\s+RTREE', 'i')) AS indexes,
      (SELECT count(*) FROM duckdb_columns() WHERE ${of} AND (column_default IS NOT NULL OR comment IS NOT NULL)) AS defaults,
      (SELECT count(*) FROM duckdb_tables() WHERE ${of} AND comment IS NOT NULL) AS comments`,
  )
  const has = (name: string) => Number(found?.[name]) > 0
  if (has('constraints')) return 'it has a constraint other than a key of one column of integers, text or UUIDs'
  if (has('references_to_it')) return 'another table refers to it'
  if (has('indexes')) return 'it has another index'
  return has('defaults') || has('comments') ? 'its columns have defaults or comments' : null
}

/** Counts the rows of every table, by schema and name. */
export async function countRows(connection: DuckDBConnection): Promise<Record<string, number>> {
  const tables = await rowsOf(
    connection,
    `SELECT schema_name || '.' || table_name AS name, format('"{}"."{}"."{}"', database_name, replace(schema_name, '"', '""'), replace(table_name, '"', '""')) AS path
      FROM duckdb_tables() WHERE database_name = ${literal(STORE)} AND NOT internal ORDER BY name`,
  )
  const counts: Record<string, number> = {}
  for (const { name, path } of tables) {
    const [row] = await rowsOf(connection, `SELECT count(*) AS n FROM ${path}`)
    counts[String(name)] = Number(row?.['n'])
  }
  return counts
}
