/** The one DuckDB instance of the inspector: it reads the named files and nothing else. */
import type { DuckDBConnection } from '@duckdb/node-api'
import { type OpenOptions, openDuckDB } from '../../open.ts'

/** Whether GeoParquet's WKB columns are read as GEOMETRY. The one setting that stays open: the check reads them as they are stored. */
const CONVERSION = 'enable_geoparquet_conversion'

export async function openInstance(options: OpenOptions): Promise<DuckDBConnection> {
  const { connection } = await openDuckDB({ ...options, changeable: [CONVERSION] })
  return connection
}

/**
 * Runs `use` with the geometry of GeoParquet files as the bytes that are stored. Native GEOMETRY columns stay what they are. With
 * `parquet_metadata_cache` on, the engine would go by what it made of the file before.
 */
export async function withRawWkb<Result>(connection: DuckDBConnection, use: () => Promise<Result>): Promise<Result> {
  await connection.run(`SET GLOBAL ${CONVERSION} = false`)
  try {
    return await use()
  } finally {
    await connection.run(`SET GLOBAL ${CONVERSION} = true`)
  }
}
