import type { DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import type { DatabaseAccess } from '../../../engine.ts'
import { identifier, literal } from '../../dialect/quote.ts'
import { databaseVersion } from '../../host/files.ts'
import type { WorkerOptions } from '../../messages.ts'
import { openDuckDB } from '../../open.ts'
import { COUNT_SCANS } from './arrow-export.ts'
import { type ColumnReader, chooseColumnReader } from './column-reader.ts'
import { classify } from './execution.ts'

/** What a worker serves with. */
export interface OpenInstance {
  readonly duckdb: DuckDBInstance
  /** Of an execution that asks for no fewer. */
  readonly threads: number
  readonly spatialVersion: string
  /** Aliases of the databases that are attached. */
  readonly databases: readonly string[]
  /** How chunks become columns. */
  readonly columnReader: ColumnReader
  /** One for each execution, to be closed by it. */
  connect(): Promise<DuckDBConnection>
}

const SETTINGS = [
  "SET GLOBAL TimeZone = 'UTC'",
  // The sentinel and natural order rest on it.
  'SET GLOBAL preserve_insertion_order = true',
  // Footers are kept; the engine compares a file's modification time before it believes one.
  'SET GLOBAL parquet_metadata_cache = true',
  // It keeps small ranges of the files that are read, 12 KB of memory for each: 35 MB behind 20 million rows that are as quick to read without.
  'SET GLOBAL enable_external_file_cache = false',
]

/** Of a connection, and of an execution. */
const CHANGEABLE = ['streaming_buffer_size', 'threads', 'enable_profiling', 'custom_profiling_settings']

/** @throws the engine's own error; or one that names the limit or self-check that did not hold */
export async function openInstance(options: WorkerOptions): Promise<OpenInstance> {
  const databases: string[] = []
  const attachAll = async (connection: DuckDBConnection) => {
    for (const database of options.databases) if (await attach(connection, database)) databases.push(database.alias)
  }
  const opened = await openDuckDB({ ...options, settings: SETTINGS, changeable: CHANGEABLE, beforeLock: attachAll })
  const { instance: duckdb, connection, spatialVersion } = opened
  try {
    const columnReader = await chooseColumnReader(connection)
    const { threads } = options
    return { duckdb, threads, spatialVersion, databases, columnReader, connect: ahead(() => connect(duckdb, options)) }
  } finally {
    connection.closeSync()
  }
}

/** What `make` gives, made before it is asked for: an execution finds its connection open. */
function ahead<T>(make: () => Promise<T>): () => Promise<T> {
  const begin = () => {
    const made = make()
    // Whoever takes it meets its error.
    made.catch(() => {})
    return made
  }
  let next = begin()
  return async () => {
    const taken = next
    try {
      return await taken
    } finally {
      next = begin()
    }
  }
}

/** A connection's own settings, and the only ones that the lock lets through beside the number of threads: 0.3 ms. */
async function connect(duckdb: DuckDBInstance, options: WorkerOptions): Promise<DuckDBConnection> {
  const connection = await duckdb.connect()
  await connection.run(`SET streaming_buffer_size = '${options.streamingBufferBytes}B'; ${COUNT_SCANS}`)
  return connection
}

/** One that is another by now, or cannot be opened any more, must not keep the worker from serving the rest. */
async function attach(connection: DuckDBConnection, { alias, path, version }: DatabaseAccess): Promise<boolean> {
  if ((await databaseVersion(path)) !== version) return false
  try {
    await connection.run(`ATTACH ${literal(path)} AS ${identifier(alias)} (READ_ONLY)`)
  } catch (error) {
    if (error instanceof Error && classify(error.message).kind === 'FATAL') throw error
    return false
  }
  // It may have been renamed over between the look and the opening.
  if ((await databaseVersion(path)) === version) return true
  await connection.run(`DETACH ${identifier(alias)}`)
  return false
}
