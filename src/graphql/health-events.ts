import type { HealthModel } from './context.ts'

/** As the root field's resolver takes it. */
export interface HealthEvent {
  readonly health: HealthModel
}

export interface HealthSignals {
  /** The client has gone. */
  readonly left: AbortSignal
  /** The server stops; the reason is what the client is told. */
  readonly stopping: AbortSignal
}

/** `health` at once, then at most every so often as long as it is pulled. By hand, so that `return()` ends a wait. */
export class HealthEvents implements AsyncIterableIterator<HealthEvent> {
  readonly #read: () => Promise<HealthModel>
  readonly #everyMs: number
  readonly #stopping: AbortSignal
  #wait = Promise.withResolvers<void>()
  #over = false
  #due = 0

  constructor(read: () => Promise<HealthModel>, everyMs: number, { left, stopping }: HealthSignals) {
    this.#read = read
    this.#everyMs = everyMs
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
    this.#due = performance.now() + this.#everyMs
    try {
      this.#stopping.throwIfAborted()
      return { done: false, value: { health: await this.#read() } }
    } catch (error) {
      await this.return()
      throw error
    }
  }

  return(): Promise<IteratorResult<HealthEvent>> {
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
