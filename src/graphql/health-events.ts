import type { HealthModel } from './context.ts'

/** As the root field's resolver takes it. */
export interface HealthEvent {
  readonly health: HealthModel
}

/** Milliseconds of an address between two events of all its subscriptions together: an event costs the server about 0.2 ms. */
const BETWEEN_EVENTS_MS = 5

/** How many subscriptions of `health` each address has: the more there are, the longer each waits for its next event. */
export class HealthSubscribers {
  readonly #counts = new Map<string, number>()

  join(address: string): void {
    this.#counts.set(address, this.#count(address) + 1)
  }

  leave(address: string): void {
    const left = this.#count(address) - 1
    if (left > 0) this.#counts.set(address, left)
    else this.#counts.delete(address)
  }

  /** Milliseconds between two events of a subscription, so that the address has no more than 200 events a second. */
  leastMs(address: string): number {
    return this.#count(address) * BETWEEN_EVENTS_MS
  }

  #count(address: string): number {
    return this.#counts.get(address) ?? 0
  }
}

export interface HealthSubscription {
  readonly everyMs: number
  readonly address: string
  readonly subscribers: HealthSubscribers
}

export interface HealthSignals {
  /** The client has gone. */
  readonly left: AbortSignal
  /** The server stops; the reason is what the client is told. */
  readonly stopping: AbortSignal
}

/** `health` at once, then at most every so often as long as it is pulled; less often where its address has many. By hand, so that `return()` ends a wait. */
export class HealthEvents implements AsyncIterableIterator<HealthEvent> {
  readonly #read: () => Promise<HealthModel>
  readonly #subscription: HealthSubscription
  readonly #stopping: AbortSignal
  #wait = Promise.withResolvers<void>()
  #over = false
  #due = 0

  constructor(read: () => Promise<HealthModel>, subscription: HealthSubscription, { left, stopping }: HealthSignals) {
    this.#read = read
    this.#subscription = subscription
    subscription.subscribers.join(subscription.address)
    this.#stopping = stopping
    left.addEventListener('abort', () => void this.return(), { once: true })
    stopping.addEventListener('abort', this.#wake)
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async next(): Promise<IteratorResult<HealthEvent>> {
    await this.#pause()
    if (this.#over) return { done: true, value: undefined }
    const { everyMs, address, subscribers } = this.#subscription
    this.#due = performance.now() + Math.max(everyMs, subscribers.leastMs(address))
    try {
      this.#stopping.throwIfAborted()
      return { done: false, value: { health: await this.#read() } }
    } catch (error) {
      await this.return()
      throw error
    }
  }

  return(): Promise<IteratorResult<HealthEvent>> {
    if (!this.#over) this.#subscription.subscribers.leave(this.#subscription.address)
    this.#over = true
    this.#stopping.removeEventListener('abort', this.#wake)
    this.#wake()
    return Promise.resolve({ done: true, value: undefined })
  }

  readonly #wake = () => this.#wait.resolve()

  async #pause(): Promise<void> {
    const ms = this.#due - performance.now()
    if (ms <= 0 || this.#over || this.#stopping.aborted) return
    this.#wait = Promise.withResolvers()
    const timer = setTimeout(this.#wake, ms)
    await this.#wait.promise
    clearTimeout(timer)
  }
}
