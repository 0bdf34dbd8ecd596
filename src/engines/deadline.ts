/**
 * Limits the time of an operation. One clock counts all of its queries from its start, with the time that they wait for
 * workers.
 */
import { GeoduckError } from '../model/errors.ts'
import { AwakeTimer, awakeNow } from './awake.ts'
import type { Batch } from './engine.ts'

/** The time that an operation has used. It does not advance while the server is suspended. */
export class OperationClock {
  #since = awakeNow()
  /** True if a query of the operation has had a worker. */
  hasHadWorker = false

  /** Milliseconds since the start. */
  get ms(): number {
    return awakeNow() - this.#since
  }

  /** Takes time out of the count. */
  exclude(ms: number): void {
    this.#since = Math.min(awakeNow(), this.#since + ms)
  }

  /**
   * Starts again from zero. It is called when somebody else has killed the operation's worker, so the time there does not
   * count.
   */
  restart(): void {
    this.#since = awakeNow()
  }
}

/** The time limit of one query. */
export class Deadline {
  readonly ms: number
  readonly clock: OperationClock

  constructor(ms: number, clock: OperationClock) {
    this.ms = ms
    this.clock = clock
  }

  /** Milliseconds that remain; negative if the limit has passed. */
  get left(): number {
    return this.ms - this.clock.ms
  }

  /** Calls `wait` and returns its result. When the time is over, it aborts the signal that it passes to `wait`. */
  async limit<Value>(signal: AbortSignal, wait: (signal: AbortSignal) => Promise<Value>): Promise<Value> {
    const late = new AbortController()
    const expire = () => late.abort(this.clock.hasHadWorker ? this.exceeded() : this.noWorker())
    if (this.left <= 0) expire()
    const timer = new AwakeTimer(Math.max(0, this.left), expire)
    try {
      return await wait(AbortSignal.any([signal, late.signal]))
    } finally {
      timer.clear()
    }
  }

  exceeded(): GeoduckError {
    return deadlineExceeded(this.ms)
  }

  /** Returns the error of an operation that got no worker in time. The query may be quick when the server is less busy. */
  noWorker(): GeoduckError {
    const seconds = this.ms / 1_000
    const retryAfter = Math.max(1, Math.ceil(seconds / 2))
    const message = `No worker was free within ${seconds} s (\`deadline\`, at most --deadline); ask again in ${retryAfter} s.`
    return new GeoduckError('OVERLOADED', message, { details: { retryAfter } })
  }
}

export function deadlineExceeded(ms: number): GeoduckError {
  const message = `The query took more than ${ms / 1_000} s (\`deadline\`, at most --deadline); narrow it, or raise the limit.`
  return new GeoduckError('DEADLINE_EXCEEDED', message)
}

/** Counts the bytes that the server holds for an operation: batches and pages that its client has not read yet. */
export interface HeldMemory {
  /**
   * True if its client, its address and the server are all below their limits. The bytes of this operation alone don't decide
   * it.
   */
  readonly hasRoom: boolean
  /**
   * Bytes that may be made for the operation now: infinite while `hasRoom` is true; otherwise a small number if its own
   * connection is being read, or 0.
   */
  readonly allowance: number
  /**
   * Resolves when there may be an allowance again; with `whole`, when there is room again. Rejects with the reason of `signal`,
   * and with OVERLOADED after a while if it is `timed`.
   */
  room(signal: AbortSignal, wanted: RoomOptions): Promise<void>
  add(bytes: number): void
  remove(bytes: number): void
}

export interface RoomOptions {
  /** True if the wait may fail with OVERLOADED. */
  readonly timed: boolean
  /** True to wait for room, not only for an allowance. @default false */
  readonly whole?: boolean
}

/** Held memory without a limit, for callers that have no clients. */
export const UNBOUNDED: HeldMemory = {
  hasRoom: true,
  allowance: Number.POSITIVE_INFINITY,
  room: () => Promise.resolve(),
  add: () => {},
  remove: () => {},
}

/** Counts the bytes of the batch as held memory until the returned batch is released. */
export function countUntilReleased<B extends Pick<Batch, 'outputs' | 'release'>>(batch: B, heldMemory: HeldMemory): B {
  const bytes = batch.outputs.reduce((sum, { length }) => sum + length, 0)
  let held = true
  heldMemory.add(bytes)
  const release = () => {
    batch.release()
    if (held) heldMemory.remove(bytes)
    held = false
  }
  return { ...batch, release }
}
