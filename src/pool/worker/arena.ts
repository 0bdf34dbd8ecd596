/**
 * Memory that the columns of chunks lie in, and that is used again for later ones: a buffer of its own for each column was a third of a
 * worker's own processor time, in allocating it and in V8's collecting it.
 */
const FIRST_BYTES = 512 * 1024
/** Chunks whose rows are waiting are few: they become batches of a megabyte. */
const MOST_KEPT = 4
const MOST_KEPT_BYTES = 8 * 1024 * 1024

const kept: Arena[] = []

export class Arena {
  #block = new ArrayBuffer(FIRST_BYTES)
  #used = 0

  /** One that nobody uses. */
  static open(): Arena {
    return kept.pop() ?? new Arena()
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
    if (kept.length < MOST_KEPT && this.#block.byteLength <= MOST_KEPT_BYTES) kept.push(this)
  }
}

function padded(bytes: number): number {
  return (bytes + 7) & ~7
}
