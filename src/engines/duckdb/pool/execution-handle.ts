/** The server's handle of one execution: the run of a plan in one worker, with its credits, its deadline and its end. */
import { randomUUID } from 'node:crypto'
import { AwakeTimer } from '../../awake.ts'
import type { HeldMemory } from '../../deadline.ts'
import type { RemoteReads } from '../../engine.ts'
import type { Plan } from '../dialect/plan.ts'
import type { ExecutionEnd, ExecutionRequest, ReceivedBatch, ToExecution } from '../messages.ts'
import { FROZEN, WorkerLost } from './death.ts'
import type { Failover, SerialLimits } from './failover.ts'
import type { Scheduler, WorkerRequest } from './scheduler.ts'
import type { WorkerSupervisor } from './worker-supervisor.ts'

/**
 * Milliseconds after which an execution that can't be interrupted is killed with its worker. An interrupt stops a scan within
 * milliseconds.
 */
const KILL_AFTER_MS = 2_000

/** Options of an execution. With `pageLimit`, the deadline limits the whole execution; without it, the time to each batch. */
export interface ExecutionOptions extends Omit<ExecutionRequest, 'execution' | 'threads' | 'collect'> {
  /** Limits of the serial lane; null in the normal lane. */
  readonly serial: SerialLimits | null
  /** True if another address needs the processors too. The execution uses half of the worker's threads then. */
  readonly isShared: boolean
  /**
   * True to check that the worker is alive before the execution starts. It is set after a worker has died: the next worker may
   * have died for the same outside reason, which must not count against the plan.
   */
  readonly probeFirst: boolean
  /** Milliseconds that the worker may work without sending a batch while it has credit. */
  readonly deadlineMs: number
  /** Counts what the worker reads from other machines. */
  readonly remoteReads?: RemoteReads
  readonly onBatch: (batch: ReceivedBatch) => void
}

/**
 * The end of an execution, as the server sees it.
 * - LOST: the worker died while the execution ran. `byPlan` is true if a plan can cause such a death.
 * - UNUSED: the worker died before the execution started.
 * - DEADLINE: the execution was interrupted or killed at its deadline.
 * - PREEMPTED: the execution was interrupted because another operation has a right to the worker.
 */
export type ExecutionOutcome =
  | ExecutionEnd
  | { readonly outcome: 'LOST'; readonly byPlan: boolean }
  | { readonly outcome: 'UNUSED' | 'DEADLINE' | 'PREEMPTED' }

export class ExecutionHandle {
  /** The end of the execution. It never rejects. When it resolves, the worker is idle or starts again. */
  readonly end: Promise<ExecutionOutcome>
  readonly startedAt = performance.now()
  batches = 0
  /** Time of its first batch; null before it, while the execution starts. */
  firstBatchAt: number | null = null
  readonly #execution = randomUUID()
  readonly worker: WorkerSupervisor
  readonly #options: ExecutionOptions
  /** Messages that wait until the worker has received the execution. */
  readonly #unsent: ToExecution[] = []
  #send: (message: ToExecution) => void = (message) => this.#unsent.push(message)
  #credits: number
  #ended = false
  #late = false
  #preempted = false
  #deadline: AwakeTimer | undefined
  #killer: AwakeTimer | undefined

  /** Starts the execution in a worker that is reserved for it. */
  constructor(worker: WorkerSupervisor, options: ExecutionOptions) {
    this.worker = worker
    this.#options = options
    this.#credits = options.credits
    if (options.remoteReads) worker.countReads(options.remoteReads)
    this.#watch()
    this.end = this.#run()
  }

  /** True if the worker waits for credit. */
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
    this.#post({ type: 'CREDIT', execution: this.#execution, credits: 1 })
  }

  /** Ends the execution after the current batch. */
  yield(): void {
    this.#post({ type: 'YIELD', execution: this.#execution })
  }

  /** Ends the execution now. */
  cancel(): void {
    if (this.#ended || this.#killer) return
    this.#post({ type: 'CANCEL', execution: this.#execution })
    this.#killer = new AwakeTimer(KILL_AFTER_MS, () => this.worker.kill('an execution could not be interrupted'))
  }

  /** Ends the execution now, because another operation has a right to its worker. */
  preempt(): void {
    this.#preempted = true
    this.cancel()
  }

  #post(message: ToExecution): void {
    if (!this.#ended) this.#send(message)
  }

  async #run(): Promise<ExecutionOutcome> {
    const {
      plan,
      batchRows,
      firstRows,
      batchBytes,
      message,
      credits,
      maxBatches,
      pageLimit,
      emitEmpty,
      serial,
      probeFirst,
      isShared,
      countsScan,
    } = this.#options
    const limits = { batchRows, firstRows, batchBytes, message, credits, maxBatches, pageLimit, emitEmpty }
    const threads = plan.few ? 'FEW' : isShared ? 'HALF' : null
    const resources = { threads: serial?.threads ?? threads, collect: serial !== null, countsScan } as const
    const request: ExecutionRequest = { execution: this.#execution, plan, ...limits, ...resources }
    try {
      const channel = {
        onSend: (send: (message: ToExecution) => void) => {
          this.#send = send
          for (const message of this.#unsent) send(message)
        },
        onBatch: (batch: ReceivedBatch) => this.#deliver(batch),
      }
      const end = await this.worker.execute(request, channel, probeFirst)
      return end.outcome === 'CANCELLED' ? (this.#intendedOutcome ?? end) : end
    } catch (error) {
      // The supervisor logs the death. An execution that was killed at its deadline counts as DEADLINE; one in a frozen worker
      // doesn't.
      if (!(error instanceof WorkerLost)) return { outcome: 'UNUSED' }
      return (error.death === FROZEN ? null : this.#intendedOutcome) ?? { outcome: 'LOST', byPlan: error.death.byPlan }
    } finally {
      this.#ended = true
      this.#deadline?.clear()
      this.#killer?.clear()
    }
  }

  /** The outcome if the server ended the execution on purpose; null if it did not. */
  get #intendedOutcome(): ExecutionOutcome | null {
    if (this.#late) return { outcome: 'DEADLINE' }
    return this.#preempted ? { outcome: 'PREEMPTED' } : null
  }

  #deliver(batch: ReceivedBatch): void {
    if (this.#ended || batch.execution !== this.#execution) return
    this.batches++
    this.firstBatchAt ??= performance.now()
    this.#credits--
    if (!this.#options.pageLimit) this.#watch()
    this.#options.onBatch(batch)
  }

  /** Starts the deadline again if the worker has credit, and stops it if not. */
  #watch(): void {
    this.#deadline?.clear()
    if (this.#credits === 0) return
    this.#deadline = new AwakeTimer(this.#options.deadlineMs, () => {
      this.#late = true
      // A frozen worker neither answers nor cancels, so it is killed.
      this.worker.probe()
      this.cancel()
    })
  }
}

/** Batches of a stream that the server may hold: one is being sent, and one is ready. */
const MOST_BATCHES = 2

/** Decides how many batches the worker may send before the client reads. */
export class Credit {
  readonly #heldMemory: HeldMemory
  #most = MOST_BATCHES

  constructor(heldMemory: HeldMemory) {
    this.#heldMemory = heldMemory
  }

  /** Returns the credits that an execution starts with. `isShort`: it is the first one and others wait, so it gets only one. */
  begin(isShort: boolean): number {
    this.#most = isShort ? 1 : MOST_BATCHES
    return this.#most
  }

  /**
   * Gives credit for the batch that the client requests, and for one more if there is room. `ready` is the number of batches in
   * memory.
   */
  pay(execution: ExecutionHandle, ready: number): void {
    const most = this.#heldMemory.hasRoom ? this.#most : 1
    while (execution.credits + ready < most) execution.credit()
  }
}

export interface ReserveOptions {
  readonly failover: Failover
  readonly request: WorkerRequest
  /** Memory that the server holds for the operation's client. */
  readonly heldMemory: HeldMemory
  /** Returns the scheduler of the failover's current lane. */
  readonly scheduler: () => Scheduler
}

interface Reserved {
  readonly worker: WorkerSupervisor
  /** Bytes that the execution may make. */
  readonly allowance: number
}

/**
 * Waits for held memory to have room, and then for a worker. An operation without room does not wait in the queue. If the room
 * is gone when the worker is free, the next operation in the queue gets the worker. So only the executions that run at that
 * time can exceed the limit.
 *
 * Returns null if the plan may only run in the serial lane; the caller must compile the plan for it. The quarantine is checked
 * again after the wait: many operations with the same query may wait, and each would end a worker.
 *
 * @throws GeoduckError QUARANTINED, OVERLOADED if `timed` and no room is free in time, or an error of `Scheduler.acquire`
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
      if (allowance > 0) return { worker, allowance }
    } finally {
      if (allowance === 0) {
        queue.ended(request, 0)
        worker.release()
      }
    }
  }
}
