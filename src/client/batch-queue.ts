/** Batches between the one who receives them and the one who reads them, in order; the end comes behind the last of them. */
export class BatchQueue<Batch> {
  readonly #batches: Batch[] = []
  readonly #readers: PromiseWithResolvers<IteratorResult<Batch>>[] = []
  #end: { readonly error?: unknown } | null = null

  /** How many wait for a reader. */
  get length(): number {
    return this.#batches.length
  }

  /** Whether a reader waits for the next one. */
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

  /** What nobody has read is dropped. */
  clear(): void {
    this.#batches.length = 0
  }

  /** An error is met once; behind it, as behind the last batch, there is nothing more. */
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
