/** Runs a page. The page is held until it is proven complete: by one more row, or by the sentinel. */

import { canJoin, joinDocuments } from '../../../encode/encode.ts'
import { GeoduckError } from '../../../model/errors.ts'
import { awakeSleep } from '../../awake.ts'
import { countUntilReleased, type Deadline } from '../../deadline.ts'
import { CHUNK_ROWS, type Page } from '../../engine.ts'
import type { Plan } from '../dialect/plan.ts'
import type { MessageLimits, ReceivedBatch } from '../messages.ts'
import { ExecutionHandle, type ExecutionOutcome, type ReserveOptions, reserveWorker } from './execution-handle.ts'

export interface PageOptions extends ReserveOptions {
  /** Returns the plan of a page of `rows` rows. */
  readonly planOf: (rows: number) => Plan
  readonly rows: number
  readonly bytes: number
  readonly message: MessageLimits | null
  readonly deadline: Deadline
  readonly countsScan: boolean
  /** Returns true if the source is still the version that the plan was made for. */
  readonly unchanged: () => Promise<boolean>
  /** Aborted when the client disconnects or the server stops. */
  readonly signal: AbortSignal
}

export type RawPage = Omit<Page, 'sequence'>

/**
 * Returns a page of at most `rows` rows and about `bytes` bytes. In the serial lane, a sorted page has at most the rows of a
 * window, because the sort of a large page is what ran out of memory.
 */
export async function runPage(options: PageOptions): Promise<RawPage> {
  const { failover } = options
  for (;;) {
    const whole = options.planOf(options.rows)
    const rows = whole.sorted ? Math.min(options.rows, failover.serial?.rows ?? options.rows) : options.rows
    const plan = rows === options.rows ? whole : options.planOf(rows)
    const executed = await execute(options, plan, rows)
    if (!executed) continue
    const { end, batches, allowance } = executed
    if (options.signal.aborted) throw options.signal.reason
    if (end.outcome === 'MORE' && allowance < options.bytes && rowsOf(batches) < rows) {
      // The page needs more than its allowance, so it waits for room and runs again.
      for (const { release } of batches) release()
      await options.heldMemory.room(options.signal, { timed: true, whole: true })
      continue
    }
    if (!(await options.unchanged())) throw new GeoduckError('SOURCE_CHANGED', 'The data changed while it was read; ask again.')
    if (end.outcome === 'COMPLETE' || end.outcome === 'MORE') {
      return { ...joined(batches, plan), hasMore: end.outcome === 'MORE', execution: failover.report() }
    }
    for (const { release } of batches) release()
    if (end.outcome !== 'PREEMPTED') await awakeSleep(failover.retry(end, plan.digest), options.signal)
  }
}

function joined(batches: readonly ReceivedBatch[], { outputs }: Plan): Omit<RawPage, 'hasMore' | 'execution'> {
  const tooLarge = batches.at(-1)?.tooLarge
  return {
    ...(tooLarge !== undefined && { tooLarge }),
    count: rowsOf(batches),
    outputs: outputs.map((output, n) => {
      const documents = batches.map((batch) => batch.outputs[n]!)
      return joinDocuments(output, documents)
    }),
    position: batches.at(-1)?.position ?? null,
    release: () => {
      for (const { release } of batches) release()
    },
  }
}

function rowsOf(batches: readonly ReceivedBatch[]): number {
  return batches.reduce((sum, { count }) => sum + count, 0)
}

interface PageExecution {
  readonly end: ExecutionOutcome
  readonly batches: readonly ReceivedBatch[]
  /** Bytes that it was allowed to make. */
  readonly allowance: number
}

/** Runs the plan once. Returns null if the plan must be compiled for another lane. */
async function execute(options: PageOptions, plan: Plan, rows: number): Promise<PageExecution | null> {
  const { request, heldMemory, signal, failover, deadline } = options
  // Each piece is one chunk of the engine. The worker sends the first ones before the engine has read the last.
  const inPieces = rows > CHUNK_ROWS && options.message === null && plan.outputs.every(canJoin)
  const reserved = await deadline.limit(signal, (limited) => reserveWorker(plan, { ...options, timed: true }, limited))
  if (!reserved) return null
  const { worker, allowance } = reserved
  const bytes = Math.min(options.bytes, allowance)
  deadline.clock.hasHadWorker = true
  const scheduler = options.scheduler()
  const batches: ReceivedBatch[] = []
  const execution = new ExecutionHandle(worker, {
    plan,
    batchRows: inPieces ? CHUNK_ROWS : rows,
    firstRows: rows,
    batchBytes: bytes,
    message: options.message,
    // A batch may have a single row, so this is enough. One more credit keeps the deadline active until the end is proven.
    credits: rows + 1,
    maxBatches: inPieces ? null : 1,
    pageLimit: inPieces ? { rows, bytes } : null,
    emitEmpty: true,
    serial: failover.serial,
    probeFirst: failover.probeFirst,
    isShared: request.isShared,
    deadlineMs: Math.max(0, deadline.left),
    countsScan: options.countsScan,
    remoteReads: failover.remoteReads,
    onBatch: (batch) => batches.push(countUntilReleased(batch, heldMemory)),
  })
  const cancel = () => execution.cancel()
  request.releaseSoon = () => execution.preempt()
  signal.addEventListener('abort', cancel)
  try {
    return { end: failover.ended(await execution.end), batches, allowance }
  } finally {
    signal.removeEventListener('abort', cancel)
    request.releaseSoon = () => {}
    scheduler.ended(request, performance.now() - execution.startedAt)
  }
}
