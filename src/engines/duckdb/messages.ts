/** All messages between the server and a query worker, as one union per direction. */

import type { RowPosition } from '../../model/query.ts'
import type { Diagnostics, FileAccess } from '../engine.ts'
import type { Plan } from './dialect/plan.ts'

/** The options that a worker is started with. None of them depends on a client. */
export interface WorkerOptions extends FileAccess {
  /** Absolute path of the spatial extension, or null to let DuckDB find it in its extension directory. */
  readonly spatialExtension: string | null
  readonly memoryLimitBytes: number
  readonly threads: number
  readonly tempDirectory: string
  readonly tempDirectoryBytes: number
  /** Bytes that the engine buffers before it returns the first chunk. It limits the wait for the first batch, and memory. */
  readonly streamingBufferBytes: number
}

export interface OpenRequest extends WorkerOptions {
  /** Path of the socket on which the worker listens. After the start, every message uses it. */
  readonly dataSocket: string
}

/** One run of one plan on one connection. */
export interface ExecutionRequest {
  /** Id of the execution. Every message carries it, so that a late message is recognised and ignored. */
  readonly execution: string
  readonly plan: Plan
  /** Most rows of a batch. */
  readonly batchRows: number
  /**
   * Most rows of the first batch. Each next batch has at most as many rows as all batches before it, so a client can show
   * something early.
   */
  readonly firstRows: number
  /** About the most bytes of column data in a batch. A single row may be larger; it is a batch of one row then. */
  readonly batchBytes: number
  /** Limits of the message that each batch is sent in; null if there is no limit. */
  readonly message: MessageLimits | null
  /** Batches that the worker may send before it receives another credit. */
  readonly credits: number
  /** Number of batches after which the execution ends, with MORE if there is another row; null if there is no limit. */
  readonly maxBatches: number | null
  /**
   * Total size at which the execution ends with MORE. If it is set, the worker sends each chunk at once, without filling a
   * batch. Null if there is no limit.
   */
  readonly pageLimit: { readonly rows: number; readonly bytes: number } | null
  /** True to send one empty batch if there are no rows: a page is a document also then. */
  readonly emitEmpty: boolean
  /** Threads of this execution; null for all threads of the worker. FEW: one is enough, but more do little harm. */
  readonly threads: number | 'HALF' | 'FEW' | null
  /** True to collect garbage after each batch: V8 does not count the memory of chunks. */
  readonly collect: boolean
  /** True if the operation asks what the engine has read. To count it costs 0.3 ms. */
  readonly countsScan: boolean
}

export interface MessageLimits {
  /** The number of times that each output is in a message. */
  readonly times: readonly number[]
  /** Most bytes of all outputs in a message. An output that is in it twice counts twice. */
  readonly bytes: number
  /** The same limit for a message with one feature. */
  readonly featureBytes: number
}

/** A message to a worker that has been opened. All of them use its data socket. */
export type ToWorker =
  | { readonly type: 'EXECUTE'; readonly request: ExecutionRequest }
  | ToExecution
  /** Requests DIAGNOSTICS. A busy worker uses a second connection for it. */
  | { readonly type: 'DIAGNOSE' }
  /** Requests ALIVE, also while the worker opens or an execution runs. */
  | { readonly type: 'PROBE' }

/** A message to the running execution. */
export type ToExecution =
  | { readonly type: 'CREDIT'; readonly execution: string; readonly credits: number }
  /** Ends the execution after the current batch. */
  | { readonly type: 'YIELD'; readonly execution: string }
  /** Interrupts the engine and ends the execution now. */
  | { readonly type: 'CANCEL'; readonly execution: string }

/** A message of a worker over its data socket. */
export type FromWorker = BatchMessage | Reply

export type Reply =
  /** The end of the running execution. All its batches were sent before. */
  | { readonly type: 'END'; readonly end: ExecutionEnd }
  /** The execution has no connection, or could not close it. The worker must be replaced. */
  | { readonly type: 'UNUSABLE'; readonly message: string }
  | { readonly type: 'DIAGNOSTICS'; readonly diagnostics: Diagnostics }
  /** The figures could not be measured, for example without memory. */
  | { readonly type: 'UNDIAGNOSED'; readonly message: string }
  | { readonly type: 'ALIVE' }

export interface BatchMessage {
  readonly type: 'BATCH'
  readonly execution: string
  readonly count: number
  /** One output per output of the plan, in the same order. */
  readonly outputs: readonly Uint8Array[]
  /** Null only for a batch of no rows. */
  readonly position: RowPosition | null
  /** Set in a batch that is sent after the engine's end; otherwise null. */
  readonly scan: Scan | null
  /** See `Batch.tooLarge`. */
  readonly tooLarge?: number
}

/** The part of its source that an execution has read, by the engine's count. */
export interface Scan {
  readonly rowGroupsRead: number
  /** All row groups of the files and tables that the engine opened. */
  readonly rowGroups: number
  /** Rows read from a table; for files, the engine's estimate of all rows. */
  readonly rowsScanned: number
}

export interface ReceivedBatch extends BatchMessage {
  /**
   * Releases the memory of `outputs` for another batch; `outputs` is not valid after it. The garbage collector frees a batch
   * that is never released.
   */
  readonly release: () => void
}

/**
 * The end of an execution.
 * - COMPLETE: the worker has read the sentinel, or a whole result that is held, and sent every row.
 * - MORE: `maxBatches` or `pageLimit` was reached, and there is another row.
 * - YIELDED, CANCELLED: the server requested it; rows after the last batch may remain.
 * - FAILED: the engine failed, with its message and the kind of failure.
 */
export type ExecutionEnd = ExecutionEnded &
  (
    | { readonly outcome: 'COMPLETE' | 'MORE' | 'YIELDED' | 'CANCELLED' }
    | { readonly outcome: 'FAILED'; readonly failure: Failure }
  )

export interface ExecutionEnded {
  readonly engineMs: number
  /** Null if the engine was stopped before its end, or if nothing is counted. */
  readonly scan: Scan | null
}

/**
 * Why an execution failed. After OUT_OF_MEMORY, IO and ENCODING the serial lane may succeed. After INTERRUPTED and UNFINISHED
 * (there was no sentinel, and the engine reports no error) a second attempt may succeed. FATAL means that the instance can't be
 * used any more.
 */
export type FailureKind =
  | 'OUT_OF_MEMORY'
  | 'IO'
  | 'INVALID_INPUT'
  | 'REFUSED'
  | 'UNKNOWN_CRS'
  | 'BROKEN_TEXT'
  | 'UNREADABLE'
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

/** The answer of a worker that has started. */
export interface WorkerOpened {
  readonly diagnostics: Diagnostics
  /** Aliases of the databases that it has attached. A database whose version has changed is not among them. */
  readonly databases: readonly string[]
}
