/**
 * One result, pulled batch by batch over as many turns on workers as it takes. At most two batches of it are in the server: one on its way
 * to the client, one behind it. Whatever ends a turn, the next one goes on behind the last batch that arrived here.
 */
import { GeoduckError } from '../../../model/errors.ts'
import { awakeSleep } from '../../awake.ts'
import type { Batch, BatchStream, ExecutionReport } from '../../engine.ts'
import { counted } from '../../holding.ts'
import type { Plan } from '../dialect/plan.ts'
import type { ReceivedBatch } from '../messages.ts'
import { Backlog } from './backlog.ts'
import { Credit } from './credit.ts'
import { Demand } from './demand.ts'
import { type Over, settled, slowConsumer, sourceChanged, toldToStream } from './over.ts'
import { Progress } from './progress.ts'
import { reserveFor } from './reserve.ts'
import type { Slot } from './slot.ts'
import { StallWatch } from './stall.ts'
import type { StreamOptions } from './stream-options.ts'
import { Turn, type TurnEnd } from './turn.ts'

/** A stalled client's worker makes what is coming for this long, then goes. */
const SPOOL_MS = 400

type Result = IteratorResult<Batch>

export class FeatureStream implements BatchStream {
  readonly #options: StreamOptions
  readonly #gone = new AbortController()
  readonly #stall: StallWatch
  readonly #backlog: Backlog
  readonly #progress: Progress
  readonly #demand = new Demand()
  readonly #credit: Credit
  #turn: Turn | null = null
  #busy = false
  /** The engine has no more; the backlog may. */
  #whole = false
  #over: Over | null = null
  #yielding = false
  #spoolUntil: number | null = null

  constructor(options: StreamOptions) {
    this.#options = options
    this.#credit = new Credit(options.holding)
    this.#backlog = new Backlog(options.spool, options.holding)
    this.#progress = new Progress(options.query)
    options.claim.giveUp = () => this.#preempt()
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

  next(): Promise<Result> {
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
    if (!this.#turn || !this.#options.isWanted()) return
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
    const { claim, batchSize, batchBytes, message, emitEmpty, deadlineMs, failover } = this.#options
    const { thrift, wary } = failover
    const plan = this.#progress.plan(thrift)
    const isFirst = this.#progress.batches === 0
    const reserved = await reserveFor(plan, { ...this.#options, timed: isFirst }, this.#gone.signal)
    if (!reserved) return
    const { slot, allowance } = reserved
    const scheduler = this.#options.scheduler()
    const turn = new Turn(slot, {
      plan,
      thrift,
      wary,
      isShared: claim.isShared,
      ...this.#progress.rows(batchSize, thrift),
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
    scheduler.ended(claim, performance.now() - turn.startedAt)
    await this.#turnEnded(end, plan)
  }

  async #turnEnded(end: TurnEnd, plan: Plan): Promise<void> {
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
    const { failover, holding } = this.#options
    const { execution: _, scan, ...counting } = counted(received, holding)
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
    const { claim, query, scheduler } = this.#options
    if (this.#turn && scheduler().turnIsOver(claim, this.#turn, query.orderBy.length > 0)) this.#yield()
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
