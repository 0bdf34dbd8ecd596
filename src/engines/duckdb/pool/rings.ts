/**
 * Chooses the reach of each execution of a result that is ordered by distance. Everything within a distance of the probe meets the
 * box of that half-width around it. So an execution reads the features in a box, which skips the rest of the layer, and returns
 * those within the reach, which are complete. The next execution has a larger reach, and the last one has none.
 */
import type { BBox } from '../../../model/layer.ts'
import type { Query } from '../../../model/query.ts'
import { numericBox } from '../dialect/distance.ts'
import { filtersOf } from '../dialect/filter.ts'
import { nearestFirst } from '../dialect/order.ts'
import { Parameters } from '../dialect/quote.ts'

/**
 * Rows that the first box should have: a circle has 79 % of the rows of its box, and their number varies by its root. With this, the nearest
 * of evenly spread rows are nearly always found in one execution.
 */
function rowsOfBox(wanted: number): number {
  return 1.4 * wanted + 6 * Math.sqrt(wanted)
}

/** The next box should have this many times the rows of the last one. */
const GROWTH = 8
/** A box with more than this share of the rows is as slow as no box. */
const MOST_SHARE = 0.5
/** Bisections of a reach between a number and its double. */
const ROUNDS = 5

export class Rings {
  readonly #boxOf: (reach: number) => BBox | null
  readonly #groups: RowGroups
  /** The box of everything that the filter can match, or of the layer. */
  readonly #bounds: BBox
  readonly #most: number
  #rows: number
  #reach: number | null

  /** `wanted`: the rows that the first ring should have. */
  constructor(query: Query, groups: RowGroups, wanted: number) {
    const probe = nearestFirst(query)
    this.#groups = groups
    this.#boxOf = (reach) => probe && numericBox(probe, reach)
    this.#bounds = filtersOf(query, new Parameters()).necessary?.box ?? groups.extent
    this.#most = MOST_SHARE * groups.rowsIn(this.#bounds, this.#bounds)
    const [first] = query.after?.keys ?? ['0']
    const past = typeof first === 'string' ? Number(first) : Number.NaN
    this.#rows = rowsOfBox(wanted) + this.#rowsWithin(past)
    this.#reach = this.#reachOf(past)
  }

  /** The reach of the next execution. Null: no limit. */
  get reach(): number | null {
    return this.#reach
  }

  /** Records that all features within the reach have arrived. Returns true if that is the end of the result. */
  ended(): boolean {
    if (this.#reach === null) return true
    this.#rows *= GROWTH
    this.#reach = this.#reachOf(this.#reach)
    return false
  }

  /** Returns a reach above `least` whose box is expected to have the rows. Null for all rows. */
  #reachOf(least: number): number | null {
    const wanted = this.#rows
    if (!(wanted < this.#most)) return null
    let [low, high] = [least, Math.max(2 * least, this.#groups.grain)]
    while (this.#rowsWithin(high) < wanted) {
      ;[low, high] = [high, 2 * high]
      if (!Number.isFinite(high)) return null
    }
    for (let round = 0; round < ROUNDS; round++) {
      const middle = (low + high) / 2
      if (this.#rowsWithin(middle) < wanted) low = middle
      else high = middle
    }
    return high
  }

  /** Infinity if the box is not known. */
  #rowsWithin(reach: number): number {
    const box = Number.isNaN(reach) ? null : this.#boxOf(reach)
    return box ? this.#groups.rowsIn(box, this.#bounds) : Number.POSITIVE_INFINITY
  }
}

/** The most groups of a layer. To count the rows in a box takes 10 ns per group. */
const MOST_GROUPS = 8_192
/** Rows of a group, and its box: west, south, east, north. */
const VALUES = 5

/** Groups of neighbouring rows, with the box around each. They take 40 bytes each. */
export class RowGroups {
  readonly extent: BBox
  /** A length that is much shorter than the extent. */
  readonly grain: number
  readonly #values: Float64Array

  /** Groups in the order of the source. A group without a box is left out. */
  constructor(groups: readonly (readonly (number | null)[])[]) {
    const known = groups.filter((group) => group.every((value) => Number.isFinite(value))) as readonly (readonly number[])[]
    const joined = Math.max(1, Math.ceil(known.length / MOST_GROUPS))
    this.#values = new Float64Array(VALUES * Math.ceil(known.length / joined))
    for (let n = 0; n < known.length; n += joined) this.#values.set(join(known.slice(n, n + joined)), (VALUES * n) / joined)
    // Without a geometry, there is no row to find: any box has the right number of them.
    const [, west, south, east, north] = known.length === 0 ? [0, 0, 0, 0, 0] : join(known)
    this.extent = [west, south, east, north]
    const size = Math.max(east - west, north - south)
    this.grain = Math.max(2 ** -40, size * 2 ** -20)
  }

  /** Returns the expected number of rows in both boxes, as if the rows of a group were evenly spread in it. */
  rowsIn(box: BBox, within: BBox): number {
    const [west, south, east, north] = box
    if (west > east) return this.rowsIn([west, south, 180, north], within) + this.rowsIn([-180, south, east, north], within)
    if (within[0] > within[2])
      return this.rowsIn(box, [within[0], within[1], 180, within[3]]) + this.rowsIn(box, [-180, within[1], within[2], within[3]])
    const sides = [
      Math.max(west, within[0]),
      Math.max(south, within[1]),
      Math.min(east, within[2]),
      Math.min(north, within[3]),
    ] as const
    const values = this.#values
    let rows = 0
    for (let n = 0; n < values.length; n += VALUES) {
      const x = share(values[n + 1]!, values[n + 3]!, sides[0], sides[2])
      if (x > 0) rows += values[n]! * x * share(values[n + 2]!, values[n + 4]!, sides[1], sides[3])
    }
    return rows
  }
}

/** The share of a span that another span covers. */
function share(from: number, to: number, least: number, most: number): number {
  if (from > most || to < least || least > most) return 0
  return to === from ? 1 : (Math.min(to, most) - Math.max(from, least)) / (to - from)
}

/** The rows of all groups, and the box around them. */
function join(groups: readonly (readonly number[])[]): [number, number, number, number, number] {
  const all: [number, number, number, number, number] = [
    0,
    Number.POSITIVE_INFINITY,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
  ]
  for (const [rows, west, south, east, north] of groups as readonly [number, number, number, number, number][]) {
    all[0] += rows
    all[1] = Math.min(all[1], west)
    all[2] = Math.min(all[2], south)
    all[3] = Math.max(all[3], east)
    all[4] = Math.max(all[4], north)
  }
  return all
}
