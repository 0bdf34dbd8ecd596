/** One bounded answer, held until it is proven: a further row, or the engine's own end. */
import { GeoduckError } from '../errors.ts'
import type { Plan } from '../plan/plan.ts'
import { canJoin, joinDocuments } from '../results/join-text.ts'
import { CHUNK_ROWS, type Page } from './engine.ts'
import type { Failover } from './failover.ts'
import type { ReceivedBatch } from './messages.ts'
import type { Claim, Scheduler } from './scheduler.ts'
import { Turn, type TurnEnd } from './turn.ts'

export interface PageOptions {
  /** For a page of so many rows. */
  readonly planOf: (rows: number) => Plan
  readonly rows: number
  readonly bytes: number
  readonly deadlineMs: number
  readonly failover: Failover
  readonly claim: Claim
  /** The queue of the lane that the failover has come to. */
  readonly scheduler: () => Scheduler
  readonly checkPlan: (plan: Plan) => void
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
    const rows = whole.sorted ? Math.min(options.rows, failover.thrift?.rows ?? options.rows) : options.rows
    const plan = rows === options.rows ? whole : options.planOf(rows)
    options.checkPlan(plan)
    const { end, batches } = await takeTurn(options, plan, rows)
    if (options.signal.aborted) throw options.signal.reason
    if (!(await options.unchanged())) throw new GeoduckError('SOURCE_CHANGED', 'The data changed while it was read; ask again.')
    if (end.outcome === 'COMPLETE' || end.outcome === 'MORE') {
      return { ...joined(batches, plan), hasMore: end.outcome === 'MORE', execution: failover.report() }
    }
    for (const { release } of batches) release()
    if (end.outcome !== 'PREEMPTED') failover.retry(end, plan.digest)
  }
}

function joined(batches: readonly ReceivedBatch[], { outputs }: Plan): Omit<RawPage, 'hasMore' | 'execution'> {
  return {
    count: batches.reduce((sum, { count }) => sum + count, 0),
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

interface PageTurn {
  readonly end: TurnEnd
  readonly batches: readonly ReceivedBatch[]
}

async function takeTurn(options: PageOptions, plan: Plan, rows: number): Promise<PageTurn> {
  const { claim, signal, failover, bytes } = options
  // Pieces are the engine's chunks: the first are on their way while the last are not read yet.
  const inPieces = rows > CHUNK_ROWS && plan.outputs.every(canJoin)
  const scheduler = options.scheduler()
  const slot = await scheduler.acquire(claim, signal)
  if (signal.aborted) {
    scheduler.ended(claim, 0)
    slot.release()
  }
  signal.throwIfAborted()
  const batches: ReceivedBatch[] = []
  const turn = new Turn(slot, {
    plan,
    batchRows: inPieces ? CHUNK_ROWS : rows,
    firstRows: rows,
    batchBytes: bytes,
    // Of a batch a row, and one more keeps the deadline running until the end is proven.
    credits: rows + 1,
    maxBatches: inPieces ? null : 1,
    whole: inPieces ? { rows, bytes } : null,
    emitEmpty: true,
    thrift: failover.thrift,
    wary: failover.wary,
    deadlineMs: options.deadlineMs,
    onBatch: (batch) => batches.push(batch),
  })
  const cancel = () => turn.cancel()
  claim.giveUp = () => turn.preempt()
  signal.addEventListener('abort', cancel)
  try {
    return { end: failover.ended(await turn.end), batches }
  } finally {
    signal.removeEventListener('abort', cancel)
    claim.giveUp = () => {}
    scheduler.ended(claim, performance.now() - turn.startedAt)
  }
}
