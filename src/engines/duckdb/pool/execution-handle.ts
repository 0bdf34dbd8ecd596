/** One execution as the server process holds it: a plan on its way through one worker, with its credits, its deadline and its end. */
import { randomUUID } from 'node:crypto'
import { AwakeTimer } from '../../awake.ts'
import type { HeldMemory } from '../../deadline.ts'
import type { Plan } from '../dialect/plan.ts'
import type { ExecutionEnd, ExecutionRequest, FromWorker, ReceivedBatch, ToWorker } from '../messages.ts'
import { FROZEN, WorkerLost } from './death.ts'
import type { Failover, SerialLimits } from './failover.ts'
import type { Scheduler, WorkerRequest } from './scheduler.ts'
import type { WorkerSupervisor } from './worker-supervisor.ts'

/** An interrupt reaches a scan within milliseconds; what it does not reach by then is killed. */
const KILL_AFTER_MS = 2_000

/** With `whole`, the deadline is that of all of it. */
export interface ExecutionOptions extends Omit<ExecutionRequest, 'execution' | 'threads' | 'collect'> {
  /** Of the serial lane; null in the normal one. */
  readonly serial: SerialLimits | null
  /** The processors are shared with another address: it has half of the worker's threads. */
  readonly isShared: boolean
  /** A worker has just died under it: the next may have died with that one, and not because of it. */
  readonly wary: boolean
  /** Milliseconds that the worker may go without a batch while it has credit. */
  readonly deadlineMs: number
  readonly onBatch: (batch: ReceivedBatch) => void
}

/**
 * LOST: the process died under it; `byPlan`: of something that a plan can cause. UNUSED: it died before. DEADLINE: it was interrupted, or killed,
 * for its deadline. PREEMPTED: the same for the sake of somebody else.
 */
export type ExecutionOutcome =
  | ExecutionEnd
  | { readonly outcome: 'LOST'; readonly byPlan: boolean }
  | { readonly outcome: 'UNUSED' | 'DEADLINE' | 'PREEMPTED' }

export class ExecutionHandle {
  /** Never rejects. The slot is free, or starting anew, when it resolves. */
  readonly end: Promise<ExecutionOutcome>
  readonly startedAt = performance.now()
  batches = 0
  /** When its first batch came; before it, a turn is all start-up. */
  firstBatchAt: number | null = null
  readonly #execution = randomUUID()
  readonly worker: WorkerSupervisor
  readonly #options: ExecutionOptions
  /** What is said before the worker is given it waits for that. */
  readonly #early: ToWorker[] = []
  #send: (message: ToWorker) => void = (message) => this.#early.push(message)
  #credits: number
  #ended = false
  #late = false
  #preempted = false
  #deadline: AwakeTimer | undefined
  #killer: AwakeTimer | undefined

  /** The slot is reserved for this turn and used by it. */
  constructor(worker: WorkerSupervisor, options: ExecutionOptions) {
    this.worker = worker
    this.#options = options
    this.#credits = options.credits
    this.#watch()
    this.end = this.#run()
  }

  /** Whether the worker waits for its client. */
  get stalled(): boolean {
    return this.#credits === 0
  }

  /** Batches that the worker may still send. */
  get credits(): number {
    return this.#credits
  }

  credit(): void {
    this.#credits++
    this.#watch()
    this.#tell({ type: 'CREDIT', execution: this.#execution, credits: 1 })
  }

  /** Ends at the next batch's border. */
  yield(): void {
    this.#tell({ type: 'YIELD', execution: this.#execution })
  }

  /** Ends now. */
  cancel(): void {
    if (this.#ended || this.#killer) return
    this.#tell({ type: 'CANCEL', execution: this.#execution })
    this.#killer = new AwakeTimer(KILL_AFTER_MS, () => this.worker.kill('an execution could not be interrupted'))
  }

  /** Ends now, because somebody else is entitled to its worker. */
  preempt(): void {
    this.#preempted = true
    this.cancel()
  }

  diagnose(): void {
    this.#tell({ type: 'DIAGNOSE', execution: this.#execution })
  }

  #tell(message: ToWorker): void {
    if (!this.#ended) this.#send(message)
  }

  async #run(): Promise<ExecutionOutcome> {
    const { plan, batchRows, firstRows, batchBytes, message, credits, maxBatches, whole, emitEmpty, serial, wary, isShared } =
      this.#options
    const limits = { batchRows, firstRows, batchBytes, message, credits, maxBatches, whole, emitEmpty }
    const economy = { threads: serial?.threads ?? (isShared ? ('HALF' as const) : null), collect: serial !== null }
    const request: ExecutionRequest = { execution: this.#execution, plan, ...limits, ...economy }
    try {
      const channel = {
        onSend: (send: (message: ToWorker) => void) => {
          this.#send = send
          for (const message of this.#early) send(message)
        },
        onMessage: (message: FromWorker) => this.#learn(message),
        onBatch: (batch: ReceivedBatch) => this.#deliver(batch),
      }
      const end = await this.worker.execute(request, channel, wary)
      return end.outcome === 'CANCELLED' ? (this.#intended ?? end) : end
    } catch (error) {
      // The slot logs the death. What no interrupt reached was killed as well; what was frozen never had its time.
      if (!(error instanceof WorkerLost)) return { outcome: 'UNUSED' }
      return (error.death === FROZEN ? null : this.#intended) ?? { outcome: 'LOST', byPlan: error.death.byPlan }
    } finally {
      this.#ended = true
      this.#deadline?.clear()
      this.#killer?.clear()
    }
  }

  /** What it was ended for; null: for nothing that is its operation's own affair. */
  get #intended(): ExecutionOutcome | null {
    if (this.#late) return { outcome: 'DEADLINE' }
    return this.#preempted ? { outcome: 'PREEMPTED' } : null
  }

  #learn(message: FromWorker): void {
    // The channel outlives its task in the worker: a late message is nobody's.
    if (this.#ended || message.type !== 'DIAGNOSTICS' || message.execution !== this.#execution) return
    this.worker.learn(message.diagnostics)
  }

  #deliver(batch: ReceivedBatch): void {
    if (this.#ended || batch.execution !== this.#execution) return
    this.batches++
    this.firstBatchAt ??= performance.now()
    this.#credits--
    if (!this.#options.whole) this.#watch()
    this.#options.onBatch(batch)
  }

  /** The deadline runs while the worker may work, and starts again with every batch. */
  #watch(): void {
    this.#deadline?.clear()
    if (this.#credits === 0) return
    this.#deadline = new AwakeTimer(this.#options.deadlineMs, () => {
      this.#late = true
      // One that is frozen hears of nothing, and is killed by then.
      this.worker.ask()
      this.cancel()
    })
  }
}

/** One batch on its way to the client, one behind it. A first turn while others wait is for one: they have had nothing. */
const MOST_BATCHES = 2

/** How many batches of a turn may be under way or lie ready for the client. */
export class Credit {
  readonly #heldMemory: HeldMemory
  #most = MOST_BATCHES

  constructor(heldMemory: HeldMemory) {
    this.#heldMemory = heldMemory
  }

  /** What a turn begins with. */
  begin(isShort: boolean): number {
    this.#most = isShort ? 1 : MOST_BATCHES
    return this.#most
  }

  /** For one batch that the client asks for, and one behind it where there is room. `ready`: batches that lie in memory. */
  pay(turn: ExecutionHandle, ready: number): void {
    const most = this.#heldMemory.hasRoom ? this.#most : 1
    while (turn.credits + ready < most) turn.credit()
  }
}

export interface ReserveOptions {
  readonly failover: Failover
  readonly request: WorkerRequest
  /** Counts what the operation holds for its client, and says whether there is room for more. */
  readonly heldMemory: HeldMemory
  /** The queue of the lane that the failover has come to. */
  readonly scheduler: () => Scheduler
}

interface Reserved {
  readonly worker: WorkerSupervisor
  /** Bytes that the turn may make. */
  readonly allowance: number
}

/**
 * Waits for a worker that may run the plan, at a time when something may be made for the client. An operation without room is in no queue, and a
 * worker that comes when the room is gone again goes to the next in the queue: so only the turns that run at the time go beyond the bound.
 * Null: the plan may only run in the serial lane, and has to be made for it. The quarantine is asked again after the wait: what was asked many times
 * at once must not end a worker each time. Rejects with QUARANTINED, with OVERLOADED where `timed` and no room comes, and as the queue does.
 */
export async function reserveWorker(
  plan: Plan,
  { failover, request, scheduler, heldMemory, timed }: ReserveOptions & { readonly timed: boolean },
  signal: AbortSignal,
): Promise<Reserved | null> {
  for (;;) {
    if (failover.admit(plan.digest)) return null
    while (heldMemory.allowance === 0) await heldMemory.room(signal, { timed })
    const queue = scheduler()
    const worker = await queue.acquire(request, signal)
    let allowance = 0
    try {
      signal.throwIfAborted()
      if (failover.admit(plan.digest)) return null
      allowance = heldMemory.allowance
      if (allowance > 0) return { worker: worker, allowance }
    } finally {
      if (allowance === 0) {
        queue.ended(request, 0)
        worker.release()
      }
    }
  }
}
