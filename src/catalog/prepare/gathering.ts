/** Collects what is finished one by one, so that what follows is done once for many. */
import { setTimeout as delay } from 'node:timers/promises'

const LEAST_MS = 2_000
const MOST_MS = 30_000

export interface GatheringOptions<Item> {
  /** Is called with what has come meanwhile, one call at a time. */
  readonly take: (items: readonly Item[]) => Promise<void>
  /** Resolves when no more will come for now: nobody waits longer than that. */
  readonly last: () => Promise<void>
}

export class Gathering<Item> {
  readonly #options: GatheringOptions<Item>
  #items: Item[] = []
  #run: Promise<void> | null = null

  constructor(options: GatheringOptions<Item>) {
    this.#options = options
  }

  get isEmpty(): boolean {
    return this.#items.length === 0
  }

  /** What has been added until now has been taken. */
  get taken(): Promise<void> {
    return this.#run ?? Promise.resolve()
  }

  add(item: Item): void {
    this.#items.push(item)
    this.#run ??= this.#gather().finally(() => {
      this.#run = null
    })
  }

  /** Of many, the first are taken soon, and the rest in few pieces: each is gathered for as long as all before it took. */
  async #gather(): Promise<void> {
    const began = performance.now()
    while (this.#items.length > 0) {
      const ms = Math.min(MOST_MS, Math.max(LEAST_MS, performance.now() - began))
      await Promise.race([delay(ms, undefined, { ref: false }), this.#options.last()])
      await this.#options.take(this.#items.splice(0))
    }
  }
}
