/**
 * One result, pulled batch by batch over as many turns on workers as it takes. At most two batches of it are in the server: one on its way
 * to the client, one behind it. Whatever ends a turn, the next one goes on behind the last batch that arrived here.
 */
import { GeoduckError } from '../../../model/errors.ts'
import type { FeatureQuery } from '../../../model/query.ts'
import { AwakeTimer, awakeSleep } from '../../awake.ts'
import { countUntilReleased, type HeldMemory } from '../../deadline.ts'
import type { Batch, BatchStream, ExecutionReport } from '../../engine.ts'
import type { Plan } from '../dialect/plan.ts'
import type { MessageLimits, ReceivedBatch } from '../messages.ts'
import { Credit, ExecutionHandle, type ExecutionOutcome, type ReserveOptions, reserveWorker } from './execution-handle.ts'
import { Progress } from './progress.ts'
import { Spool, type SpoolBudget } from './spool.ts'
import type { WorkerSupervisor } from './worker-supervisor.ts'

/** A stalled client's worker makes what is coming for this long, then goes. */
const SPOOL_MS = 400

type Next = IteratorResult<Batch>

export class FeatureStream implements BatchStream {
  readonly #options: StreamOptions
  readonly #gone = new AbortController()
  readonly #stall: StallWatch
  readonly #backlog: Backlog
  readonly #progress: Progress
  readonly #demand = new Demand()
  readonly #credit: Credit
  #turn: ExecutionHandle | null = null
  #busy = false
  /** The engine has no more; the backlog may. */
  #whole = false
  #over: Over | null = null
  #yielding = false
  #spoolUntil: number | null = null

  constructor(options: StreamOptions) {
    this.#options = options
    this.#credit = new Credit(options.heldMemory)
    this.#backlog = new Backlog(options.spool, options.heldMemory)
    this.#progress = new Progress(options.query)
    options.request.releaseSoon = () => this.#preempt()
    this.#stall = new StallWatch({
      stallMs: options.stallMs,
      pressure: options.isWanted,
      onPark: () => this.#park(),
      onStalled: () => this.fail(slowConsumer(options.stallMs)),
    })
  }

  get state(): 'WAITING' | 'RUNNING' | 'PARKED' {
    return this.#turn ? 'RUNNING' : this.#busy ? 'WAITING' : 'PARKED'
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
    // Being asked again, the batch handed out before has left the server.
    if (this.#demand.given > 0) this.#pay()
    if (this.#whole && this.#backlog.empty) this.#finish('COMPLETE')
    if (this.#over) return settled(this.#over)
    if (!this.#backlog.empty) return this.#hand(this.#backlog.take(this.#gone.signal))
    // The client has read all that went to disk: from here on its reading pays again.
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

  /** Ends it with an error, which the client meets behind the batches that it has been handed. */
  fail(error: unknown): void {
    this.#finish({ error })
  }

  /** Others begin to wait for a worker. */
  pressed(): void {
    if (!this.#turn || !this.#options.isWanted()) return
    this.#stall.pressed()
    this.#endTurnIfOver()
  }

  /** The worker of this place is wanted: the turn there ends at the next batch's border, and goes on elsewhere. */
  giveUp(worker: WorkerSupervisor): void {
    if (this.#turn?.worker === worker) this.#yield()
  }

  diagnose(): void {
    this.#turn?.diagnose()
  }

  async #hand(batch: Promise<Batch>): Promise<Next> {
    this.#demand.given++
    this.#stall.waits(this.#turn)
    try {
      return { done: false, value: await batch }
    } catch (error) {
      if (this.#over) return settled(this.#over)
      // What comes behind a batch that is lost is not what comes behind the one before it.
      this.fail(error)
      throw error
    }
  }

  #advance(): void {
    if (this.#busy || this.#over) return
    this.#busy = true
    this.#takeTurn()
      .catch((error: unknown) => this.fail(toldToStream(error, this.#options.query.view.layer.name)))
      .finally(() => {
        this.#busy = false
        if (this.#over) this.#leave()
        // Without demand it stays parked: the next pull goes on.
        else if (this.#demand.isOpen) this.#advance()
      })
  }

  async #takeTurn(): Promise<void> {
    const { request, batchSize, batchBytes, message, emitEmpty, deadlineMs, failover } = this.#options
    const { serial, wary } = failover
    const plan = this.#progress.plan(serial)
    const isFirst = this.#progress.batches === 0
    const reserved = await reserveWorker(plan, { ...this.#options, timed: isFirst }, this.#gone.signal)
    if (!reserved) return
    const { worker, allowance } = reserved
    const scheduler = this.#options.scheduler()
    const turn = new ExecutionHandle(worker, {
      plan,
      serial: serial,
      wary,
      isShared: request.isShared,
      ...this.#progress.rows(batchSize, serial),
      batchBytes: Math.min(batchBytes, allowance),
      message,
      credits: this.#credit.begin(isFirst && this.#options.isWanted()),
      maxBatches: null,
      whole: null,
      // Behind a batch, the end is none.
      emitEmpty: emitEmpty && isFirst,
      deadlineMs,
      onBatch: (message) => this.#receive(message),
    })
    this.#turn = turn
    const end = failover.ended(await turn.end)
    this.#turn = null
    this.#yielding = false
    this.#spoolUntil = null
    scheduler.ended(request, performance.now() - turn.startedAt)
    await this.#turnEnded(end, plan)
  }

  async #turnEnded(end: ExecutionOutcome, plan: Plan): Promise<void> {
    if (this.#over) return
    if (!(await this.#options.unchanged())) return this.fail(sourceChanged(this.#options.query.view.layer.name))
    if (end.outcome === 'COMPLETE') {
      this.#whole = this.#progress.ended()
      return this.#whole && this.#demand.isOpen ? this.#finish('COMPLETE') : undefined
    }
    this.#progress.cut(end.outcome === 'FAILED')
    if (end.outcome === 'YIELDED' || end.outcome === 'PREEMPTED') return
    await awakeSleep(this.#options.failover.retry(end, plan.digest), this.#gone.signal)
  }

  #receive(received: ReceivedBatch): void {
    if (this.#over) return
    const { failover, heldMemory } = this.#options
    const { execution: _, scan, ...counting } = countUntilReleased(received, heldMemory)
    failover.progress()
    const sequence = this.#progress.received(counting.count, counting.position)
    const batch = { ...counting, sequence, execution: failover.report(scan) }
    if (this.#demand.isOpen) this.#demand.meet(batch)
    else if (this.#backlog.hasRoom && this.#spoolUntil === null) this.#backlog.put(batch)
    else void this.#putAway(batch)
    this.#stall.waits(this.#turn)
    this.#endTurnIfOver()
  }

  /** The client does not read: what is coming goes to disk in one go, and the worker to others. */
  #park(): void {
    if (!this.#turn || this.#yielding || this.#spoolUntil !== null) return
    if (this.#options.isWanted()) {
      this.#yield()
    } else {
      this.#spoolUntil = performance.now() + SPOOL_MS
      this.#turn.credit()
    }
  }

  async #putAway(batch: Batch): Promise<void> {
    const turn = this.#turn
    const room = await this.#backlog.putAway(batch)
    if (turn !== this.#turn || this.#spoolUntil === null) return
    if (room && performance.now() < this.#spoolUntil) turn?.credit()
    else this.#yield()
  }

  #pay(): void {
    if (this.#turn && this.#spoolUntil === null) this.#credit.pay(this.#turn, this.#backlog.hasRoom ? 0 : 1)
  }

  #endTurnIfOver(): void {
    const { request, query, scheduler } = this.#options
    if (this.#turn && scheduler().turnIsOver(request, this.#turn, query.orderBy.length > 0)) this.#yield()
  }

  /** Somebody else is entitled to the worker: a turn that has delivered ends at a border, one that has not begins again later. */
  #preempt(): void {
    if (this.#turn?.batches === 0) this.#turn.preempt()
    else this.#yield()
  }

  #yield(): void {
    if (this.#yielding || !this.#turn) return
    this.#yielding = true
    this.#turn.yield()
  }

  #finish(over: Over): void {
    if (this.#over) return
    this.#over = over
    this.#stall.close()
    this.#gone.abort(new GeoduckError('SHUTTING_DOWN', 'The operation has ended.'))
    this.#turn?.cancel()
    this.#demand.end(over)
    if (!this.#busy) this.#leave()
  }

  #leave(): void {
    void this.#backlog.close()
    this.#options.onEnd()
  }
}

/** What the client has asked for and not been given yet. */
class Demand {
  /** Batches that it has been given. */
  given = 0
  #asked: PromiseWithResolvers<Next> | null = null

  get isOpen(): boolean {
    return this.#asked !== null
  }

  open(): Promise<Next> {
    this.#asked = Promise.withResolvers()
    return this.#asked.promise
  }

  meet(batch: Batch): void {
    this.given++
    this.#asked?.resolve({ done: false, value: batch })
    this.#asked = null
  }

  end(over: Over): void {
    if (this.#asked) settled(over).then(this.#asked.resolve, this.#asked.reject)
    this.#asked = null
  }
}

/** Why no further batch of a stream will come. */
type Over = 'COMPLETE' | { readonly error: unknown }

function settled(over: Over): Promise<IteratorResult<Batch>> {
  return over === 'COMPLETE' ? Promise.resolve({ done: true, value: undefined }) : Promise.reject(over.error)
}

function slowConsumer(stallMs: number): GeoduckError {
  const message = `The client did not read for ${stallMs / 1_000} s (--stall-timeout); resume from the cursor.`
  return new GeoduckError('SLOW_CONSUMER', message)
}

/** What a stream has sent so far is of the version that is gone: it cannot be gone on with. */
function toldToStream(error: unknown, layer: string): unknown {
  return error instanceof GeoduckError && error.code === 'SOURCE_CHANGED' ? sourceChanged(layer) : error
}

function sourceChanged(layer: string): GeoduckError {
  return new GeoduckError('CURSOR_EXPIRED', `The data of ${layer} changed under the stream; start again without a cursor.`)
}

interface StreamOptions extends ReserveOptions {
  readonly query: FeatureQuery
  readonly batchSize: number
  readonly emitEmpty: boolean
  readonly batchBytes: number
  readonly message: MessageLimits | null
  readonly deadlineMs: number
  readonly stallMs: number
  readonly spool: SpoolBudget
  /** Whether somebody waits in that queue who could have its worker. */
  readonly isWanted: () => boolean
  /** Whether the source is still what the query was made for. */
  readonly unchanged: () => Promise<boolean>
  /** Called once, when nothing of it is left. */
  readonly onEnd: () => void
}

/** Batches that wait for their client, in order: at most one in memory, and behind it those that a stall put on disk. */
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

  /** Whether none lies in memory. */
  get hasRoom(): boolean {
    return this.#ready === null
  }

  put(batch: Batch): void {
    this.#ready = batch
  }

  /** To disk. Resolves to false when there is no room for more. */
  putAway(batch: Batch): Promise<boolean> {
    return this.#spool.push(batch)
  }

  /** The first of them. One that is on disk is read once there is room for it in memory. */
  async take(signal: AbortSignal): Promise<Batch> {
    const ready = this.#ready
    this.#ready = null
    if (ready) return ready
    while (this.#heldMemory.allowance === 0) await this.#heldMemory.room(signal, { timed: false })
    // Counted before it is read: others who wait for room would read as much.
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

/** A worker whose client does not read is given up after this long... */
const PARK_MS = 1_000
/** ...and this soon when others wait; taking it up again costs about 15 ms of it. */
const PARK_UNDER_PRESSURE_MS = 50

interface StallOptions {
  /** Milliseconds. */
  readonly stallMs: number
  /** Whether others wait for a worker. */
  readonly pressure: () => boolean
  /** Give the worker up and keep the place. */
  readonly onPark: () => void
  /** Give the operation up. */
  readonly onStalled: () => void
}

/** Watches a client that is slow to read. */
class StallWatch {
  readonly #options: StallOptions
  #park: AwakeTimer | undefined
  #stall: AwakeTimer | undefined
  #since: number | null = null

  constructor(options: StallOptions) {
    this.#options = options
  }

  /** The client asks for the next batch. */
  reads(): void {
    this.#park?.clear()
    this.#stall?.clear()
    this.#park = undefined
    this.#stall = undefined
    this.#since = null
  }

  /** A batch lies ready, or is on its way out; the worker may have used up its credit. */
  waits(turn: ExecutionHandle | null): void {
    this.#stall ??= new AwakeTimer(this.#options.stallMs, this.#options.onStalled)
    if (!turn?.stalled || this.#since !== null) return
    this.#since = performance.now()
    this.#park = new AwakeTimer(this.#options.pressure() ? PARK_UNDER_PRESSURE_MS : PARK_MS, this.#options.onPark)
  }

  /** Others begin to wait for a worker. */
  pressed(): void {
    if (this.#since === null) return
    this.#park?.clear()
    const left = Math.max(0, PARK_UNDER_PRESSURE_MS - (performance.now() - this.#since))
    this.#park = new AwakeTimer(left, this.#options.onPark)
  }

  close(): void {
    this.reads()
  }
}

/** How long a turn on a worker lasts while others wait for it. */

/** A slice, counted from its first batch, lasts at most this long while others wait... */
const SLICE_MS = 1_000
/** ...less when many do, so that each has its turn in about this time... */
const ROUND_MS = 4_000
/** ...but at least this: a turn costs about 15 ms to start. */
const SHORTEST_SLICE_MS = 20
/** ...and at most this many batches. */
const MOST_BATCHES = 64
/** A sort begins its turn with work that the next turn does again. */
const SORTED_SLICE_FACTOR = 5
interface Rivals {
  /** How many wait that could have the worker... */
  readonly size: number
  /** ...and how many of them have had nothing yet: they are not kept waiting by one who has had a batch. */
  readonly newcomers: number
  /** Of the lane. */
  readonly workers: number
}

interface Slice {
  /** Since it began to deliver. */
  readonly ms: number
  readonly batches: number
  readonly sorted: boolean
}

export function sliceIsOver({ size, newcomers, workers }: Rivals, { ms, batches, sorted }: Slice): boolean {
  if (size === 0) return false
  const factor = sorted ? SORTED_SLICE_FACTOR : 1
  if (batches >= MOST_BATCHES * factor) return true
  if (!sorted && newcomers > 0) return true
  const fair = (ROUND_MS * workers) / size
  return ms >= factor * Math.max(SHORTEST_SLICE_MS, Math.min(SLICE_MS, fair))
}
