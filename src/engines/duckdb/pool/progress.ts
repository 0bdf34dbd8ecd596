import type { Query, RowPosition } from '../../../model/query.ts'
import { compileRows } from '../dialect/compile-rows.ts'
import { isSorted, nearestFirst } from '../dialect/order.ts'
import type { Plan } from '../dialect/plan.ts'
import type { SerialLimits } from './failover.ts'
import { Rings, type RowGroups } from './rings.ts'

/**
 * Rows of a stream's first batch. A first batch of 1,024 rows takes half as long again. 256 doubled three times is one chunk of
 * the engine.
 */
const FIRST_ROWS = 256
/** Smallest batch size whose first batch is shortened. A client that requests a size below the default gets that size. */
const LARGE_BATCH = 1_024

/** Rows of the first ring of an order by distance, so that the first batch arrives early. */
const FIRST_RING = 2_048

/** The position of a stream, and the plan of the rows that are still missing. */
export class Progress {
  /** Number of batches that have arrived. */
  batches = 0
  readonly #query: Query
  readonly #window: SortWindow
  readonly #groups: () => Promise<RowGroups | null>
  #rings: Rings | null = null
  #position: RowPosition | null
  #remaining: number | null

  /** `groups` returns those of the layer. It is called for an order by distance only. */
  constructor(query: Query, groups: () => Promise<RowGroups | null> = () => Promise.resolve(null)) {
    this.#query = query
    this.#groups = groups
    this.#position = query.after
    this.#remaining = query.limit
    this.#window = new SortWindow(isSorted(query))
  }

  /** Returns the plan of the next execution. */
  async plan(serial: SerialLimits | null): Promise<Plan> {
    const groups = this.#rings === null && nearestFirst(this.#query) ? await this.#groups() : null
    if (groups) this.#rings = new Rings(this.#query, groups, Math.min(FIRST_RING, this.#remaining ?? FIRST_RING))
    const limit = this.#window.open(this.#remaining, serial)
    return compileRows({ ...this.#query, after: this.#position, limit }, this.#rings?.reach)
  }

  /** Returns the most rows of a batch in the next execution, and of its first batch. */
  rows(batchSize: number, serial: SerialLimits | null): { readonly batchRows: number; readonly firstRows: number } {
    const batchRows = Math.min(batchSize, serial?.rows ?? batchSize)
    return { batchRows, firstRows: this.batches === 0 && batchSize >= LARGE_BATCH ? Math.min(FIRST_ROWS, batchRows) : batchRows }
  }

  /** Records a batch that has arrived. Returns its sequence number. */
  received(count: number, position: RowPosition | null): number {
    this.#position = position ?? this.#position
    if (this.#remaining !== null) this.#remaining -= count
    this.#window.received(count)
    return this.batches++
  }

  /** Records that the execution has reached the end of its plan. Returns true if that is the end of the stream. */
  ended(): boolean {
    if (this.#window.endedFull()) return false
    return this.#rings?.ended() !== false || this.#remaining === 0
  }

  /** Records that the execution ended before the end of its plan. `failed` is true if it failed, for example without memory. */
  cut(failed: boolean): void {
    this.#window.cut(failed)
  }
}

/** Rows of the first window of a sort that resumes. The next window after a full one is twice as large. */
const FIRST = 65_536
const LARGEST = 2 ** 30

/**
 * Limits the rows of each execution of a sorted stream. A sort must do its work again when it resumes. So the first execution
 * streams all rows, and each later one reads only the next rows (a window) as a top-N, which costs one scan and the memory of
 * those rows. In the serial lane every execution is a window, because a sort of wide rows is what ran out of memory.
 */
class SortWindow {
  readonly #sorted: boolean
  #size = 0
  /** Most rows of a window. A larger window has run out of memory. */
  #largest = LARGEST
  /** Rows of the first window with the limits of the last execution; undefined before the first window. */
  #first: number | undefined
  #executions = 0
  #open: number | null = null
  #received = 0

  constructor(sorted: boolean) {
    this.#sorted = sorted
  }

  /** Returns the row limit of the next execution; null if there is none. */
  open(remaining: number | null, serial: SerialLimits | null): number | null {
    this.#received = 0
    this.#open = null
    const isFirst = this.#executions++ === 0
    if (!this.#sorted || (isFirst && !serial)) return remaining
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

  /** Records the end of the plan. Returns true if the window was full, so that more rows may follow. */
  endedFull(): boolean {
    if (this.#open === null || this.#received < this.#open) return false
    this.#size = Math.min(this.#largest, this.#size * 2)
    return true
  }

  /**
   * Records that the execution ended before its window. The next window is small again, and no window becomes as large as a
   * failed one.
   */
  cut(failed: boolean): void {
    const first = this.#first ?? 0
    if (failed && this.#open !== null) this.#largest = Math.max(first, this.#open >> 1)
    this.#size = Math.min(this.#largest, first)
  }
}
