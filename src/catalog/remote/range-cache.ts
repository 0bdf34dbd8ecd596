import { LRUCache } from 'lru-cache'

/** The largest share of the limit that a range may take. */
const MOST_SHARE = 1 / 16

/**
 * Keeps ranges of objects in memory, up to a limit: those that were sent least recently are dropped first. The bytes of a version never
 * change, so no range becomes wrong.
 */
export class RangeCache {
  readonly #mostBytes: number
  readonly #ranges: LRUCache<string, Buffer>

  constructor(limitBytes: number) {
    this.#mostBytes = limitBytes * MOST_SHARE
    // The library takes 0 for no limit. With a limit of 0 nothing is put into it.
    this.#ranges = new LRUCache({ maxSize: Math.max(1, limitBytes), sizeCalculation: ({ length }) => length })
  }

  get(key: string): Buffer | undefined {
    return this.#ranges.get(key)
  }

  /** Yields the pieces, and keeps them when all have arrived, unless the range is too large. */
  async *keep(key: string, length: number, pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    const kept: Buffer[] = []
    for await (const piece of pieces) {
      if (length <= this.#mostBytes) kept.push(piece)
      yield piece
    }
    if (kept.length > 0) this.#ranges.set(key, ownCopy(kept, length))
  }
}

/** A small buffer of `Buffer.concat` shares 64 KB with others, which it would keep too. */
function ownCopy(pieces: readonly Buffer[], length: number): Buffer {
  const own = Buffer.allocUnsafeSlow(length)
  let at = 0
  for (const piece of pieces) at += piece.copy(own, at)
  return own
}
