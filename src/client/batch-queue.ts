/** A queue of batches between the receiver and the reader, in order. Its end follows the last batch. */
export class BatchQueue<Batch> {
  readonly #batches: Batch[] = []
  readonly #readers: PromiseWithResolvers<IteratorResult<Batch>>[] = []
  #end: { readonly error?: unknown } | null = null

  /** The number of batches that wait for the reader. */
  get length(): number {
    return this.#batches.length
  }

  /** True if the reader waits for the next batch. */
  get wanted(): boolean {
    return this.#readers.length > 0
  }

  put(batch: Batch): void {
    const reader = this.#readers.shift()
    if (reader) reader.resolve({ done: false, value: batch })
    else this.#batches.push(batch)
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
    this.#end ??= end
    this.#settle()
  }

  /** Discards the batches that were not read. */
  clear(): void {
    this.#batches.length = 0
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
