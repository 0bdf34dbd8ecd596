import type { FeatureQuery, RowPosition } from '../../../model/query.ts'
import { compileFeatures } from '../dialect/compile.ts'
import type { Plan } from '../dialect/plan.ts'
import type { SerialLimits } from './failover.ts'

/** 1,024 of them, ready to be drawn, take half as long again. Doubled three times, they end where the engine's chunk does. */
const FIRST_ROWS = 256
/** Who asks for batches of a size below the default wants that size. */
const LARGE_BATCH = 1_024

/** How far a stream has come, and so the plan of what is missing. */
export class Progress {
  /** Batches that have arrived. */
  batches = 0
  readonly #query: FeatureQuery
  readonly #window: SortWindow
  #position: RowPosition | null
  #remaining: number | null

  constructor(query: FeatureQuery) {
    this.#query = query
    this.#position = query.after
    this.#remaining = query.limit
    this.#window = new SortWindow(query.orderBy.length > 0)
  }

  /** Of the next turn. */
  plan(serial: SerialLimits | null): Plan {
    const limit = this.#window.open(this.#remaining, serial)
    return compileFeatures({ ...this.#query, after: this.#position, limit })
  }

  /** Rows of the next turn's batches: of each, and of the first of all, behind which they grow. */
  rows(batchSize: number, serial: SerialLimits | null): { readonly batchRows: number; readonly firstRows: number } {
    const batchRows = Math.min(batchSize, serial?.rows ?? batchSize)
    return { batchRows, firstRows: this.batches === 0 && batchSize >= LARGE_BATCH ? Math.min(FIRST_ROWS, batchRows) : batchRows }
  }

  /** A batch has arrived; the number it has. */
  received(count: number, position: RowPosition | null): number {
    this.#position = position ?? this.#position
    if (this.#remaining !== null) this.#remaining -= count
    this.#window.received(count)
    return this.batches++
  }

  /** The turn came to its end. Whether that is the end of all. */
  ended(): boolean {
    return !this.#window.endedFull()
  }

  /** The turn ended before its plan did; `failed`: it ran out of something. */
  cut(failed: boolean): void {
    this.#window.cut(failed)
  }
}

/** Rows of the first window of a sort that goes on; each one that is used up is followed by one twice as large. */
const FIRST = 65_536
const LARGEST = 2 ** 30

/**
 * A sort begins with work that going on does again: the first turn streams all of it, and a later one only the next rows, as a top-N, which
 * costs a scan and the memory of those rows. In the serial lane every turn is a window: what ran out of memory was a sort of wide rows.
 */
class SortWindow {
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
  open(remaining: number | null, serial: SerialLimits | null): number | null {
    this.#received = 0
    this.#open = null
    const beginning = this.#turns++ === 0
    if (!this.#sorted || (beginning && !serial)) return remaining
    const first = serial?.rows ?? FIRST
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
