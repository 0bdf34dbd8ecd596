import type { HealthModel } from './context.ts'

/** An event in the form that the resolver of the root field takes. */
export interface HealthEvent {
  readonly health: HealthModel
}

/** Milliseconds between two events of all subscriptions of one address. An event costs the server about 0.2 ms. */
const BETWEEN_EVENTS_MS = 5

/** Counts the `health` subscriptions per address. The more an address has, the longer each waits for its next event. */
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

  /** Returns the milliseconds between two events of a subscription, so that the address gets at most 200 events per second. */
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
  /** Aborted when the client has disconnected. */
  readonly left: AbortSignal
  /** Aborted when the server stops. Its reason is the error for the client. */
  readonly stopping: AbortSignal
}

/**
 * Yields `health` at once, then at the requested interval while the client pulls. The interval is longer if the address has
 * many subscriptions. It is no async generator, so that `return()` ends a wait.
 */
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
