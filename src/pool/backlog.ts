import type { Batch } from './engine.ts'
import { Spool, type SpoolBudget } from './spool.ts'

/** Batches that wait for their client, in order: at most one in memory, and behind it those that a stall put on disk. */
export class Backlog {
  #ready: Batch | null = null
  readonly #spool: Spool

  constructor(budget: SpoolBudget) {
    this.#spool = new Spool(budget)
  }

  get empty(): boolean {
    return this.#ready === null && this.#spool.empty
  }

  /** Whether none lies in memory. */
  get hasRoom(): boolean {
    return this.#ready === null
  }

  put(batch: Batch): void {
    this.#ready = batch
  }

  /** To disk. Resolves to false when there is no room for more. */
  putAway(batch: Batch): Promise<boolean> {
    return this.#spool.push(batch)
  }

  /** The first of them. */
  async take(): Promise<Batch> {
    const ready = this.#ready
    this.#ready = null
    if (ready) return ready
    const batch = await this.#spool.shift()
    if (this.#spool.empty) await this.#spool.reset()
    return batch
  }

  async close(): Promise<void> {
    this.#ready = null
    await this.#spool.reset()
  }
}
