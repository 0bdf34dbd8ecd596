/**
 * Memory that the columns of chunks lie in, and that is used again for later ones: a buffer of its own for each column was a third of a
 * worker's own processor time, in allocating it and in V8's collecting it.
 */
const FIRST_BYTES = 512 * 1024
/** A chunk is 2,048 features: of large polygons, 8 MB and more. */
const MOST_KEPT_BYTES = 64 * 1024 * 1024

const kept: Arena[] = []
let keptBytes = 0

export class Arena {
  #block = new ArrayBuffer(FIRST_BYTES)
  #used = 0

  /** One that nobody uses. */
  static open(): Arena {
    const arena = kept.pop()
    if (!arena) return new Arena()
    keptBytes -= arena.#block.byteLength
    return arena
  }

  /** `bytes` of any content, aligned for every number. */
  take(bytes: number): Uint8Array<ArrayBuffer> {
    if (this.#used + bytes > this.#block.byteLength) {
      // What was taken of the former one holds it for as long as it is needed.
      this.#block = new ArrayBuffer(Math.max(2 * this.#block.byteLength, padded(bytes)))
      this.#used = 0
    }
    const taken = new Uint8Array(this.#block, this.#used, bytes)
    this.#used += padded(bytes)
    return taken
  }

  /** Nobody reads what was taken of it any more. */
  close(): void {
    this.#used = 0
    if (keptBytes + this.#block.byteLength > MOST_KEPT_BYTES) return
    keptBytes += this.#block.byteLength
    kept.push(this)
  }
}

function padded(bytes: number): number {
  return (bytes + 7) & ~7
}
