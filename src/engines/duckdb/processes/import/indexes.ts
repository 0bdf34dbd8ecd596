/**
 * Drops spatial indexes before rows are written, and builds them once afterwards. Every insert into an indexed table would
 * rewrite the index.
 */
import type { DuckDBConnection } from '@duckdb/node-api'
import { identifier, literal, qualified } from '../../dialect/quote.ts'
import { rowsOf } from '../inspect/rows.ts'
import { STORE } from './target.ts'

export interface SpatialIndex {
  readonly schema: string
  readonly name: string
  readonly table: string
  /** The statement that created it. */
  readonly sql: string
}

/** Indexes of the whole store, in a fixed order. */
export async function spatialIndexes(connection: DuckDBConnection): Promise<SpatialIndex[]> {
  const rows = await rowsOf(
    connection,
    `SELECT schema_name, index_name, table_name, sql FROM duckdb_indexes()
      WHERE database_name = ${literal(STORE)} AND regexp_matches(sql, 'USING\\s+RTREE', 'i') ORDER BY schema_name, index_name`,
  )
  return rows.map((row) => ({
    schema: String(row['schema_name']),
    name: String(row['index_name']),
    table: String(row['table_name']),
    sql: String(row['sql']),
  }))
}

export async function indexNames(connection: DuckDBConnection): Promise<string[]> {
  const rows = await rowsOf(
    connection,
    `SELECT schema_name || '.' || index_name AS name FROM duckdb_indexes() WHERE database_name = ${literal(STORE)} ORDER BY name`,
  )
  return rows.map((row) => String(row['name']))
}

export async function dropIndexes(connection: DuckDBConnection, indexes: readonly SpatialIndex[]): Promise<void> {
  for (const { schema, name } of indexes) await connection.run(`DROP INDEX ${qualified(STORE, schema, name)}`)
}

/** The statement of an index names the table without its store and, if it is `main`, without its schema. */
export async function buildIndexes(connection: DuckDBConnection, indexes: readonly SpatialIndex[]): Promise<void> {
  for (const { schema, sql } of indexes) {
    await connection.run(`USE ${qualified(STORE, schema)}`)
    await connection.run(sql)
  }
  await connection.run('USE memory.main')
}

export function newIndex(table: string, geometry: string): SpatialIndex {
  const name = `${table}_${geometry}_rtree`
  return {
    schema: 'main',
    name,
    table,
    sql: `CREATE INDEX ${identifier(name)} ON ${identifier(table)} USING RTREE (${identifier(geometry)})`,
  }
}
