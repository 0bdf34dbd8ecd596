import type { DuckDBConnection } from '@duckdb/node-api'
import { writeGeoParquet } from '../../scripts/demo/geoparquet.ts'

/** A compromise between pruning (few rows per group) and scanning (many). DuckDB's default is six times as large. */
const ROW_GROUP_ROWS = 20_480

/** Writes the rows of a query with columns `id, ..., geom`: Hilbert-sorted, with a covering column. */
export async function writeLayer(connection: DuckDBConnection, sql: string, file: string): Promise<void> {
  await connection.run(`CREATE TABLE layer AS ${sql}`)
  await writeGeoParquet(connection, 'layer', file, { rowGroupRows: ROW_GROUP_ROWS, geometry: 'geom' })
  await connection.run('DROP TABLE layer')
}
