/**
 * One result, pulled batch by batch over as many turns on workers as it takes. At most two batches of it are in the server: one on its way
 * to the client, one behind it. Whatever ends a turn, the next one goes on behind the last batch that arrived here.
 */
import { GeoduckError } from '../errors.ts'
import { compileFeatures } from '../plan/compile.ts'
import type { Plan } from '../plan/plan.ts'
import type { FeatureQuery, Position } from '../plan/query.ts'
import type { Batch, BatchStream } from './engine.ts'
import type { Failover } from './failover.ts'
import type { BatchMessage } from './messages.ts'
import type { Claim, Scheduler } from './scheduler.ts'
import { StallWatch } from './stall.ts'
import { Turn, type TurnEnd } from './turn.ts'

/** One batch on its way to the client, one behind it. */
const MOST_BATCHES = 2

export interface StreamOptions {
  readonly query: FeatureQuery
  readonly batchSize: number
  readonly batchBytes: number
  readonly deadlineMs: number
  readonly stallMs: number
  readonly failover: Failover
  readonly claim: Claim
  /** The queue of the lane that the failover has come to. */
  readonly scheduler: () => Scheduler
  readonly checkPlan: (plan: Plan) => void
  /** Whether the source is still what the query was made for. */
  readonly unchanged: () => Promise<boolean>
  /** Called once, when nothing of it is left. */
  readonly onEnd: () => void
}

/** Why no further batch will come. */
type Over = 'COMPLETE' | { readonly error: unknown }

type State = 'WAITING' | 'RUNNING' | 'PARKED'

export class FeatureStream implements BatchStream {
  readonly #options: StreamOptions
  readonly #gone = new AbortController()
  readonly #stall: StallWatch
  #buffer: Batch[] = []
  #demand: PromiseWithResolvers<IteratorResult<Batch>> | null = null
  #turn: Turn | null = null
  #busy = false
  #over: Over | null = null
  #position: Position | null
  #remaining: number | null
  #sequence = 0
  #yielding = false

  constructor(options: StreamOptions) {
    this.#options = options
    this.#position = options.query.after
    this.#remaining = options.query.limit
    this.#stall = new StallWatch({
      stallMs: options.stallMs,
      pressure: () => options.scheduler().queued > 0,
      onPark: () => this.#yield(),
      onStalled: () => this.fail(slowConsumer(options.stallMs)),
    })
  }

  get state(): State {
    if (this.#turn) return 'RUNNING'
    return this.#busy ? 'WAITING' : 'PARKED'
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<IteratorResult<Batch>> {
    if (this.#demand) return Promise.reject(new Error('next() is called one at a time'))
    this.#stall.reads()
    // Being asked again, the batch handed out before has left the server.
    if (this.#sequence > this.#buffer.length) this.#turn?.credit()
    const batch = this.#buffer.shift()
    if (batch) {
      this.#stall.waits(this.#turn)
      return Promise.resolve({ done: false, value: batch })
    }
    if (this.#over) return this.#settled(this.#over)
    this.#demand = Promise.withResolvers()
    const { promise } = this.#demand
    this.#advance()
    return promise
  }

  return(): Promise<IteratorResult<Batch>> {
    this.#finish('COMPLETE')
    this.#buffer = []
    return Promise.resolve({ done: true, value: undefined })
  }

  /** Ends it with an error, which the client meets behind the batches that it has been handed. */
  fail(error: unknown): void {
    this.#buffer = []
    this.#finish({ error })
  }

  /** Others wait for a worker. */
  pressed(): void {
    this.#stall.pressed()
    this.#endTurnIfOver()
  }

  diagnose(): void {
    this.#turn?.diagnose()
  }

  #advance(): void {
    if (this.#busy || this.#over) return
    this.#busy = true
    this.#takeTurn()
      .catch((error: unknown) => this.fail(error))
      .finally(() => {
        this.#busy = false
        if (this.#over) this.#options.onEnd()
        // Without demand it stays parked: the next pull goes on.
        else if (this.#demand) this.#advance()
      })
  }

  async #takeTurn(): Promise<void> {
    const { claim, batchSize, batchBytes, deadlineMs } = this.#options
    const scheduler = this.#options.scheduler()
    const plan = compileFeatures({ ...this.#options.query, after: this.#position, limit: this.#remaining })
    this.#options.checkPlan(plan)
    const slot = await scheduler.acquire(claim, this.#gone.signal)
    if (this.#over) return slot.release()
    const turn = new Turn(slot, {
      plan,
      batchRows: batchSize,
      batchBytes,
      credits: MOST_BATCHES,
      maxBatches: null,
      emitEmpty: false,
      deadlineMs,
      onBatch: (message) => this.#receive(message),
    })
    this.#turn = turn
    const end = await turn.end
    this.#turn = null
    this.#yielding = false
    scheduler.charge(claim, performance.now() - turn.startedAt)
    await this.#turnEnded(end, plan)
  }

  async #turnEnded(end: TurnEnd, plan: Plan): Promise<void> {
    if (this.#over) return
    if (!(await this.#options.unchanged())) return this.fail(sourceChanged(this.#options.query.layer.name))
    if (end.outcome === 'COMPLETE') return this.#finish('COMPLETE')
    if (end.outcome !== 'YIELDED') this.#options.failover.retry(end, plan.digest)
  }

  #receive({ count, outputs, position }: BatchMessage): void {
    if (this.#over) return
    const { failover } = this.#options
    failover.progress()
    this.#position = position
    if (this.#remaining !== null) this.#remaining -= count
    const batch = { sequence: this.#sequence++, count, outputs, position, execution: failover.report() }
    if (this.#demand) this.#meet({ done: false, value: batch })
    else this.#buffer.push(batch)
    this.#stall.waits(this.#turn)
    this.#endTurnIfOver()
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

  #meet(result: IteratorResult<Batch>): void {
    this.#demand?.resolve(result)
    this.#demand = null
  }

  #finish(over: Over): void {
    if (this.#over) return
    this.#over = over
    this.#stall.close()
    this.#gone.abort(new GeoduckError('SHUTTING_DOWN', 'The operation has ended.'))
    this.#turn?.cancel()
    if (this.#demand) {
      this.#settled(over).then(this.#demand.resolve, this.#demand.reject)
      this.#demand = null
    }
    if (!this.#busy) this.#options.onEnd()
  }

  #settled(over: Over): Promise<IteratorResult<Batch>> {
    return over === 'COMPLETE' ? Promise.resolve({ done: true, value: undefined }) : Promise.reject(over.error)
  }
}

function slowConsumer(stallMs: number): GeoduckError {
  const message = `The client did not read for ${stallMs / 1_000} s (--stall-timeout); resume from the cursor.`
  return new GeoduckError('SLOW_CONSUMER', message)
}

function sourceChanged(layer: string): GeoduckError {
  return new GeoduckError('CURSOR_EXPIRED', `The data of ${layer} changed under the stream; start again without a cursor.`)
}
