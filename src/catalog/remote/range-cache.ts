/**
 * Keeps ranges of objects in memory, up to a limit: those that were sent least recently are dropped first. The bytes of a version never
 * change, so no range becomes wrong.
 */
export class RangeCache {
  readonly #limitBytes: number
  /** The least recently sent is the first. */
  readonly #ranges = new Map<string, Buffer>()
  #bytes = 0

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes
  }

  get(key: string): Buffer | undefined {
    const range = this.#ranges.get(key)
    if (!range) return undefined
    this.#ranges.delete(key)
    this.#ranges.set(key, range)
    return range
  }

  /** Yields the pieces, and keeps them when all have arrived. A range of more than a sixteenth of the limit is not kept. */
  async *keep(key: string, length: number, pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    const kept: Buffer[] = []
    for await (const piece of pieces) {
      if (length <= this.#limitBytes / 16) kept.push(piece)
      yield piece
    }
    if (kept.length > 0) this.#put(key, Buffer.concat(kept))
  }

  #put(key: string, range: Buffer): void {
    this.#bytes += range.length - (this.#ranges.get(key)?.length ?? 0)
    this.#ranges.delete(key)
    this.#ranges.set(key, range)
    for (const [oldest, { length }] of this.#ranges) {
      if (this.#bytes <= this.#limitBytes) return
      this.#ranges.delete(oldest)
      this.#bytes -= length
    }
  }
}
