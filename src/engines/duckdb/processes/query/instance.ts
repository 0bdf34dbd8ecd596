import type { DuckDBConnection, DuckDBInstance, DuckDBPreparedStatement } from '@duckdb/node-api'
import type { LiveRelation } from '../../../../model/layer.ts'
import type { DatabaseAccess } from '../../../engine.ts'
import type { ComparedFiles } from '../../dialect/plan.ts'
import { identifier, literal } from '../../dialect/quote.ts'
import { databaseVersion, keptPaths } from '../../host/files.ts'
import { basePaths } from '../../host/live-files.ts'
import type { ExecutionRequest, WorkerOptions } from '../../messages.ts'
import { openDuckDB } from '../../open.ts'
import { type ColumnReader, chooseColumnReader } from './column-reader.ts'
import { prepareQuery } from './execution.ts'
import { classify } from './failures.ts'
import type { FileImages } from './file-images.ts'
import type { LiveImages } from './live-images.ts'
import type { LiveRows } from './live-rows.ts'

/** The open DuckDB instance of a worker. */
export interface OpenInstance {
  /** See `WorkerOptions`. */
  readonly streamingBufferBytes: number
  readonly duckdb: DuckDBInstance
  /** Threads of an execution that does not request fewer. */
  readonly threads: number
  readonly spatialVersion: string
  /** Aliases of the databases that are attached. */
  readonly databases: readonly string[]
  readonly columnReader: ColumnReader
  /** Makes a connection read a version of a live layer, or a difference between two versions. */
  showLive(connection: DuckDBConnection, relation: LiveRelation): Promise<void>
  /** Prepares the tables of a difference between two versions of files. */
  showFiles(connection: DuckDBConnection, compared: ComparedFiles): Promise<void>
  /** Returns a new connection for one execution, which must close it. */
  connect(): Promise<ReadyConnection>
  /** Makes the connection of the next execution. If it is given a statement of that one, it prepares it. Call it at the end of each execution. */
  connectNext(sql: string | null): void
  /** Sets the threads of the engine for an execution. Executions follow one another, so none changes the threads of another. */
  setThreads(connection: DuckDBConnection, threads: ExecutionRequest['threads']): Promise<void>
}

/** A connection that no execution has used. */
export interface ReadyConnection {
  readonly connection: DuckDBConnection
  /** A statement that the execution may need, because the one before it did. It must be destroyed before the connection is closed. */
  readonly prepared: { readonly sql: string; readonly statement: DuckDBPreparedStatement } | null
}

const SETTINGS = [
  "SET GLOBAL TimeZone = 'UTC'",
  // The sentinel and the natural order depend on it.
  'SET GLOBAL preserve_insertion_order = true',
  // The engine keeps footers, and compares the file's modification time before it uses one.
  'SET GLOBAL parquet_metadata_cache = true',
  // This cache keeps small ranges of files, with 12 KB of memory each: 35 MB after 20 million rows, which are read as fast
  // without it.
  'SET GLOBAL enable_external_file_cache = false',
  // Without a separate thread, the engine's allocator returns memory only when it is used again: after large rows an idle worker
  // keeps 385 MB, with the thread 220 MB. The thread costs no processor time that can be measured.
  'SET GLOBAL allocator_background_threads = true',
]

/** Settings of a connection or an execution that can be changed after the lock. */
const CHANGEABLE = ['streaming_buffer_size', 'threads', 'parquet_metadata_cache', 'enable_profiling', 'custom_profiling_settings']

/** Opens the instance of a worker. @throws Error of the engine, or one that names the setting or self-check that failed */
export async function openInstance(options: WorkerOptions): Promise<OpenInstance> {
  const databases: string[] = []
  const attachAll = async (connection: DuckDBConnection) => {
    for (const database of options.databases) if (await attach(connection, database)) databases.push(database.alias)
  }
  const { live, kept } = options
  const allowedPaths = [
    ...options.allowedPaths,
    ...(live === undefined ? [] : basePaths(live)),
    ...(kept === undefined ? [] : keptPaths(kept)),
  ]
  const opened = await openDuckDB({ ...options, allowedPaths, settings: SETTINGS, changeable: CHANGEABLE, beforeLock: attachAll })
  const { instance: duckdb, connection, spatialVersion } = opened
  try {
    const columnReader = await chooseColumnReader(connection)
    const { threads } = options
    const setThreads = threadsOf(threads)
    let rows: Promise<LiveRows> | null = null
    let images: Promise<LiveImages> | null = null
    let steps: Promise<LiveImages> | null = null
    const showLive = async (on: DuckDBConnection, relation: LiveRelation) => {
      if (live === undefined) throw new Error('this process has no live layers')
      if (relation.since === undefined) {
        rows ??= openLiveRows(duckdb, live)
        await (await rows).prepare(on, relation)
      } else if (relation.steps) {
        steps ??= openLiveImages(duckdb, live)
        await (await steps).show(relation, relation.since)
      } else {
        images ??= openLiveImages(duckdb, live)
        await (await images).show(relation, relation.since)
      }
    }
    let files: Promise<FileImages> | null = null
    const showFiles = async (on: DuckDBConnection, compared: ComparedFiles) => {
      files ??= openFileImages()
      await (await files).show(on, compared)
    }
    const { streamingBufferBytes } = options
    let next = ready(duckdb, null)
    const connectNext = (sql: string | null) => {
      next = ready(duckdb, sql)
    }
    const connect = async () => {
      try {
        return await next
      } catch (error) {
        connectNext(null)
        throw error
      }
    }
    const made = { connect, connectNext, showLive, showFiles, setThreads }
    return { duckdb, threads, streamingBufferBytes, spatialVersion, databases, columnReader, ...made }
  } finally {
    connection.closeSync()
  }
}

/**
 * Executions of few row groups, one after the other, before the engine has one thread. With a change, the engine starts its threads again and gives
 * all free memory back to the system: 8 to 20 ms of processor time for two changes. One thread spares a box 0.3 ms.
 */
const PATIENCE = 32

/** @param most threads of the worker */
function threadsOf(most: number): OpenInstance['setThreads'] {
  let used = most
  let few = 0
  return async (connection, wanted) => {
    few = wanted === 'FEW' ? few + 1 : 0
    if (wanted === 'FEW' && few < PATIENCE) return
    const threads = wanted === 'FEW' ? 1 : wanted === 'HALF' ? Math.ceil(most / 2) : (wanted ?? most)
    if (threads === used) return
    await connection.run(`SET GLOBAL threads = ${threads}`)
    used = threads
  }
}

/* Imported here, because few workers need them. */

async function openLiveRows(duckdb: DuckDBInstance, directory: string): Promise<LiveRows> {
  const { LiveRows } = await import('./live-rows.ts')
  return new LiveRows(directory, await duckdb.connect())
}

async function openLiveImages(duckdb: DuckDBInstance, directory: string): Promise<LiveImages> {
  const { LiveImages } = await import('./live-images.ts')
  return new LiveImages(directory, await duckdb.connect())
}

async function openFileImages(): Promise<FileImages> {
  const { FileImages } = await import('./file-images.ts')
  return new FileImages()
}

/** Opens a connection before it is needed, so that a small answer waits neither for it nor, most times, for its statement: 0.3 ms together. */
function ready(duckdb: DuckDBInstance, sql: string | null): Promise<ReadyConnection> {
  const made = open(duckdb, sql)
  // The execution that takes it receives the error.
  made.catch(() => {})
  return made
}

async function open(duckdb: DuckDBInstance, sql: string | null): Promise<ReadyConnection> {
  const connection = await duckdb.connect()
  try {
    return { connection, prepared: sql === null ? null : { sql, statement: await prepareQuery(connection, sql) } }
  } catch {
    // The execution prepares its statement itself, and reports what fails.
    return { connection, prepared: null }
  }
}

/**
 * Attaches a database. Returns false if its version has changed or it can't be opened: the worker must still serve the other
 * sources.
 */
async function attach(connection: DuckDBConnection, { alias, path, version }: DatabaseAccess): Promise<boolean> {
  if ((await databaseVersion(path)) !== version) return false
  try {
    await connection.run(`ATTACH ${literal(path)} AS ${identifier(alias)} (READ_ONLY)`)
  } catch (error) {
    if (error instanceof Error && classify(error.message).kind === 'FATAL') throw error
    return false
  }
  // The file may have been replaced between the first check and ATTACH.
  if ((await databaseVersion(path)) === version) return true
  await connection.run(`DETACH ${identifier(alias)}`)
  return false
}
