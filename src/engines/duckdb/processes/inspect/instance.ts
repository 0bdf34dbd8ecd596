/** The one DuckDB instance of the inspector, which can read only the named files. */
import type { DuckDBConnection } from '@duckdb/node-api'
import { type OpenOptions, openDuckDB } from '../../open.ts'

/**
 * True if GeoParquet's WKB columns are read as GEOMETRY. Only this setting stays open, because the check reads the stored
 * bytes.
 */
const CONVERSION = 'enable_geoparquet_conversion'

export async function openInstance(options: OpenOptions): Promise<DuckDBConnection> {
  const { connection } = await openDuckDB({ ...options, changeable: [CONVERSION] })
  return connection
}

/**
 * Runs `use` while the geometry of GeoParquet files is read as its stored bytes. Native GEOMETRY columns stay GEOMETRY. With
 * `parquet_metadata_cache` on, the engine would use its earlier result for the file.
 */
export async function withRawWkb<Result>(connection: DuckDBConnection, use: () => Promise<Result>): Promise<Result> {
  await connection.run(`SET GLOBAL ${CONVERSION} = false`)
  try {
    return await use()
  } finally {
    await connection.run(`SET GLOBAL ${CONVERSION} = true`)
  }
}
