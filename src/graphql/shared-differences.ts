/** The differences that several clients ask for: each is made once. The latest are kept in a limited memory. */
import { LRUCache } from 'lru-cache'
import { join } from '../delivery/raw-json.ts'
import type { Page } from '../engines/engine.ts'
import type { FollowedVersions } from './context.ts'

/** Bytes of all differences that are kept. */
const MOST_BYTES = 16 * 1024 * 1024
/** Bytes of a difference without its outputs. */
const LEAST_BYTES = 1_024

interface Making {
  readonly page: Promise<Page>
  /** Aborted when the client that it is made for has left. */
  readonly signal: AbortSignal
}

const known = new WeakMap<FollowedVersions, SharedDifferences>()

export class SharedDifferences {
  /** Returns those of these layers. */
  static of(live: FollowedVersions): SharedDifferences {
    const differences = known.get(live) ?? new SharedDifferences()
    known.set(live, differences)
    return differences
  }

  readonly #kept = new LRUCache<string, Page>({ maxSize: MOST_BYTES, sizeCalculation: bytesOf })
  readonly #made = new Map<string, Making>()

  /** Returns the page with this name. `make` makes it until `signal` is aborted, unless it is made for another client. */
  async page(name: string, signal: AbortSignal, make: () => Promise<Page>): Promise<Page> {
    const kept = this.#kept.get(name)
    if (kept) return kept
    const made = this.#made.get(name)
    if (made) {
      try {
        return await made.page
      } catch (error) {
        if (!made.signal.aborted || signal.aborted) throw error
      }
      return await this.page(name, signal, make)
    }
    const page = this.#make(name, make).finally(() => this.#made.delete(name))
    this.#made.set(name, { page, signal })
    return await page
  }

  async #make(name: string, make: () => Promise<Page>): Promise<Page> {
    const page = await make()
    // The memory of a page belongs to its client.
    const copy = { ...page, outputs: page.outputs.map((pieces) => [join(pieces, Buffer.allocUnsafeSlow)]), release: () => {} }
    page.release()
    this.#kept.set(name, copy)
    return copy
  }
}

function bytesOf({ outputs }: Page): number {
  return outputs.flat().reduce((sum, { length }) => sum + length, LEAST_BYTES)
}
