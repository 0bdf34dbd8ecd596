/** One bounded answer, held until it is proven: a further row, or the engine's own end. */

import { canJoin, joinDocuments } from '../../../encode/encode.ts'
import { GeoduckError } from '../../../model/errors.ts'
import { awakeSleep } from '../../awake.ts'
import { countUntilReleased, type Deadline } from '../../deadline.ts'
import { CHUNK_ROWS, type Page } from '../../engine.ts'
import type { Plan } from '../dialect/plan.ts'
import type { MessageLimits, ReceivedBatch } from '../messages.ts'
import { ExecutionHandle, type ExecutionOutcome, type ReserveOptions, reserveWorker } from './execution-handle.ts'

export interface PageOptions extends ReserveOptions {
  /** For a page of so many rows. */
  readonly planOf: (rows: number) => Plan
  readonly rows: number
  readonly bytes: number
  readonly message: MessageLimits | null
  readonly deadline: Deadline
  /** Whether the source is still what the plan was made for. */
  readonly unchanged: () => Promise<boolean>
  /** The client went away, or the server stops. */
  readonly signal: AbortSignal
}

export type RawPage = Omit<Page, 'sequence'>

/**
 * No more than `rows` rows and about `bytes` bytes. A sorted page is as small as the serial lane's windows there: the sort of a large one is
 * what ran out of memory.
 */
export async function runPage(options: PageOptions): Promise<RawPage> {
  const { failover } = options
  for (;;) {
    const whole = options.planOf(options.rows)
    const rows = whole.sorted ? Math.min(options.rows, failover.serial?.rows ?? options.rows) : options.rows
    const plan = rows === options.rows ? whole : options.planOf(rows)
    const taken = await takeTurn(options, plan, rows)
    if (!taken) continue
    const { end, batches, allowance } = taken
    if (options.signal.aborted) throw options.signal.reason
    if (end.outcome === 'MORE' && allowance < options.bytes && rowsOf(batches) < rows) {
      // It is longer than the little that it may have now.
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

interface PageTurn {
  readonly end: ExecutionOutcome
  readonly batches: readonly ReceivedBatch[]
  /** Bytes that it might make. */
  readonly allowance: number
}

/** Null: the plan has to be made for another lane. */
async function takeTurn(options: PageOptions, plan: Plan, rows: number): Promise<PageTurn | null> {
  const { request, heldMemory, signal, failover, deadline } = options
  // Pieces are the engine's chunks: the first are on their way while the last are not read yet.
  const inPieces = rows > CHUNK_ROWS && options.message === null && plan.outputs.every(canJoin)
  const reserved = await deadline.limit(signal, (limited) => reserveWorker(plan, { ...options, timed: true }, limited))
  if (!reserved) return null
  const { worker, allowance } = reserved
  const bytes = Math.min(options.bytes, allowance)
  deadline.clock.hasHadWorker = true
  const scheduler = options.scheduler()
  const batches: ReceivedBatch[] = []
  const turn = new ExecutionHandle(worker, {
    plan,
    batchRows: inPieces ? CHUNK_ROWS : rows,
    firstRows: rows,
    batchBytes: bytes,
    message: options.message,
    // Of a batch a row, and one more keeps the deadline running until the end is proven.
    credits: rows + 1,
    maxBatches: inPieces ? null : 1,
    whole: inPieces ? { rows, bytes } : null,
    emitEmpty: true,
    serial: failover.serial,
    wary: failover.wary,
    isShared: request.isShared,
    deadlineMs: Math.max(0, deadline.left),
    onBatch: (batch) => batches.push(countUntilReleased(batch, heldMemory)),
  })
  const cancel = () => turn.cancel()
  request.releaseSoon = () => turn.preempt()
  signal.addEventListener('abort', cancel)
  try {
    return { end: failover.ended(await turn.end), batches, allowance }
  } finally {
    signal.removeEventListener('abort', cancel)
    request.releaseSoon = () => {}
    scheduler.ended(request, performance.now() - turn.startedAt)
  }
}
