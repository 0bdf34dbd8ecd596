/** One bounded answer, held until it is proven: a further row, or the engine's own end. */
import { GeoduckError } from '../errors.ts'
import type { Plan } from '../plan/plan.ts'
import { isJoinable, joinDocuments } from '../results/join-text.ts'
import type { Page } from './engine.ts'
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

export type RawPage = Omit<Page, 'sequence'>

/** Rows of a piece: the engine's chunk. The first are on their way while the last are not read yet. */
const PIECE_ROWS = 2_048

/** No more than `rows` rows and about `bytes` bytes. */
export async function runPage(options: PageOptions): Promise<RawPage> {
  const { failover, plan } = options
  for (;;) {
    options.checkPlan(plan)
    const { end, batches } = await takeTurn(options)
    if (options.signal.aborted) throw options.signal.reason
    if (!(await options.unchanged())) throw new GeoduckError('SOURCE_CHANGED', 'The data changed while it was read; ask again.')
    if (end.outcome === 'COMPLETE' || end.outcome === 'MORE') {
      return { ...joined(batches, plan), hasMore: end.outcome === 'MORE', execution: failover.report() }
    }
    for (const { release } of batches) release()
    failover.retry(end, plan.digest)
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

async function takeTurn(options: PageOptions): Promise<{ end: TurnEnd; batches: ReceivedBatch[] }> {
  const { claim, signal, plan, rows, bytes } = options
  const inPieces = rows > PIECE_ROWS && plan.outputs.every(isJoinable)
  const scheduler = options.scheduler()
  const slot = await scheduler.acquire(claim, signal)
  if (signal.aborted) slot.release()
  signal.throwIfAborted()
  const batches: ReceivedBatch[] = []
  const turn = new Turn(slot, {
    plan,
    batchRows: inPieces ? PIECE_ROWS : rows,
    firstRows: rows,
    batchBytes: bytes,
    // Of a batch a row, and one more keeps the deadline running until the end is proven.
    credits: rows + 1,
    maxBatches: inPieces ? null : 1,
    whole: inPieces ? { rows, bytes } : null,
    emitEmpty: true,
    deadlineMs: options.deadlineMs,
    onBatch: (batch) => batches.push(batch),
  })
  const cancel = () => turn.cancel()
  signal.addEventListener('abort', cancel)
  try {
    const end = await turn.end
    return { end, batches }
  } finally {
    signal.removeEventListener('abort', cancel)
    scheduler.charge(claim, performance.now() - turn.startedAt)
  }
}
