/** The port of this room: run a question, give batches, cancel, tell your health. `duckdb` behind Tinypool is one implementation. */
import type { FeatureQuery, Position } from '../model/query.ts'
import type { OperationClock } from './deadline.ts'
import type { MemoryShare } from './duckdb/pool/memory.ts'
import type { Access, Diagnostics } from './duckdb/pool/messages.ts'
import type { ScanReport } from './duckdb/pool/scan-tally.ts'
import type { Holding } from './holding.ts'

export type Lane = 'NORMAL' | 'SERIAL'

/** Who asks, and how long it may take. */
export interface OperationContext {
  /** Correlation id: in the log, in masked errors. */
  readonly id: string
  /** Slots are shared fairly between clients: connections... */
  readonly client: string
  /** ...and no address has more than half of them while others wait. Left out: the client's own. */
  readonly address?: string
  /** Milliseconds that a page may take by `clock`, or a stream's engine without a batch; left out: the server's own limit. */
  readonly deadlineMs?: number
  /** Of the operation, whose questions share it. Left out: it begins with the question. */
  readonly clock?: OperationClock
  /** Whether the source is still what the question was made for; asked after each execution. Left out: it can't change. */
  readonly unchanged?: () => Promise<boolean>
  /** Where its batches and pages are counted until their client has taken them. Left out: nowhere. */
  readonly holding?: Holding
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
  readonly position: Position | null
  readonly execution: ExecutionReport
  /** Nobody reads `outputs` any more: their memory is for another batch from now on. A batch that is never released is collected. */
  readonly release: () => void
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

export interface Engine {
  /** At least one worker serves. */
  readonly ready: boolean
  stream(query: FeatureQuery, options: StreamShape, context: OperationContext): BatchStream
  /** `first` features in one batch, held until it is proven whole. `signal` is the asking client's going away. */
  page(query: FeatureQuery, first: number, context: OperationContext, signal?: AbortSignal): Promise<Page>
  /** How many features match, whatever `after` and `limit` say. */
  count(query: FeatureQuery, context: OperationContext, signal?: AbortSignal): Promise<bigint>
  health(): Promise<EngineHealth>
  /**
   * Workers with another access take the places of those that run, one after the other; streams go on behind their last batch. Resolves when
   * all have; a call meanwhile waits for the one before.
   */
  renew(access: Access): Promise<void>
  /** Running streams end with SHUTTING_DOWN and their cursor; workers are gone when it resolves. */
  close(): Promise<void>
}
