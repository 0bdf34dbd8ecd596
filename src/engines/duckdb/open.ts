/**
 * Opens DuckDB with its limits, the spatial extension, access only to the named files, and a locked configuration. It reads the
 * settings back before anything runs. No other file opens DuckDB; each kind of process passes only what differs.
 */
import { mkdir } from 'node:fs/promises'
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import type { GatewayAccess } from '../engine.ts'
import { CREATE_SENTINEL, literal } from './dialect/quote.ts'

export interface OpenOptions {
  /** Absolute path of the spatial extension, or null to let DuckDB find it in its extension directory. */
  readonly spatialExtension: string | null
  readonly memoryLimitBytes: number
  readonly threads: number
  /** Folder for spilled data. It is created if it is missing. */
  readonly tempDirectory: string
  /** @default the engine's own: 90 % of the disk */
  readonly tempDirectoryBytes?: number
  /** All files that may be opened. The engine refuses every other file. */
  readonly allowedPaths: readonly string[]
  /** Absent if no file is on another machine. */
  readonly gateway?: GatewayAccess
  /** Further settings, each as one statement. */
  readonly settings?: readonly string[]
  /** Names of settings that can be changed after the lock. */
  readonly changeable?: readonly string[]
  /** True if the engine counts the progress of statements. It prints nothing. */
  readonly countsProgress?: boolean
  /** Runs before the engine starts to refuse other files. */
  readonly beforeLock?: (connection: DuckDBConnection) => Promise<void>
}

export interface OpenDuckDB {
  readonly instance: DuckDBInstance
  /** The connection that set up the instance. */
  readonly connection: DuckDBConnection
  readonly spatialVersion: string
}

/**
 * Opens DuckDB and verifies its settings.
 *
 * @throws Error of the engine, or one that names the setting or self-check that failed
 */
export async function openDuckDB(options: OpenOptions): Promise<OpenDuckDB> {
  const { memoryLimitBytes, threads, tempDirectory, tempDirectoryBytes } = options
  await mkdir(tempDirectory, { recursive: true })
  const instance = await DuckDBInstance.create(':memory:', {
    memory_limit: `${memoryLimitBytes}B`,
    threads: String(threads),
    temp_directory: tempDirectory,
    ...(tempDirectoryBytes !== undefined && { max_temp_directory_size: `${tempDirectoryBytes}B` }),
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  })
  const connection = await instance.connect()
  try {
    const spatialVersion = await configure(connection, options)
    await verify(connection, options)
    return { instance, connection, spatialVersion }
  } catch (error) {
    connection.closeSync()
    throw error
  }
}

/** Installs an extension from the engine's repository into the engine's extension directory. */
export async function install(extension: string): Promise<void> {
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  try {
    await connection.run(`INSTALL ${extension}`)
  } finally {
    connection.closeSync()
    instance.closeSync()
  }
}

async function configure(connection: DuckDBConnection, options: OpenOptions): Promise<string> {
  const { spatialExtension, settings = [], changeable = [], countsProgress = false, beforeLock, allowedPaths, gateway } = options
  const run = async (statements: readonly string[]) => {
    for (const statement of statements) await connection.run(statement)
  }
  await run([
    spatialExtension ? `LOAD ${literal(spatialExtension)}` : 'LOAD spatial',
    // Without it spheroid functions and EPSG:4326 transforms take x as latitude.
    'SET GLOBAL geometry_always_xy = true',
    ...(countsProgress ? ['SET enable_progress_bar = true', 'SET enable_progress_bar_print = false'] : []),
    ...(gateway ? remoteReads(gateway, options.tempDirectory) : []),
    ...settings,
    CREATE_SENTINEL,
  ])
  await beforeLock?.(connection)
  // Read before the lock, which closes the extensions' own folder too.
  const version = "SELECT extension_version FROM duckdb_extensions() WHERE extension_name = 'spatial'"
  const spatialVersion = String((await connection.runAndReadAll(version)).getRows()[0]?.[0])
  await run([
    `SET GLOBAL allowed_paths = [${allowedPaths.map(literal).join(', ')}]`,
    'SET GLOBAL enable_external_access = false',
    `SET GLOBAL allowed_configs = [${changeable.map(literal).join(', ')}]`,
    'SET GLOBAL lock_configuration = true',
  ])
  return spatialVersion
}

/**
 * The gateway repeats what fails, so the engine does not. Without a look at the secrets before the lock, every address would be
 * refused after it; the engine looks into an empty folder instead of the one of this user.
 */
function remoteReads({ extension, proxy, user, password }: GatewayAccess, folder: string): readonly string[] {
  return [
    `LOAD ${literal(extension)}`,
    `SET GLOBAL http_proxy = ${literal(proxy)}`,
    `SET GLOBAL http_proxy_username = ${literal(user)}`,
    `SET GLOBAL http_proxy_password = ${literal(password)}`,
    'SET GLOBAL http_retries = 0',
    `SET GLOBAL secret_directory = ${literal(`${folder}/secrets`)}`,
    'FROM duckdb_secrets()',
  ]
}

/** Metres of one degree of longitude at 50 north on WGS 84: 71,695.7; with swapped axes it would be 111,229. */
const SELF_CHECK = 'ST_Distance_Spheroid(ST_Point2D(0, 50), ST_Point2D(1, 50))'

async function verify(
  connection: DuckDBConnection,
  { memoryLimitBytes, threads, countsProgress = false }: OpenOptions,
): Promise<void> {
  const read = await connection.runAndReadAll(
    `SELECT current_setting('memory_limit'), current_setting('threads'), current_setting('lock_configuration'),
      current_setting('enable_progress_bar'), ${SELF_CHECK}`,
  )
  const [memoryLimit, usedThreads, locked, progressBar, metres] = read.getRows()[0] ?? []
  if (Number(usedThreads) !== threads) throw new Error(`threads is ${usedThreads}, not ${threads}`)
  if (!locked || progressBar !== countsProgress)
    throw new Error('the configuration is not locked, or the progress bar is not as set')
  // The engine returns one decimal, e.g. 3.7 GiB.
  if (Math.abs(bytesOf(String(memoryLimit)) - memoryLimitBytes) > 0.06 * memoryLimitBytes) {
    throw new Error(`memory_limit is ${memoryLimit}, not ${memoryLimitBytes} bytes`)
  }
  if (Math.abs(Number(metres) - 71_695.7) > 5) throw new Error(`one degree at 50 north measures ${metres} m: axes are swapped`)
}

const UNITS: Readonly<Record<string, number>> = { bytes: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 }

function bytesOf(text: string): number {
  const [number, unit] = text.split(' ')
  return Number(number) * (UNITS[unit ?? ''] ?? Number.NaN)
}
