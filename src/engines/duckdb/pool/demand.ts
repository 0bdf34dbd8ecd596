import type { Batch } from '../../engine.ts'
import { type Over, settled } from './over.ts'

type Result = IteratorResult<Batch>

/** What the client has asked for and not been given yet. */
export class Demand {
  /** Batches that it has been given. */
  given = 0
  #asked: PromiseWithResolvers<Result> | null = null

  get isOpen(): boolean {
    return this.#asked !== null
  }

  open(): Promise<Result> {
    this.#asked = Promise.withResolvers()
    return this.#asked.promise
  }

  meet(batch: Batch): void {
    this.given++
    this.#asked?.resolve({ done: false, value: batch })
    this.#asked = null
  }

  end(over: Over): void {
    if (this.#asked) settled(over).then(this.#asked.resolve, this.#asked.reject)
    this.#asked = null
  }
}
