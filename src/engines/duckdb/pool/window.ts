import type { Thrift } from './failover.ts'

/** Rows of the first window of a sort that goes on; each one that is used up is followed by one twice as large. */
const FIRST = 65_536
const LARGEST = 2 ** 30

/**
 * A sort begins with work that going on does again: the first turn streams all of it, and a later one only the next rows, as a top-N, which
 * costs a scan and the memory of those rows. In the serial lane every turn is a window: what ran out of memory was a sort of wide rows.
 */
export class SortWindow {
  readonly #sorted: boolean
  #size = 0
  /** One that was larger ran out of memory. */
  #largest = LARGEST
  /** Of the window before; undefined: there was none. */
  #first: number | undefined
  #turns = 0
  #open: number | null = null
  #received = 0

  constructor(sorted: boolean) {
    this.#sorted = sorted
  }

  /** The limit of the next turn; null = none. `thrift` is the serial lane's. */
  open(remaining: number | null, thrift: Thrift | null): number | null {
    this.#received = 0
    this.#open = null
    const beginning = this.#turns++ === 0
    if (!this.#sorted || (beginning && !thrift)) return remaining
    const first = thrift?.rows ?? FIRST
    if (first !== this.#first) this.#size = Math.min(this.#largest, first)
    this.#first = first
    this.#open = Math.min(this.#size, remaining ?? Number.POSITIVE_INFINITY)
    if (this.#open === remaining) this.#open = null
    return this.#open ?? remaining
  }

  received(rows: number): void {
    this.#received += rows
  }

  /** The turn came to its end. True: that was the window's, and there may be more behind it. */
  endedFull(): boolean {
    if (this.#open === null || this.#received < this.#open) return false
    this.#size = Math.min(this.#largest, this.#size * 2)
    return true
  }

  /** The turn ended before its window did: the next is small again, and none becomes as large as one that `failed`. */
  cut(failed: boolean): void {
    const first = this.#first ?? 0
    if (failed && this.#open !== null) this.#largest = Math.max(first, this.#open >> 1)
    this.#size = Math.min(this.#largest, first)
  }
}
