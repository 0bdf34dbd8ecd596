/** The engine as anybody's program would open it, with a query worker's limits: what the server's figures are compared with. */
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import { CREATE_SENTINEL } from '../../src/engines/duckdb/dialect/quote.ts'

export interface EngineOptions {
  readonly extension: string
  /** A worker's. */
  readonly threads: number
  /** A worker's: the engine fills it before its first chunk. */
  readonly streamingBufferBytes: number
  readonly databases: readonly { readonly alias: string; readonly path: string }[]
}

export async function openEngine(options: EngineOptions): Promise<DuckDBConnection> {
  const instance = await DuckDBInstance.create(':memory:', { memory_limit: '4GB', threads: String(options.threads) })
  const connection = await instance.connect()
  await connection.run(`LOAD '${options.extension}'`)
  for (const { alias, path } of options.databases) await connection.run(`ATTACH '${path}' AS "${alias}" (READ_ONLY)`)
  await connection.run(CREATE_SENTINEL)
  await connection.run('SET parquet_metadata_cache = true')
  await connection.run(`SET streaming_buffer_size = '${options.streamingBufferBytes}B'`)
  return connection
}
