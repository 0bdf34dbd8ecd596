/** The differences that several clients ask for: each is made once, and kept for a short time in a limited memory. */
import { LRUCache } from 'lru-cache'
import { join } from '../delivery/raw-json.ts'
import type { Page } from '../engines/engine.ts'

/** Bytes of all differences that are kept. */
const MOST_BYTES = 16 * 1024 * 1024
/** Bytes of a difference without its outputs. */
const LEAST_BYTES = 1_024

export class SharedDifferences {
  readonly #kept = new LRUCache<string, Page>({ maxSize: MOST_BYTES, sizeCalculation: bytesOf })
  readonly #made = new Map<string, Promise<Page>>()

  /** Returns the page with this name. `make` makes it, unless another client did or does. */
  async page(name: string, make: () => Promise<Page>): Promise<Page> {
    const kept = this.#kept.get(name)
    if (kept) return kept
    const made = this.#made.get(name)
    // The other client may have left meanwhile.
    if (made !== undefined) return await made.catch(make)
    const making = this.#make(name, make)
    this.#made.set(name, making)
    try {
      return await making
    } finally {
      this.#made.delete(name)
    }
  }

  async #make(name: string, make: () => Promise<Page>): Promise<Page> {
    const page = await make()
    // The memory of a page belongs to its client.
    const copy = { ...page, outputs: page.outputs.map((pieces) => [join(pieces)]), release: () => {} }
    page.release()
    this.#kept.set(name, copy)
    return copy
  }
}

function bytesOf({ outputs }: Page): number {
  return outputs.flat().reduce((sum, { length }) => sum + length, LEAST_BYTES)
}
