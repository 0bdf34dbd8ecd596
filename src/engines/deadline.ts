/** The time that an operation may take: one clock for all of its questions, from its beginning on, waiting for workers included. */
import { GeoduckError } from '../model/errors.ts'
import { AwakeTimer, awakeNow } from './awake.ts'
import type { Batch } from './engine.ts'

/** Of one operation. Stands still while the server is suspended. */
export class OperationClock {
  #since = awakeNow()
  /** A question of the operation has been given a worker. */
  served = false

  get ms(): number {
    return awakeNow() - this.#since
  }

  /** A worker was taken from the operation by somebody else: the time that it had there does not count against it. */
  restart(): void {
    this.#since = awakeNow()
  }
}

/** Of one question. */
export class Deadline {
  readonly ms: number
  readonly clock: OperationClock

  constructor(ms: number, clock: OperationClock) {
    this.ms = ms
    this.clock = clock
  }

  /** Milliseconds. */
  get left(): number {
    return this.ms - this.clock.ms
  }

  /** What `wait` resolves to, unless time runs out before; its signal is aborted then. */
  async over<Value>(signal: AbortSignal, wait: (signal: AbortSignal) => Promise<Value>): Promise<Value> {
    const late = new AbortController()
    const expire = () => late.abort(this.clock.served ? this.exceeded() : this.neverServed())
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

  /** The query is not at fault: another time it may be quick. */
  neverServed(): GeoduckError {
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

/** What an operation holds in the server's memory for its client: batches and pages that the client has not taken yet. */
export interface HeldMemory {
  /** Whether its client, its address and the server may hold more, whatever this operation holds itself. */
  readonly hasRoom: boolean
  /** Bytes that may be made for it now: without end while it has room, a little where its own connection is read, otherwise 0. */
  readonly allowance: number
  /**
   * Resolves when there may be an allowance again, or room where that is wanted. Rejects with the reason of `signal`, and with OVERLOADED after a
   * while if it is `timed`.
   */
  room(signal: AbortSignal, wanted: RoomOptions): Promise<void>
  add(bytes: number): void
  remove(bytes: number): void
}

export interface RoomOptions {
  readonly timed: boolean
  /** Not only an allowance. @default false */
  readonly whole?: boolean
}

/** For callers that have no clients. */
export const UNBOUNDED: HeldMemory = {
  hasRoom: true,
  allowance: Number.POSITIVE_INFINITY,
  room: () => Promise.resolve(),
  add: () => {},
  remove: () => {},
}

/** The batch, counted until it is released. */
export function countUntilReleased<B extends Pick<Batch, 'outputs' | 'release'>>(batch: B, holding: HeldMemory): B {
  const bytes = batch.outputs.reduce((sum, { length }) => sum + length, 0)
  let held = true
  holding.add(bytes)
  const release = () => {
    batch.release()
    if (held) holding.remove(bytes)
    held = false
  }
  return { ...batch, release }
}
