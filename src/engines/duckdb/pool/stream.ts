/**
 * A stream: the client pulls one batch after the other, from as many executions as it needs. The server holds at most two
 * batches of a stream: one that is being sent, and one that is ready. After any end of an execution, the next one resumes after
 * the last batch that has arrived.
 */
import { GeoduckError } from '../../../model/errors.ts'
import type { Query } from '../../../model/query.ts'
import { AwakeTimer, awakeSleep } from '../../awake.ts'
import { countUntilReleased, type HeldMemory } from '../../deadline.ts'
import type { Batch, BatchStream, ExecutionReport } from '../../engine.ts'
import { isSorted } from '../dialect/order.ts'
import type { Plan } from '../dialect/plan.ts'
import type { MessageLimits, ReceivedBatch } from '../messages.ts'
import { Credit, ExecutionHandle, type ExecutionOutcome, type ReserveOptions, reserveWorker } from './execution-handle.ts'
import { Progress } from './progress.ts'
import type { RowGroups } from './rings.ts'
import { Spool, type SpoolBudget } from './spool.ts'
import type { WorkerSupervisor } from './worker-supervisor.ts'

/** Milliseconds for which the worker of a client that does not read makes batches for the disk before the stream pauses. */
const SPOOL_MS = 400

type Next = IteratorResult<Batch>

export class FeatureStream implements BatchStream {
  readonly #options: StreamOptions
  readonly #closing = new AbortController()
  readonly #stall: StallWatch
  readonly #backlog: Backlog
  readonly #progress: Progress
  readonly #demand = new Demand()
  readonly #credit: Credit
  #execution: ExecutionHandle | null = null
  #busy = false
  /** True if the engine has no more rows. The backlog may still have some. */
  #engineDone = false
  #end: StreamEnd | null = null
  #yielding = false
  #spoolUntil: number | null = null

  constructor(options: StreamOptions) {
    this.#options = options
    this.#credit = new Credit(options.heldMemory)
    this.#backlog = new Backlog(options.spool, options.heldMemory)
    this.#progress = new Progress(options.query, options.groups)
    options.request.releaseSoon = () => this.#preempt()
    this.#stall = new StallWatch({
      stallMs: options.stallMs,
      othersWait: options.hasRivals,
      onPause: () => this.#pause(),
      onStalled: () => this.fail(slowConsumer(options.stallMs)),
    })
  }

  get state(): 'WAITING' | 'RUNNING' | 'PAUSED' {
    return this.#execution ? 'RUNNING' : this.#busy ? 'WAITING' : 'PAUSED'
  }

  get execution(): ExecutionReport {
    return this.#options.failover.report()
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<Next> {
    if (this.#demand.isOpen) return Promise.reject(new Error('next() is called one at a time'))
    this.#stall.reads()
    // The client requests another batch, so the batch before has been sent.
    if (this.#demand.received > 0) this.#pay()
    if (this.#engineDone && this.#backlog.empty) this.#finish('COMPLETE')
    if (this.#end) return settled(this.#end)
    if (!this.#backlog.empty) return this.#hand(this.#backlog.take(this.#closing.signal))
    // The client has read all batches from disk, so its reading gives credit again.
    this.#spoolUntil = null
    this.#pay()
    const result = this.#demand.open()
    this.#advance()
    return result
  }

  return(): Promise<Next> {
    this.#finish('COMPLETE')
    return Promise.resolve({ done: true, value: undefined })
  }

  /** Ends the stream with an error, which the current or the next `next()` throws. */
  fail(error: unknown): void {
    this.#finish({ error })
  }

  /** Is called when other operations start to wait for a worker. */
  pressed(): void {
    if (!this.#execution || !this.#options.hasRivals()) return
    this.#stall.pressed()
    this.#yieldIfDue()
  }

  /** Ends the execution after its current batch if it runs in `worker`. The stream resumes in another worker. */
  releaseWorker(worker: WorkerSupervisor): void {
    if (this.#execution?.worker === worker) this.#yield()
  }

  async #hand(batch: Promise<Batch>): Promise<Next> {
    this.#demand.received++
    this.#stall.waits(this.#execution)
    try {
      return { done: false, value: await batch }
    } catch (error) {
      if (this.#end) return settled(this.#end)
      // The batch is lost, so the stream can't continue: the client would miss its rows.
      this.fail(error)
      throw error
    }
  }

  #advance(): void {
    if (this.#busy || this.#end) return
    this.#busy = true
    this.#execute()
      .catch((error: unknown) => this.fail(toStreamError(error, this.#options.query.view.layer.name)))
      .finally(() => {
        this.#busy = false
        if (this.#end) this.#release()
        // Without a request the stream stays paused; the next `next()` resumes it.
        else if (this.#demand.isOpen) this.#advance()
      })
  }

  async #execute(): Promise<void> {
    const { request, batchSize, batchBytes, message, emitEmpty, deadlineMs, failover } = this.#options
    const { serial, probeFirst } = failover
    const plan = await this.#progress.plan(serial)
    if (this.#end) return
    const isFirst = this.#progress.batches === 0
    const reserved = await reserveWorker(plan, { ...this.#options, timed: isFirst }, this.#closing.signal)
    if (!reserved) return
    const { worker, allowance } = reserved
    const scheduler = this.#options.scheduler()
    const execution = new ExecutionHandle(worker, {
      plan,
      serial,
      probeFirst,
      isShared: request.isShared,
      ...this.#progress.rows(batchSize, serial),
      batchBytes: Math.min(batchBytes, allowance),
      message,
      credits: this.#credit.begin(isFirst && this.#options.hasRivals()),
      maxBatches: null,
      pageLimit: null,
      // After a first batch there is no need for an empty one.
      emitEmpty: emitEmpty && isFirst,
      deadlineMs,
      countsScan: this.#options.countsScan,
      remoteReads: failover.remoteReads,
      onBatch: (message) => this.#receive(message),
    })
    this.#execution = execution
    const end = failover.ended(await execution.end)
    this.#execution = null
    this.#yielding = false
    this.#spoolUntil = null
    scheduler.ended(request, performance.now() - execution.startedAt)
    await this.#executionEnded(end, plan)
  }

  async #executionEnded(end: ExecutionOutcome, plan: Plan): Promise<void> {
    if (this.#end) return
    if (!(await this.#options.unchanged())) return this.fail(sourceChanged(this.#options.query.view.layer.name))
    if (end.outcome === 'COMPLETE') {
      this.#engineDone = this.#progress.ended()
      return this.#engineDone && this.#demand.isOpen ? this.#finish('COMPLETE') : undefined
    }
    this.#progress.cut(end.outcome === 'FAILED')
    if (end.outcome === 'YIELDED' || end.outcome === 'PREEMPTED') return
    await awakeSleep(this.#options.failover.retry(end, plan.digest), this.#closing.signal)
  }

  #receive(received: ReceivedBatch): void {
    if (this.#end) return
    const { failover, heldMemory } = this.#options
    const { execution: _, scan, ...counting } = countUntilReleased(received, heldMemory)
    failover.progress()
    const sequence = this.#progress.received(counting.count, counting.position)
    const batch = { ...counting, sequence, execution: failover.report(scan) }
    if (this.#demand.isOpen) this.#demand.fulfil(batch)
    else if (this.#backlog.hasRoom && this.#spoolUntil === null) this.#backlog.put(batch)
    else void this.#spool(batch)
    this.#stall.waits(this.#execution)
    this.#yieldIfDue()
  }

  /**
   * Pauses the stream, because the client does not read. If others wait, the worker is free after its current batch. If not, it
   * first makes batches for `SPOOL_MS`, which the server keeps on disk.
   */
  #pause(): void {
    if (!this.#execution || this.#yielding || this.#spoolUntil !== null) return
    if (this.#options.hasRivals()) {
      this.#yield()
    } else {
      this.#spoolUntil = performance.now() + SPOOL_MS
      this.#execution.credit()
    }
  }

  async #spool(batch: Batch): Promise<void> {
    const execution = this.#execution
    const room = await this.#backlog.spool(batch)
    if (execution !== this.#execution || this.#spoolUntil === null) return
    if (room && performance.now() < this.#spoolUntil) execution?.credit()
    else this.#yield()
  }

  #pay(): void {
    if (this.#execution && this.#spoolUntil === null) this.#credit.pay(this.#execution, this.#backlog.hasRoom ? 0 : 1)
  }

  #yieldIfDue(): void {
    const { request, query, scheduler } = this.#options
    if (this.#execution && scheduler().mustYield(request, this.#execution, isSorted(query))) this.#yield()
  }

  /**
   * Releases the worker, because another operation has a right to it. An execution that has sent a batch ends after its current
   * batch; one that has not is interrupted and runs again later.
   */
  #preempt(): void {
    if (this.#execution?.batches === 0) this.#execution.preempt()
    else this.#yield()
  }

  #yield(): void {
    if (this.#yielding || !this.#execution) return
    this.#yielding = true
    this.#execution.yield()
  }

  #finish(end: StreamEnd): void {
    if (this.#end) return
    this.#end = end
    this.#stall.close()
    this.#closing.abort(new GeoduckError('SHUTTING_DOWN', 'The operation has ended.'))
    this.#execution?.cancel()
    this.#demand.end(end)
    if (!this.#busy) this.#release()
  }

  #release(): void {
    void this.#backlog.close()
    this.#options.onEnd()
  }
}

/** The batch that the client has requested and not received yet. */
class Demand {
  /** Number of batches that the client has received. */
  received = 0
  #pending: PromiseWithResolvers<Next> | null = null

  get isOpen(): boolean {
    return this.#pending !== null
  }

  open(): Promise<Next> {
    this.#pending = Promise.withResolvers()
    return this.#pending.promise
  }

  fulfil(batch: Batch): void {
    this.received++
    this.#pending?.resolve({ done: false, value: batch })
    this.#pending = null
  }

  end(end: StreamEnd): void {
    if (this.#pending) settled(end).then(this.#pending.resolve, this.#pending.reject)
    this.#pending = null
  }
}

/** The end of a stream: complete, or an error. */
type StreamEnd = 'COMPLETE' | { readonly error: unknown }

function settled(end: StreamEnd): Promise<IteratorResult<Batch>> {
  return end === 'COMPLETE' ? Promise.resolve({ done: true, value: undefined }) : Promise.reject(end.error)
}

function slowConsumer(stallMs: number): GeoduckError {
  const message = `The client did not read for ${stallMs / 1_000} s (--stall-timeout); resume from the cursor.`
  return new GeoduckError('SLOW_CONSUMER', message)
}

/**
 * Turns SOURCE_CHANGED into CURSOR_EXPIRED: a stream can't resume, because its batches come from a version that no longer
 * exists.
 */
export function toStreamError(error: unknown, layer: string): unknown {
  return error instanceof GeoduckError && error.code === 'SOURCE_CHANGED' ? sourceChanged(layer) : error
}

function sourceChanged(layer: string): GeoduckError {
  return new GeoduckError('CURSOR_EXPIRED', `The data of ${layer} changed under the stream; start again without a cursor.`)
}

interface StreamOptions extends ReserveOptions {
  readonly query: Query
  /** Returns the row groups of the layer. */
  readonly groups: () => Promise<RowGroups | null>
  readonly batchSize: number
  readonly emitEmpty: boolean
  readonly batchBytes: number
  readonly message: MessageLimits | null
  readonly deadlineMs: number
  readonly stallMs: number
  readonly spool: SpoolBudget
  /** Returns true if another operation waits that could use the worker of this stream. */
  readonly hasRivals: () => boolean
  /** Returns true if the source is still the version that the query was made for. */
  readonly unchanged: () => Promise<boolean>
  readonly countsScan: boolean
  /** Called once, when the stream has ended and its worker is free. */
  readonly onEnd: () => void
}

/** Batches that wait for the client, in order: at most one in memory, then those that a pause put on disk. */
class Backlog {
  #ready: Batch | null = null
  readonly #spool: Spool
  readonly #heldMemory: HeldMemory

  constructor(budget: SpoolBudget, heldMemory: HeldMemory) {
    this.#spool = new Spool(budget)
    this.#heldMemory = heldMemory
  }

  get empty(): boolean {
    return this.#ready === null && this.#spool.empty
  }

  /** True if no batch is in memory. */
  get hasRoom(): boolean {
    return this.#ready === null
  }

  put(batch: Batch): void {
    this.#ready = batch
  }

  /** Writes a batch to disk. Resolves to true if there is room for another one. */
  spool(batch: Batch): Promise<boolean> {
    return this.#spool.push(batch)
  }

  /** Returns the first batch. It waits for room in held memory before it reads a batch from disk. */
  async take(signal: AbortSignal): Promise<Batch> {
    const ready = this.#ready
    this.#ready = null
    if (ready) return ready
    while (this.#heldMemory.allowance === 0) await this.#heldMemory.room(signal, { timed: false })
    // It is counted before it is read, so that other streams which wait for room don't read too much.
    const bytes = this.#spool.nextBytes
    this.#heldMemory.add(bytes)
    const batch = countUntilReleased(await this.#spool.shift(), this.#heldMemory)
    this.#heldMemory.remove(bytes)
    if (this.#spool.empty) await this.#spool.reset()
    return batch
  }

  async close(): Promise<void> {
    this.#ready = null
    await this.#spool.reset()
  }
}

/** Milliseconds after which a stream whose client does not read pauses. */
const PAUSE_MS = 1_000
/** The same while others wait for a worker. To resume costs about 15 ms of worker time. */
const PAUSE_UNDER_PRESSURE_MS = 50

interface StallOptions {
  /** Milliseconds after which the stream of a client that does not read fails. */
  readonly stallMs: number
  /** Returns true if others wait for a worker. */
  readonly othersWait: () => boolean
  /** Releases the worker and keeps the position. */
  readonly onPause: () => void
  /** Ends the stream with an error. */
  readonly onStalled: () => void
}

/** Watches a client that is slow to read. */
class StallWatch {
  readonly #options: StallOptions
  #pause: AwakeTimer | undefined
  #stall: AwakeTimer | undefined
  #since: number | null = null

  constructor(options: StallOptions) {
    this.#options = options
  }

  /** Is called when the client requests the next batch. */
  reads(): void {
    this.#pause?.clear()
    this.#stall?.clear()
    this.#pause = undefined
    this.#stall = undefined
    this.#since = null
  }

  /** Is called when a batch waits for the client, or is being sent. The worker may have no more credit. */
  waits(execution: ExecutionHandle | null): void {
    this.#stall ??= new AwakeTimer(this.#options.stallMs, this.#options.onStalled)
    if (!execution?.stalled || this.#since !== null) return
    this.#since = performance.now()
    this.#pause = new AwakeTimer(this.#options.othersWait() ? PAUSE_UNDER_PRESSURE_MS : PAUSE_MS, this.#options.onPause)
  }

  /** Is called when other operations start to wait for a worker. */
  pressed(): void {
    if (this.#since === null) return
    this.#pause?.clear()
    const left = Math.max(0, PAUSE_UNDER_PRESSURE_MS - (performance.now() - this.#since))
    this.#pause = new AwakeTimer(left, this.#options.onPause)
  }

  close(): void {
    this.reads()
  }
}

/* While others wait, a stream keeps its worker for one slice of time, counted from the first batch of the execution. */

/** Longest slice in milliseconds. */
const SLICE_MS = 1_000
/** Milliseconds in which each of the waiting operations gets a worker: with many of them, slices are shorter. */
const ROUND_MS = 4_000
/** Shortest slice in milliseconds. To start an execution costs about 15 ms. */
const SHORTEST_SLICE_MS = 20
/** Most batches of a slice. */
const MOST_BATCHES = 64
/** Factor by which slices of a sort are longer, because each execution of a sort does the same work again at its start. */
const SORTED_SLICE_FACTOR = 5

interface Rivals {
  /** Number of waiting operations that could use the worker. */
  readonly size: number
  /** Number of these that have had no worker yet. They don't wait for a stream that has sent a batch. */
  readonly newcomers: number
  /** Number of workers of the lane. */
  readonly workers: number
}

interface Slice {
  /** Milliseconds since the first batch of the execution. */
  readonly ms: number
  readonly batches: number
  readonly sorted: boolean
}

/** Returns true if an execution should end after its current batch because others wait. */
export function sliceIsOver({ size, newcomers, workers }: Rivals, { ms, batches, sorted }: Slice): boolean {
  if (size === 0) return false
  const factor = sorted ? SORTED_SLICE_FACTOR : 1
  if (batches >= MOST_BATCHES * factor) return true
  if (!sorted && newcomers > 0) return true
  const fair = (ROUND_MS * workers) / size
  return ms >= factor * Math.max(SHORTEST_SLICE_MS, Math.min(SLICE_MS, fair))
}
