import { compileFeatures } from '../plan/compile.ts'
import type { Plan } from '../plan/plan.ts'
import type { FeatureQuery, Position } from '../plan/query.ts'
import type { Thrift } from './failover.ts'
import { SortWindow } from './window.ts'

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
