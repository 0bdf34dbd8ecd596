/** One bounded answer, held until it is proven: a further row, or the engine's own end. */
import { GeoduckError } from '../errors.ts'
import type { Plan } from '../plan/plan.ts'
import type { ExecutionReport } from './engine.ts'
import type { Failover } from './failover.ts'
import type { ReceivedBatch } from './messages.ts'
import type { Claim, Scheduler } from './scheduler.ts'
import { Turn, type TurnEnd } from './turn.ts'

export interface PageOptions {
  readonly plan: Plan
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

export interface RawPage {
  readonly batch: ReceivedBatch
  readonly hasMore: boolean
  readonly execution: ExecutionReport
}

/** One batch of no more than `rows` rows and about `bytes` bytes. */
export async function runPage(options: PageOptions): Promise<RawPage> {
  const { failover, plan } = options
  for (;;) {
    options.checkPlan(plan)
    const { end, batch } = await takeTurn(options)
    if (options.signal.aborted) throw options.signal.reason
    if (!(await options.unchanged())) throw new GeoduckError('SOURCE_CHANGED', 'The data changed while it was read; ask again.')
    if (batch && (end.outcome === 'COMPLETE' || end.outcome === 'MORE')) {
      return { batch, hasMore: end.outcome === 'MORE', execution: failover.report() }
    }
    failover.retry(end, plan.digest)
  }
}

async function takeTurn(options: PageOptions): Promise<{ end: TurnEnd; batch: ReceivedBatch | null }> {
  const { claim, signal } = options
  const scheduler = options.scheduler()
  const slot = await scheduler.acquire(claim, signal)
  if (signal.aborted) slot.release()
  signal.throwIfAborted()
  let batch: ReceivedBatch | null = null
  const turn = new Turn(slot, {
    plan: options.plan,
    batchRows: options.rows,
    batchBytes: options.bytes,
    // One for the batch; one more keeps the deadline running until the end is proven.
    credits: 2,
    maxBatches: 1,
    emitEmpty: true,
    deadlineMs: options.deadlineMs,
    onBatch: (message) => (batch = message),
  })
  const cancel = () => turn.cancel()
  signal.addEventListener('abort', cancel)
  try {
    const end = await turn.end
    return { end, batch }
  } finally {
    signal.removeEventListener('abort', cancel)
    scheduler.charge(claim, performance.now() - turn.startedAt)
  }
}
