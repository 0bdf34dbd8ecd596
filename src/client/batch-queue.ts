/** A queue of batches between the receiver and the reader, in order. Its end follows the last batch. */

/** Batches that may wait for a slow reader. */
const READ_AHEAD = 16

export class BatchQueue<Batch> {
  readonly #batches: Batch[] = []
  readonly #readers: PromiseWithResolvers<IteratorResult<Batch>>[] = []
  readonly #most: number
  readonly #onFull: () => void
  #end: { readonly error?: unknown } | null = null
  #timer: ReturnType<typeof setTimeout> | undefined

  /** @param onFull called when `most` batches or more wait for the reader, which had time to read */
  constructor(most: number | undefined, onFull: () => void) {
    this.#most = Math.max(1, most ?? READ_AHEAD)
    this.#onFull = onFull
  }

  /** The number of batches that may be put into it until it is full. */
  get room(): number {
    return this.#most - this.#batches.length
  }

  get isHalfFull(): boolean {
    return this.#batches.length > this.#most / 2
  }

  /** True if the reader waits for the next batch. */
  get wanted(): boolean {
    return this.#readers.length > 0
  }

  put(batch: Batch): void {
    const reader = this.#readers.shift()
    if (reader) reader.resolve({ done: false, value: batch })
    else this.#batches.push(batch)
    // Many small batches arrive at once. A reader is slow only if it had time to read them and did not.
    if (this.room <= 0) this.#timer ??= setTimeout(() => this.#tellFull(), 0)
  }

  take(): Promise<IteratorResult<Batch>> {
    const batch = this.#batches.shift()
    if (batch !== undefined) return Promise.resolve({ done: false, value: batch })
    const reader = Promise.withResolvers<IteratorResult<Batch>>()
    this.#readers.push(reader)
    this.#settle()
    return reader.promise
  }

  end(end: { readonly error?: unknown }): void {
    clearTimeout(this.#timer)
    this.#end ??= end
    this.#settle()
  }

  /** Discards the batches that were not read. */
  clear(): void {
    this.#batches.length = 0
  }

  #tellFull(): void {
    this.#timer = undefined
    if (this.room <= 0) this.#onFull()
  }

  /** Throws an error once. After it, and after the last batch, the queue is empty. */
  #settle(): void {
    if (!this.#end) return
    for (const reader of this.#readers.splice(0)) {
      const { error } = this.#end
      this.#end = {}
      if (error === undefined) reader.resolve({ done: true, value: undefined })
      else reader.reject(error)
    }
  }
}
