import type { Lane } from './engine.ts'

/** Rows of the first window of a sort that goes on; each one that is used up is followed by one twice as large. */
const FIRST: Readonly<Record<Lane, number>> = { NORMAL: 65_536, SERIAL: 2_048 }
const LARGEST: Readonly<Record<Lane, number>> = { NORMAL: 2 ** 30, SERIAL: 65_536 }

/**
 * A sort begins with work that going on does again: the first turn streams all of it, and a later one only the next rows, as a top-N, which
 * costs a scan and the memory of those rows. In the serial lane every turn is a window: what ran out of memory was a sort of wide rows.
 */
export class SortWindow {
  readonly #sorted: boolean
  #size = 0
  #lane: Lane | null = null
  #turns = 0
  #open: number | null = null
  #received = 0

  constructor(sorted: boolean) {
    this.#sorted = sorted
  }

  /** The limit of the next turn; null = none. */
  open(remaining: number | null, lane: Lane): number | null {
    this.#received = 0
    this.#open = null
    const first = this.#turns++ === 0
    if (!this.#sorted || (first && lane === 'NORMAL')) return remaining
    if (lane !== this.#lane) this.#size = FIRST[lane]
    this.#lane = lane
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
    if (this.#lane) this.#size = Math.min(LARGEST[this.#lane], this.#size * 2)
    return true
  }

  /** The turn ended before its window did: the next is small again. */
  cut(): void {
    if (this.#lane) this.#size = FIRST[this.#lane]
  }
}
