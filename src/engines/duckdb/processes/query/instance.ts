/** The one DuckDB instance of a worker process: opened, limited, filled with its sources, locked, and proven before it serves. */

import { mkdir } from 'node:fs/promises'
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import type { DatabaseAccess } from '../../../engine.ts'
import { databaseVersion } from '../../host/files.ts'
import type { WorkerOptions } from '../../messages.ts'
import { type ColumnReader, chooseColumnReader } from './column-reader.ts'
import { COUNT_SCANS } from './scan.ts'

/** What a worker serves with. */
export interface OpenInstance {
  readonly duckdb: DuckDBInstance
  /** Of an execution that asks for no fewer. */
  readonly threads: number
  /** Read before the lock, which closes the extensions' own folder too. */
  readonly spatialVersion: string
  /** Aliases of the databases that are attached. */
  readonly databases: readonly string[]
  /** How chunks become columns. */
  readonly columnReader: ColumnReader
  /** One for each execution, to be closed by it. */
  connect(): Promise<DuckDBConnection>
}

/** @throws the engine's own error; or one that names the limit or self-check that did not hold */
export async function openInstance(options: WorkerOptions): Promise<OpenInstance> {
  await mkdir(options.tempDirectory, { recursive: true })
  const duckdb = await DuckDBInstance.create(':memory:', {
    memory_limit: `${options.memoryLimitBytes}B`,
    threads: String(options.threads),
    temp_directory: options.tempDirectory,
    max_temp_directory_size: `${options.tempDirectoryBytes}B`,
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  })
  const connection = await duckdb.connect()
  try {
    const databases = await load(connection, options)
    const spatialVersion = await versionOfSpatial(connection)
    await configure(connection, options)
    await prove(connection, options)
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

async function load(connection: DuckDBConnection, options: WorkerOptions): Promise<string[]> {
  await connection.run(options.spatialExtension ? `LOAD ${literal(options.spatialExtension)}` : 'LOAD spatial')
  const attached: string[] = []
  for (const database of options.databases) if (await attach(connection, database)) attached.push(database.alias)
  return attached
}

/** One that is another by now, or cannot be opened any more, must not keep the worker from serving the rest. */
async function attach(connection: DuckDBConnection, { alias, path, version }: DatabaseAccess): Promise<boolean> {
  if ((await databaseVersion(path)) !== version) return false
  try {
    await connection.run(`ATTACH ${literal(path)} AS ${identifier(alias)} (READ_ONLY)`)
  } catch (error) {
    if (error instanceof Error && /^(INTERNAL|FATAL) Error:/.test(error.message)) throw error
    return false
  }
  // It may have been renamed over between the look and the opening.
  if ((await databaseVersion(path)) === version) return true
  await connection.run(`DETACH ${identifier(alias)}`)
  return false
}

async function versionOfSpatial(connection: DuckDBConnection): Promise<string> {
  const versions = await connection.runAndReadAll(
    "SELECT extension_version FROM duckdb_extensions() WHERE extension_name = 'spatial'",
  )
  return String(versions.getRows()[0]?.[0])
}

async function configure(connection: DuckDBConnection, options: WorkerOptions): Promise<void> {
  const settings = [
    // Without it spheroid functions and EPSG:4326 transforms take x as latitude.
    'SET GLOBAL geometry_always_xy = true',
    "SET GLOBAL TimeZone = 'UTC'",
    // The sentinel and natural order rest on it.
    'SET GLOBAL preserve_insertion_order = true',
    // Footers are kept; the engine compares a file's modification time before it believes one.
    'SET GLOBAL parquet_metadata_cache = true',
    // It keeps small ranges of the files that are read, 12 KB of memory for each: 35 MB behind 20 million rows that are as quick to read without.
    'SET GLOBAL enable_external_file_cache = false',
    `SET GLOBAL allowed_paths = [${options.allowedPaths.map(literal).join(', ')}]`,
    'SET GLOBAL enable_external_access = false',
    "SET GLOBAL allowed_configs = ['streaming_buffer_size', 'threads', 'enable_profiling', 'custom_profiling_settings']",
    'SET GLOBAL lock_configuration = true',
  ]
  for (const setting of settings) await connection.run(setting)
}

/** Metres of one degree of longitude at 50 north on WGS 84: 71,695.7; with swapped axes it would be 111,229. */
const SELF_CHECK = 'SELECT ST_Distance_Spheroid(ST_Point2D(0, 50), ST_Point2D(1, 50))'

async function prove(connection: DuckDBConnection, options: WorkerOptions): Promise<void> {
  const limits = await connection.runAndReadAll(
    `SELECT current_setting('memory_limit'), current_setting('threads'), current_setting('lock_configuration'),
      current_setting('enable_progress_bar')`,
  )
  const [memoryLimit, threads, locked, progressBar] = limits.getRows()[0] ?? []
  if (Number(threads) !== options.threads) throw new Error(`threads is ${threads}, not ${options.threads}`)
  if (!locked || progressBar) throw new Error('the configuration is not locked, or the progress bar is on')
  const bytes = bytesOf(String(memoryLimit))
  // The engine reads back at one digit behind the point, e.g. 3.7 GiB.
  if (Math.abs(bytes - options.memoryLimitBytes) > 0.06 * options.memoryLimitBytes) {
    throw new Error(`memory_limit is ${memoryLimit}, not ${options.memoryLimitBytes} bytes`)
  }
  const metres = Number((await connection.runAndReadAll(SELF_CHECK)).getRows()[0]?.[0])
  if (Math.abs(metres - 71_695.7) > 5) throw new Error(`one degree at 50 north measures ${metres} m: axes are swapped`)
}

const UNITS: Readonly<Record<string, number>> = { bytes: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 }

function bytesOf(text: string): number {
  const [number, unit] = text.split(' ')
  return Number(number) * (UNITS[unit ?? ''] ?? Number.NaN)
}

/** Paths and aliases here come from the configuration and the catalogue, never from a client. */
const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`
const identifier = (text: string): string => `"${text.replaceAll('"', '""')}"`
