/** Every message between the server process and a query worker, both ways. One union a direction; both sides import it. */

import type { RowPosition } from '../../model/query.ts'
import type { Diagnostics, FileAccess } from '../engine.ts'
import type { Plan } from './dialect/plan.ts'

/** What a worker is started with. Nothing of it comes from a client. */
export interface WorkerOptions extends FileAccess {
  /** Absolute path of the spatial extension, or null to let DuckDB find it in its extension directory. */
  readonly spatialExtension: string | null
  readonly memoryLimitBytes: number
  readonly threads: number
  readonly tempDirectory: string
  readonly tempDirectoryBytes: number
  /** The engine fills this before its first chunk comes: it bounds both the wait for the first batch and memory. */
  readonly streamingBufferBytes: number
}

export interface OpenRequest extends WorkerOptions {
  /** Path at which the worker listens for the server, which fetches batches there. */
  readonly dataSocket: string
}

/** One run of one plan on one connection. */
export interface ExecutionRequest {
  /** On every message of this execution: a late one reaches nobody. */
  readonly execution: string
  readonly plan: Plan
  /** A batch ends at this many rows... */
  readonly batchRows: number
  /** ...the first at this many, and each next one at as many as were sent before it: something is there to be shown early... */
  readonly firstRows: number
  /** ...or at about this many bytes of column data, whichever is first; a larger single row goes alone. */
  readonly batchBytes: number
  /** Of the message that each batch leaves in; null = no limit. */
  readonly message: MessageLimits | null
  /** Batches the worker may send before it hears of another credit. */
  readonly credits: number
  /** End after this many batches with MORE when a further row exists; null = no end. */
  readonly maxBatches: number | null
  /** Makes batches of what is there, without waiting for a full one, and ends with MORE at this size in all; null = neither. */
  readonly whole: { readonly rows: number; readonly bytes: number } | null
  /** Send one batch of no rows when there are none: a page is a document even then. */
  readonly emitEmpty: boolean
  /** Fewer threads than the worker has, for this execution; null = all. */
  readonly threads: number | 'HALF' | null
  /** Collect garbage after each batch: chunks are memory that V8 does not see. */
  readonly collect: boolean
}

export interface MessageLimits {
  /** How often each output stands in a message. */
  readonly times: readonly number[]
  /** Most bytes of the outputs in a message, as often as they stand in it. */
  readonly bytes: number
  /** The same of a message with one feature. */
  readonly featureBytes: number
}

export type ToWorker =
  | { readonly type: 'CREDIT'; readonly execution: string; readonly credits: number }
  /** End at the next batch's border. */
  | { readonly type: 'YIELD'; readonly execution: string }
  /** Interrupt the engine and end now. */
  | { readonly type: 'CANCEL'; readonly execution: string }
  /** Answer with DIAGNOSTICS while busy, on a second connection. */
  | { readonly type: 'DIAGNOSE'; readonly execution: string }
  /** Answer with ALIVE, whatever runs. */
  | { readonly type: 'PROBE' }

/** Over the task's channel, beside a task's result. */
export type FromWorker = DiagnosticsMessage | { readonly type: 'ALIVE' }

/** Over the data socket. */
export interface BatchMessage {
  readonly execution: string
  readonly count: number
  /** Aligned with the plan's outputs. */
  readonly outputs: readonly Uint8Array[]
  /** Null only for a batch of no rows. */
  readonly position: RowPosition | null
  /** On what is sent behind the engine's end. */
  readonly scan: Scan | null
  /** As in a batch of the port. */
  readonly tooLarge?: number
}

/** How much of its source an execution has read, as the engine counts. */
export interface Scan {
  readonly rowGroupsRead: number
  /** Of the files and tables that it looked into. */
  readonly rowGroups: number
  /** Of a table; of files it is the engine's estimate of all rows. */
  readonly rowsScanned: number
}

export interface ReceivedBatch extends BatchMessage {
  /** Nobody reads `outputs` any more: their bytes are another batch's from now on. One that is never released is collected. */
  readonly release: () => void
}

export interface DiagnosticsMessage {
  readonly type: 'DIAGNOSTICS'
  readonly execution: string
  readonly diagnostics: Diagnostics
}

/**
 * How an execution ended. COMPLETE: the sentinel came, every row was delivered. MORE: `maxBatches` or `whole` was reached and a further row
 * exists. YIELDED and CANCELLED: as asked; rows behind the last batch remain. FAILED: the engine's own words, classified.
 */
export type ExecutionEnd = ExecutionEnded &
  (
    | { readonly outcome: 'COMPLETE' | 'MORE' | 'YIELDED' | 'CANCELLED' }
    | { readonly outcome: 'FAILED'; readonly failure: Failure }
  )

export interface ExecutionEnded {
  readonly engineMs: number
  /** So many were sent before it, and may be behind it: they take another way. */
  readonly batches: number
  /** Null where the engine was stopped before its end. */
  readonly scan: Scan | null
}

/**
 * OUT_OF_MEMORY, IO and ENCODING may go better elsewhere; INTERRUPTED and UNFINISHED (it ended without its sentinel, and the engine says
 * nothing) once more; FATAL means that the instance is gone.
 */
export type FailureKind =
  | 'OUT_OF_MEMORY'
  | 'IO'
  | 'INVALID_INPUT'
  | 'REFUSED'
  | 'UNKNOWN_CRS'
  | 'BROKEN_TEXT'
  | 'INTERRUPTED'
  | 'UNFINISHED'
  | 'FATAL'
  | 'ENCODING'
  | 'OTHER'

export interface Failure {
  readonly kind: FailureKind
  /** For the log only: it may hold SQL and paths. */
  readonly message: string
}

/** The answer to a worker's boot. */
export interface WorkerOpened {
  readonly diagnostics: Diagnostics
  /** Aliases of the databases that it has: those that are what they were when the server described them. */
  readonly databases: readonly string[]
}
