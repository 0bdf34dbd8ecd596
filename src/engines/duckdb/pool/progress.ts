import type { FeatureQuery, Position } from '../../../model/query.ts'
import { compileFeatures } from '../dialect/compile.ts'
import type { Plan } from '../dialect/plan.ts'
import type { Thrift } from './failover.ts'
import { SortWindow } from './window.ts'

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
  #position: Position | null
  #remaining: number | null

  constructor(query: FeatureQuery) {
    this.#query = query
    this.#position = query.after
    this.#remaining = query.limit
    this.#window = new SortWindow(query.orderBy.length > 0)
  }

  /** Of the next turn. */
  plan(thrift: Thrift | null): Plan {
    const limit = this.#window.open(this.#remaining, thrift)
    return compileFeatures({ ...this.#query, after: this.#position, limit })
  }

  /** Rows of the next turn's batches: of each, and of the first of all, behind which they grow. */
  rows(batchSize: number, thrift: Thrift | null): { readonly batchRows: number; readonly firstRows: number } {
    const batchRows = Math.min(batchSize, thrift?.rows ?? batchSize)
    return { batchRows, firstRows: this.batches === 0 && batchSize >= LARGE_BATCH ? Math.min(FIRST_ROWS, batchRows) : batchRows }
  }

  /** A batch has arrived; the number it has. */
  received(count: number, position: Position | null): number {
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
