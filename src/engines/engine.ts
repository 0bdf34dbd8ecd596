/** The interface that every engine implements: run a query, return batches, cancel, report health. `duckdb/` implements it. */
import type { BBox, Pruning } from '../model/layer.ts'
import type { Position } from '../model/predicate.ts'
import type { FeatureQuery, Query, Rank, RankThreshold, RowPosition } from '../model/query.ts'
import type { HeldMemory, OperationClock } from './deadline.ts'

/** A group of workers with one queue. */
export type Lane = 'NORMAL' | 'SERIAL'

/**
 * The client and address of an operation. Worker time is shared fairly between addresses, and within an address between its
 * clients, because many users may share an address.
 */
export interface Caller {
  readonly client: string
  /** @default `client` */
  readonly address?: string
}

/** The caller of an operation, and its limits. */
export interface OperationContext extends Caller {
  /** Correlation id: it is in the log and in masked errors. */
  readonly id: string
  /**
   * Milliseconds that a page may take by `clock`, or that a stream's engine may work without sending a batch. @default the
   * server's limit
   */
  readonly deadlineMs?: number
  /** The clock that all queries of the operation share. @default a clock that starts with the query */
  readonly clock?: OperationClock
  /**
   * Returns true if the source is still the version that the query was made for. It is called after each execution.
   *
   * @default always true
   */
  readonly unchanged?: () => Promise<boolean>
  /** False if nobody asks what the engine has read. @default true */
  readonly countsScan?: boolean
  /** Called with the reason when data of the layer can't be read. @default it is only an error of the operation */
  readonly unreadable?: (reason: string) => void
  /** Counts the batches and pages that the client has not read yet. @default no limit */
  readonly heldMemory?: HeldMemory
}

/** The part of its source that an operation has read in all of its executions. */
export interface ScanReport {
  /** Null if it is not known: before the end, or if an execution was stopped before its end. */
  readonly rowGroupsRead: number | null
  readonly rowGroups: number | null
  /** Null also for files, where the engine only has an estimate. */
  readonly rowsScanned: number | null
}

/** The reads of an operation from other machines, in all of its executions. */
export interface RemoteReads {
  /** Requests to other machines, with those that were repeated. */
  remoteRequests: number
  remoteBytes: number
  /** Ranges that the server had in memory. */
  remoteCacheHits: number
}

/** The operation that each process reads for now, by the user name of the process at the gateway. */
export type RemoteReaders = Map<string, RemoteReads>

/** The rows that another engine has gathered for an operation. */
export interface GatheringReport {
  /** The name of that engine in the configuration. */
  readonly engine: string
  readonly gatheredRows: number
  /** 0: they were there. */
  readonly gatherMs: number
  /** The members of the filter that the other engine could not use. */
  readonly notNarrowed: readonly string[]
}

/** The order of gathered rows. */
export interface GatheredOrder {
  readonly rows: number
  /** True if each key is above the one before. */
  readonly isAscending: boolean
}

/** The way in which the engine made a batch or page. */
export interface ExecutionReport extends ScanReport, Readonly<RemoteReads> {
  /** Absent for a layer whose rows no other engine gathers. */
  readonly gathering?: GatheringReport
  readonly lane: Lane
  readonly degraded: boolean
  readonly reason: string | null
  /** Number of attempts so far, 1 if nothing failed. To resume after a pause is not an attempt. */
  readonly attempts: number
  /** Milliseconds since the query started. */
  readonly elapsedMs: number
}

/** The report of an operation for which nothing has been executed. */
export const NOT_EXECUTED: ExecutionReport = {
  lane: 'NORMAL',
  degraded: false,
  reason: null,
  attempts: 0,
  elapsedMs: 0,
  rowGroupsRead: null,
  rowGroups: null,
  rowsScanned: null,
  remoteRequests: 0,
  remoteBytes: 0,
  remoteCacheHits: 0,
}

export interface Batch {
  /** 0, 1, 2, ... without a gap. */
  readonly sequence: number
  readonly count: number
  /** One output per output of the query, in the same order. */
  readonly outputs: readonly Uint8Array[]
  /** Null only for an empty page, and for the only batch of an empty stream. */
  readonly position: RowPosition | null
  readonly execution: ExecutionReport
  /**
   * Releases the memory of `outputs` for another batch; `outputs` is not valid after it. The garbage collector frees a batch
   * that is never released.
   */
  readonly release: () => void
  /**
   * Size in bytes of the message that the batch's one feature would need, if it is above the limit. Such a batch has no
   * outputs, only a position.
   */
  readonly tooLarge?: number
}

/** The message that a batch or page is sent in. Its size is limited, including everything around the outputs. */
export interface Message {
  /** Most bytes of the message without the outputs. */
  readonly bytesBeside: number
  /** The number of times that each output is in the message. */
  readonly times: readonly number[]
  /** Number of pages that share the message. Each gets an equal part of the limit. */
  readonly pages: number
}

export interface Page extends Omit<Batch, 'outputs'> {
  /** One output per output of the query, in the same order. An output is a list of pieces that follow each other. */
  readonly outputs: readonly (readonly Uint8Array[])[]
  readonly hasMore: boolean
}

/**
 * A stream. `return()` cancels at once, also while a `next()` waits. `next()` returns `done` only after the engine's sentinel.
 */
export interface BatchStream extends AsyncIterableIterator<Batch> {
  /** The report on the executions so far. */
  readonly execution: ExecutionReport
  return(): Promise<IteratorResult<Batch>>
}

/** Rows of one chunk of the engine. A batch of this size is exactly one chunk; a larger one must be joined from several. */
export const CHUNK_ROWS = 2_048

export interface StreamShape {
  /** Most features in a batch. */
  readonly batchSize: number
  /** True to send one empty batch if there is no feature: a file needs its beginning also then. @default false */
  readonly emitEmpty?: boolean
  /** Limits of the message that each batch is sent in. @default none: batches are parts of a body of any size */
  readonly message?: Message | null
}

/** Figures of a worker. */
export interface Diagnostics {
  readonly pid: number
  readonly duckdbVersion: string
  readonly spatialVersion: string
  /** The value of `current_setting`, e.g. `3.7 GiB`. */
  readonly memoryLimit: string
  readonly threads: number
  /**
   * The code that turns chunks into columns: the engine's own Arrow export, or node-api's vectors if the export's self-check
   * failed.
   */
  readonly columnReader: 'ARROW_EXPORT' | 'VECTORS'
  readonly rssBytes: number
  /** The ten largest rows of `duckdb_memory()`, largest first. */
  readonly memory: readonly { readonly tag: string; readonly memoryBytes: number; readonly tempBytes: number }[]
  /** Time of the measurement, ISO 8601. */
  readonly at: string
}

export interface MemoryShare {
  /** Used memory divided by the limit; it may exceed 1, and is 0 if nothing is known. */
  readonly share: number
  /** The limit that is nearest. */
  readonly limit: 'ADDRESS_SPACE' | 'CONTROL_GROUP' | 'RESIDENT' | null
}

export interface WorkerHealth {
  readonly lane: Lane
  readonly state: 'ASLEEP' | 'STARTING' | 'IDLE' | 'BUSY' | 'FAILED'
  /** Deaths of this worker's processes since the server started. */
  readonly deaths: number
  readonly diagnostics: Diagnostics | null
}

/** Figures of an engine that gathers rows. */
export interface GathererHealth {
  readonly name: string
  readonly kind: 'SPARK_CONNECT'
  /** Null until it has answered. */
  readonly version: string | null
  readonly state: 'READY' | 'UNAVAILABLE' | 'UNKNOWN'
  /** Gatherings that run or wait. */
  readonly gatherings: number
  /** Result sets in its folder, of all servers. */
  readonly resultSets: number
  readonly bytes: number
}

export interface EngineHealth {
  /** @default there are none */
  readonly engines?: readonly GathererHealth[]
  readonly workers: readonly WorkerHealth[]
  /** Executions waiting for a worker. */
  readonly queued: number
  readonly streams: { readonly running: number; readonly waiting: number; readonly parked: number }
  readonly fallbacks: { readonly count: number; readonly lastReason: string | null; readonly lastReasons: readonly string[] }
  /** Memory of the normal lane, by its nearest limit. */
  readonly memory: MemoryShare
}

/** The features of a query that an engine lacks. */
export interface Capabilities {
  /** The engine's name, for messages. */
  readonly engine: string
  readonly lacks: ReadonlySet<'aggregate' | 'orderBy' | 'crs' | 'simplify' | 'spatial' | 'distance' | 'property'>
}

/** A plan for people who want to know why a query is slow. It holds no value of a client and no path of the server. */
export interface Explanation {
  /** The SQL statement. The layer's name replaces the source, and `$1`, `$2`, ... replace values. */
  readonly sql: string
  /** Number of bound values. */
  readonly values: number
  /** Columns that are read for the order, the key, the properties and the geometry. Columns of the filter are not in it. */
  readonly reads: readonly string[]
  /** The way in which the spatial part of the filter skips rows. SORTED_COPY: a copy of the table answers. */
  readonly pruning: Pruning['kind'] | 'SORTED_COPY'
  /** True if the engine must read all matching rows before it returns the first. */
  readonly sorted: boolean
  /** Absent for a layer whose rows no other engine gathers. */
  readonly gathering?: GatheringPlan
}

/** The rows that another engine would gather. */
export interface GatheringPlan {
  readonly engine: string
  /** The condition in the language of that engine. `?` replaces values. Null: all rows. */
  readonly condition: string | null
  readonly notNarrowed: readonly string[]
}

export interface DatabaseAccess {
  /** The name of one version of the database. Each version has its own name, so a query never reads another version. */
  readonly alias: string
  readonly path: string
  /** The result of `databaseVersion`. A worker does not attach a file whose version differs. */
  readonly version: string
}

/** The files and databases that a worker may read. */
export interface FileAccess {
  /** All files that the worker may open. The engine refuses every other file. */
  readonly allowedPaths: readonly string[]
  /** Attached read-only. */
  readonly databases: readonly DatabaseAccess[]
  /** The folder of the live layers, which is read only. @default there are none */
  readonly live?: string
  /** The folder of files of earlier versions. @default there are none */
  readonly kept?: string
  /** Absent if nothing is on another machine. Then no process of the engine can open a socket. */
  readonly gateway?: GatewayAccess
}

/** The proxy of the server through which an engine reads the objects of other machines. It gives only those that are served. */
export interface GatewayAccess {
  /** Path of the engine's extension that reads over HTTP. */
  readonly extension: string
  /** Host and port, on loopback. */
  readonly proxy: string
  /** The gateway counts by this name. It gives no rights. */
  readonly user: string
  readonly password: string
}

export interface Engine {
  readonly can: Capabilities
  /** True if at least one worker can take work, or is being replaced. */
  readonly ready: boolean
  stream(query: Query, options: StreamShape, context: OperationContext): BatchStream
  /**
   * Returns up to `first` rows, after the engine has proven that they are complete. It returns fewer if more don't fit into
   * the message. `signal` is aborted when the client disconnects.
   */
  page(query: Query, first: number, context: OperationContext, signal?: AbortSignal, message?: Message | null): Promise<Page>
  /**
   * Returns longitude and latitude of `size` times `size` positions of the query's layer, from the south-west corner of the box on, row by row.
   * Null for a position that has none.
   */
  lonLat(
    query: Query,
    box: BBox,
    size: number,
    context: OperationContext,
    signal?: AbortSignal,
  ): Promise<readonly (Position | null)[]>
  /**
   * Returns for 1, 2, ... up to `levels` the threshold above which 1/2^n of the query's features rank. Empty if it has none. The thresholds are the same
   * in every server.
   */
  ranks(query: FeatureQuery, by: Rank, levels: number, context: OperationContext): Promise<readonly RankThreshold[]>
  /** Calls `use` with the same query of rows that any process can read now. They are there until it has settled. */
  withRows<Value>(
    query: FeatureQuery,
    context: OperationContext,
    signal: AbortSignal,
    use: (query: FeatureQuery) => Promise<Value>,
  ): Promise<Value>
  /** Reads the keys of gathered rows in the order of their files. */
  orderOf(query: Query, context: OperationContext): Promise<GatheredOrder>
  /**
   * Returns whether a feature may match whose geometry is in the extent; null is for features without a geometry. It is made once for a query, and
   * then takes microseconds.
   */
  mayMatch(query: FeatureQuery): (extent: BBox | null) => boolean
  /** Describes the plan of a query. It throws the same errors as `stream`. */
  explain(query: Query): Explanation
  health(): Promise<EngineHealth>
  /**
   * Replaces the workers one by one with workers that have another access. Streams resume after their last batch. Resolves when
   * all workers are replaced; a second call waits for the first.
   */
  renew(access: FileAccess): Promise<void>
  /** Ends all streams with SHUTTING_DOWN and their cursor, and all workers. Resolves when the workers have ended. */
  close(): Promise<void>
}
