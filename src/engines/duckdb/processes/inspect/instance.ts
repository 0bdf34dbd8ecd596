/** The one DuckDB instance of the inspector: it reads the named files and nothing else. */
import { mkdir } from 'node:fs/promises'
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import type { InspectorOptions } from '../../host/inspection.ts'
import { literal } from './quote.ts'

/** Whether GeoParquet's WKB columns are read as GEOMETRY. The one setting that stays open: the check reads them as they are stored. */
const CONVERSION = 'enable_geoparquet_conversion'

/** `more` are settings, each a statement, that are locked with the rest. */
export async function openInstance(options: InspectorOptions, more: readonly string[] = []): Promise<DuckDBConnection> {
  await mkdir(options.tempDirectory, { recursive: true })
  const duckdb = await DuckDBInstance.create(':memory:', {
    memory_limit: `${options.memoryLimitBytes}B`,
    threads: String(options.threads),
    temp_directory: options.tempDirectory,
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  })
  const connection = await duckdb.connect()
  const settings = [
    options.spatialExtension ? `LOAD ${literal(options.spatialExtension)}` : 'LOAD spatial',
    'SET GLOBAL geometry_always_xy = true',
    ...more,
    `SET GLOBAL allowed_paths = [${options.allowedPaths.map(literal).join(', ')}]`,
    'SET GLOBAL enable_external_access = false',
    `SET GLOBAL allowed_configs = [${literal(CONVERSION)}]`,
    'SET GLOBAL lock_configuration = true',
  ]
  for (const setting of settings) await connection.run(setting)
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
