/** How long a turn on a worker lasts while others wait for it. */

/** A slice, counted from its first batch, lasts at most this long while others wait... */
const SLICE_MS = 1_000
/** ...less when many do, so that each has its turn in about this time... */
const ROUND_MS = 4_000
/** ...but at least this: a turn costs about 15 ms to start. */
const SHORTEST_SLICE_MS = 20
/** ...and at most this many batches. */
const MOST_BATCHES = 64
/** A sort begins its turn with work that the next turn does again. */
const SORTED_SLICE_FACTOR = 5
export interface Rivals {
  /** How many wait that could have the worker... */
  readonly size: number
  /** ...and how many of them have had nothing yet: they are not kept waiting by one who has had a batch. */
  readonly newcomers: number
  /** Of the lane. */
  readonly workers: number
}

export interface Slice {
  /** Since it began to deliver. */
  readonly ms: number
  readonly batches: number
  readonly sorted: boolean
}

export function sliceIsOver({ size, newcomers, workers }: Rivals, { ms, batches, sorted }: Slice): boolean {
  if (size === 0) return false
  const factor = sorted ? SORTED_SLICE_FACTOR : 1
  if (batches >= MOST_BATCHES * factor) return true
  if (!sorted && newcomers > 0) return true
  const fair = (ROUND_MS * workers) / size
  return ms >= factor * Math.max(SHORTEST_SLICE_MS, Math.min(SLICE_MS, fair))
}
