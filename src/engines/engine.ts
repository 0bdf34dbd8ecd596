/** The port of this room: run a question, give batches, cancel, tell your health. `duckdb` behind Tinypool is one implementation. */
import type { Pruning } from '../model/layer.ts'
import type { AggregateQuery, FeatureQuery, RowPosition } from '../model/query.ts'
import type { HeldMemory, OperationClock } from './deadline.ts'

export type Lane = 'NORMAL' | 'SERIAL'

/** Who asks: time is shared fairly between addresses, and within each between connections, since many users may come from one address. */
export interface Caller {
  readonly client: string
  /** Left out: the client's own. */
  readonly address?: string
}

/** Who asks, and how long it may take. */
export interface OperationContext extends Caller {
  /** Correlation id: in the log, in masked errors. */
  readonly id: string
  /** Milliseconds that a page may take by `clock`, or a stream's engine without a batch; left out: the server's own limit. */
  readonly deadlineMs?: number
  /** Of the operation, whose questions share it. Left out: it begins with the question. */
  readonly clock?: OperationClock
  /** Whether the source is still what the question was made for; asked after each execution. Left out: it can't change. */
  readonly unchanged?: () => Promise<boolean>
  /** Where its batches and pages are counted until their client has taken them. Left out: nowhere. */
  readonly heldMemory?: HeldMemory
}

/** How much of its source an operation has read, over as many executions as it took. */
export interface ScanReport {
  /** Null: not known, before the end or because an execution was stopped before its own. */
  readonly rowGroupsRead: number | null
  readonly rowGroups: number | null
  /** Null also for files: the engine only estimates it. */
  readonly rowsScanned: number | null
}

/** How a batch or page came to be. */
export interface ExecutionReport extends ScanReport {
  readonly lane: Lane
  readonly degraded: boolean
  readonly reason: string | null
  /** Executions it took so far, 1 when nothing failed; going on after a pause is not an attempt. */
  readonly attempts: number
  /** Milliseconds since the operation was asked. */
  readonly elapsedMs: number
}

export interface Batch {
  /** 0, 1, 2, ... without a gap. */
  readonly sequence: number
  readonly count: number
  /** Aligned with the query's outputs. */
  readonly outputs: readonly Uint8Array[]
  /** Null only for an empty page, and for the one batch of an empty stream. */
  readonly position: RowPosition | null
  readonly execution: ExecutionReport
  /** Nobody reads `outputs` any more: their memory is for another batch from now on. A batch that is never released is collected. */
  readonly release: () => void
  /** The batch is one feature whose message would have this many bytes, more than any may have: it has no outputs, only a position. */
  readonly tooLarge?: number
}

/** The message that a batch or page leaves in. Its size is limited, outputs and everything around them. */
export interface Message {
  /** Most bytes of it beside the outputs. */
  readonly bytesBeside: number
  /** How often each output stands in it. */
  readonly times: readonly number[]
  /** Pages that share one message: each has its part of the limit. */
  readonly pages: number
}

export interface Page extends Omit<Batch, 'outputs'> {
  /** Aligned with the query's outputs: each is made in pieces, which are it behind each other. */
  readonly outputs: readonly (readonly Uint8Array[])[]
  readonly hasMore: boolean
}

/** `return()` cancels at once, also while a `next()` is waiting. `done` is only ever said after the engine's sentinel. */
export interface BatchStream extends AsyncIterableIterator<Batch> {
  /** So far. */
  readonly execution: ExecutionReport
  return(): Promise<IteratorResult<Batch>>
}

/** Of the engine's own chunks: a batch or piece of so many rows is one as it is, where a larger one would have to be joined of several. */
export const CHUNK_ROWS = 2_048

export interface StreamShape {
  /** Most features in a batch. */
  readonly batchSize: number
  /** One batch of no features where there is none: a file has a beginning even then. @default false */
  readonly emitEmpty?: boolean
  /** Left out: batches are parts of a body, which may be of any size. */
  readonly message?: Message | null
}

/** What a worker says of itself. */
export interface Diagnostics {
  readonly pid: number
  readonly duckdbVersion: string
  readonly spatialVersion: string
  /** As read back with current_setting, e.g. `3.7 GiB`. */
  readonly memoryLimit: string
  readonly threads: number
  /** How chunks become columns: the engine's own Arrow export, or node-api's vectors where its self-check failed. */
  readonly columnReader: 'ARROW_EXPORT' | 'VECTORS'
  readonly rssBytes: number
  /** duckdb_memory(), largest first, at most ten. */
  readonly memory: readonly { readonly tag: string; readonly memoryBytes: number; readonly tempBytes: number }[]
  /** ISO 8601, when it was measured. */
  readonly at: string
}

export interface MemoryShare {
  /** 0 to 1 and beyond; 0 where nothing is known. */
  readonly share: number
  /** Which limit is the nearest. */
  readonly limit: 'ADDRESS_SPACE' | 'CONTROL_GROUP' | 'RESIDENT' | null
}

export interface WorkerHealth {
  readonly lane: Lane
  readonly state: 'STARTING' | 'IDLE' | 'BUSY' | 'FAILED'
  /** Since the server started, in this place of the pool. */
  readonly deaths: number
  readonly diagnostics: Diagnostics | null
}

export interface EngineHealth {
  readonly workers: readonly WorkerHealth[]
  /** Executions waiting for a worker. */
  readonly queued: number
  readonly streams: { readonly running: number; readonly waiting: number; readonly parked: number }
  readonly fallbacks: { readonly count: number; readonly lastReason: string | null; readonly lastReasons: readonly string[] }
  /** The normal lane's, of the limit that is nearest. */
  readonly memory: MemoryShare
}

/** What queries of an engine's layers cannot ask for. */
export interface Capabilities {
  /** The engine's name, for messages. */
  readonly engine: string
  readonly lacks: ReadonlySet<'aggregate' | 'orderBy' | 'crs' | 'simplify' | 'spatial' | 'distance' | 'property'>
}

/** A plan in words: for those who ask why it is slow. It holds no value of a client and no path of the server. */
export interface Explanation {
  /** One statement; the source is written as the layer's name, values are `$1`, `$2`, ... */
  readonly sql: string
  /** Values that are bound. */
  readonly values: number
  /** Columns of the source that are read beside those of the filter: of the order, the key, properties, the geometry. */
  readonly reads: readonly string[]
  /** How the spatial part of this filter leaves rows unread. */
  readonly pruning: Pruning['kind']
  /** Every row that matches is seen before the first leaves. */
  readonly sorted: boolean
}

export interface DatabaseAccess {
  /** Another one for every version of its content: what was asked of one version is never answered from another. */
  readonly alias: string
  readonly path: string
  /** As `databaseVersion` tells it: a file that is another one by now is not attached. */
  readonly version: string
}

/** What a worker may read. */
export interface FileAccess {
  /** Every file; all else on the machine is refused by the engine. */
  readonly allowedPaths: readonly string[]
  /** Attached read-only. */
  readonly databases: readonly DatabaseAccess[]
}

export interface Engine {
  readonly can: Capabilities
  /** At least one worker serves. */
  readonly ready: boolean
  stream(query: FeatureQuery, options: StreamShape, context: OperationContext): BatchStream
  /**
   * `first` features in one batch, held until it is proven whole; fewer where they don't fit into its message. `signal` is the asking client's going
   * away.
   */
  page(
    query: FeatureQuery,
    first: number,
    context: OperationContext,
    signal?: AbortSignal,
    message?: Message | null,
  ): Promise<Page>
  /** A value for each of the query's measures, as JSON has it. */
  aggregate(query: AggregateQuery, context: OperationContext, signal?: AbortSignal): Promise<readonly unknown[]>
  /** Throws what `stream` throws of the query. */
  explain(query: FeatureQuery): Explanation
  health(): Promise<EngineHealth>
  /**
   * Workers with another access take the places of those that run, one after the other; streams go on behind their last batch. Resolves when
   * all have; a call meanwhile waits for the one before.
   */
  renew(access: FileAccess): Promise<void>
  /** Running streams end with SHUTTING_DOWN and their cursor; workers are gone when it resolves. */
  close(): Promise<void>
}
