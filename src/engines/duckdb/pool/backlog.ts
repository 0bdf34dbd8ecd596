import type { Batch } from '../../engine.ts'
import { counted, type Holding } from '../../holding.ts'
import { Spool, type SpoolBudget } from './spool.ts'

/** Batches that wait for their client, in order: at most one in memory, and behind it those that a stall put on disk. */
export class Backlog {
  #ready: Batch | null = null
  readonly #spool: Spool
  readonly #holding: Holding

  constructor(budget: SpoolBudget, holding: Holding) {
    this.#spool = new Spool(budget)
    this.#holding = holding
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

  /** The first of them. One that is on disk is read once there is room for it in memory. */
  async take(signal: AbortSignal): Promise<Batch> {
    const ready = this.#ready
    this.#ready = null
    if (ready) return ready
    while (this.#holding.allowance === 0) await this.#holding.room(signal, { timed: false })
    // Counted before it is read: others who wait for room would read as much.
    const bytes = this.#spool.nextBytes
    this.#holding.add(bytes)
    const batch = counted(await this.#spool.shift(), this.#holding)
    this.#holding.remove(bytes)
    if (this.#spool.empty) await this.#spool.reset()
    return batch
  }

  async close(): Promise<void> {
    this.#ready = null
    await this.#spool.reset()
  }
}
