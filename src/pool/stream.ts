/**
 * One result, pulled batch by batch over as many turns on workers as it takes. At most two batches of it are in the server: one on its way
 * to the client, one behind it. Whatever ends a turn, the next one goes on behind the last batch that arrived here.
 */
import { GeoduckError } from '../errors.ts'
import { compileFeatures } from '../plan/compile.ts'
import type { Plan } from '../plan/plan.ts'
import type { Position } from '../plan/query.ts'
import { Backlog } from './backlog.ts'
import type { Batch, BatchStream } from './engine.ts'
import type { ReceivedBatch } from './messages.ts'
import { type Over, settled, slowConsumer, sourceChanged } from './over.ts'
import type { Slot } from './slot.ts'
import { StallWatch } from './stall.ts'
import type { StreamOptions } from './stream-options.ts'
import { Turn, type TurnEnd } from './turn.ts'
import { SortWindow } from './window.ts'

/** One batch on its way to the client, one behind it. A first turn while others wait is for one: they have had nothing. */
const MOST_BATCHES = 2
/** 1,024 of them, ready to be drawn, take half as long again. Doubled three times, they end where the engine's chunk does. */
const FIRST_ROWS = 256
/** Who asks for batches of a size below the default wants that size. */
const LARGE_BATCH = 1_024
/** A stalled client's worker makes what is coming for this long, then goes. */
const SPOOL_MS = 400

type Result = IteratorResult<Batch>

export class FeatureStream implements BatchStream {
  readonly #options: StreamOptions
  readonly #gone = new AbortController()
  readonly #stall: StallWatch
  readonly #backlog: Backlog
  readonly #window: SortWindow
  #demand: PromiseWithResolvers<Result> | null = null
  #turn: Turn | null = null
  #busy = false
  /** The engine has no more; the backlog may. */
  #whole = false
  #over: Over | null = null
  #position: Position | null
  #remaining: number | null
  #sequence = 0
  /** Batches that the client has been given. */
  #handed = 0
  #yielding = false
  #spoolUntil: number | null = null

  constructor(options: StreamOptions) {
    this.#options = options
    this.#position = options.query.after
    this.#remaining = options.query.limit
    this.#backlog = new Backlog(options.spool)
    this.#window = new SortWindow(options.query.orderBy.length > 0)
    this.#stall = new StallWatch({
      stallMs: options.stallMs,
      pressure: () => options.scheduler().queued > 0,
      onPark: () => this.#park(),
      onStalled: () => this.fail(slowConsumer(options.stallMs)),
    })
  }

  get state(): 'WAITING' | 'RUNNING' | 'PARKED' {
    if (this.#turn) return 'RUNNING'
    return this.#busy ? 'WAITING' : 'PARKED'
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<Result> {
    if (this.#demand) return Promise.reject(new Error('next() is called one at a time'))
    this.#stall.reads()
    // Being asked again, the batch handed out before has left the server.
    if (this.#handed > 0 && this.#spoolUntil === null) this.#turn?.credit()
    if (this.#whole && this.#backlog.empty) this.#finish('COMPLETE')
    if (this.#over) return settled(this.#over)
    if (!this.#backlog.empty) return this.#hand(this.#backlog.take())
    this.#demand = Promise.withResolvers()
    const { promise } = this.#demand
    this.#advance()
    return promise
  }

  return(): Promise<Result> {
    this.#finish('COMPLETE')
    return Promise.resolve({ done: true, value: undefined })
  }

  /** Ends it with an error, which the client meets behind the batches that it has been handed. */
  fail(error: unknown): void {
    this.#finish({ error })
  }

  /** Others begin to wait for a worker. */
  pressed(): void {
    this.#stall.pressed()
    this.#endTurnIfOver()
  }

  /** The worker of this place is wanted: the turn there ends at the next batch's border, and goes on elsewhere. */
  giveUp(slot: Slot): void {
    if (this.#turn?.slot === slot) this.#yield()
  }

  diagnose(): void {
    this.#turn?.diagnose()
  }

  async #hand(batch: Promise<Batch>): Promise<Result> {
    this.#handed++
    this.#stall.waits(this.#turn)
    return { done: false, value: await batch }
  }

  #advance(): void {
    if (this.#busy || this.#over) return
    this.#busy = true
    this.#takeTurn()
      .catch((error: unknown) => this.fail(error))
      .finally(() => {
        this.#busy = false
        if (this.#over) this.#leave()
        // Without demand it stays parked: the next pull goes on.
        else if (this.#demand) this.#advance()
      })
  }

  async #takeTurn(): Promise<void> {
    const { claim, batchSize, batchBytes, emitEmpty, deadlineMs } = this.#options
    const scheduler = this.#options.scheduler()
    const limit = this.#window.open(this.#remaining, this.#options.failover.lane)
    const plan = compileFeatures({ ...this.#options.query, after: this.#position, limit })
    this.#options.checkPlan(plan)
    const slot = await scheduler.acquire(claim, this.#gone.signal)
    if (this.#over) return slot.release()
    const turn = new Turn(slot, {
      plan,
      batchRows: batchSize,
      firstRows: this.#sequence === 0 && batchSize >= LARGE_BATCH ? FIRST_ROWS : batchSize,
      batchBytes,
      credits: this.#sequence === 0 && scheduler.queued > 0 ? 1 : MOST_BATCHES,
      maxBatches: null,
      whole: null,
      // Behind a batch, the end is none.
      emitEmpty: emitEmpty && this.#sequence === 0,
      deadlineMs,
      onBatch: (message) => this.#receive(message),
    })
    this.#turn = turn
    const end = await turn.end
    this.#turn = null
    this.#yielding = false
    this.#spoolUntil = null
    scheduler.charge(claim, performance.now() - turn.startedAt)
    await this.#turnEnded(end, plan)
  }

  async #turnEnded(end: TurnEnd, plan: Plan): Promise<void> {
    if (this.#over) return
    if (!(await this.#options.unchanged())) return this.fail(sourceChanged(this.#options.query.layer.name))
    if (end.outcome === 'COMPLETE') return this.#turnWasWhole()
    if (end.outcome !== 'YIELDED') this.#options.failover.retry(end, plan.digest)
    this.#window.cut()
  }

  #turnWasWhole(): void {
    if (this.#window.endedFull()) return
    this.#whole = true
    if (this.#demand) this.#finish('COMPLETE')
  }

  #receive({ count, outputs, position, release }: ReceivedBatch): void {
    if (this.#over) return
    const { failover } = this.#options
    failover.progress()
    this.#position = position ?? this.#position
    this.#window.received(count)
    if (this.#remaining !== null) this.#remaining -= count
    const batch = { sequence: this.#sequence++, count, outputs, position, execution: failover.report(), release }
    if (this.#demand) this.#meet(batch)
    else if (this.#backlog.hasRoom && this.#spoolUntil === null) this.#backlog.put(batch)
    else void this.#putAway(batch)
    this.#stall.waits(this.#turn)
    this.#endTurnIfOver()
  }

  /** The client does not read: what is coming goes to disk in one go, and the worker to others. */
  #park(): void {
    if (!this.#turn || this.#yielding || this.#spoolUntil !== null) return
    if (this.#options.scheduler().queued > 0) {
      this.#yield()
    } else {
      this.#spoolUntil = performance.now() + SPOOL_MS
      this.#turn.credit()
    }
  }

  async #putAway(batch: Batch): Promise<void> {
    const turn = this.#turn
    const room = await this.#backlog.putAway(batch)
    if (turn !== this.#turn) return
    if (room && performance.now() < (this.#spoolUntil ?? 0)) turn?.credit()
    else this.#yield()
  }

  #endTurnIfOver(): void {
    const turn = this.#turn
    if (!turn || turn.firstBatchAt === null) return
    const sorted = this.#options.query.orderBy.length > 0
    if (this.#options.scheduler().turnIsOver(performance.now() - turn.firstBatchAt, turn.batches, sorted)) this.#yield()
  }

  #yield(): void {
    if (this.#yielding || !this.#turn) return
    this.#yielding = true
    this.#turn.yield()
  }

  #meet(batch: Batch): void {
    this.#handed++
    this.#demand?.resolve({ done: false, value: batch })
    this.#demand = null
  }

  #finish(over: Over): void {
    if (this.#over) return
    this.#over = over
    this.#stall.close()
    this.#gone.abort(new GeoduckError('SHUTTING_DOWN', 'The operation has ended.'))
    this.#turn?.cancel()
    if (this.#demand) settled(over).then(this.#demand.resolve, this.#demand.reject)
    this.#demand = null
    if (!this.#busy) this.#leave()
  }

  #leave(): void {
    void this.#backlog.close()
    this.#options.onEnd()
  }
}
