/**
 * Rows by a table's RTREE. It gives row ids at once, but their rows only by a look at every row group that holds one, and in no order: so it
 * pays where few rows are expected, and those are sorted. In 500,000 buildings, processor time, by statistics and by the index: 70 and 16 ms
 * for 150 of them in no order, 18 and 5 ms along a Hilbert curve; from 250 on, and 1,000, the same.
 */
import type { BBox, Layer } from '../../../model/layer.ts'
import type { Necessary } from './condition.ts'
import type { Parameters } from './parameters.ts'
import { geometryColumnOf } from './quote.ts'
import { ROW_ID, type Source } from './source.ts'

/** Features that may be expected, if they lay evenly. */
const MOST_EXPECTED = 250

export interface IndexScan {
  /** In front of the statement. */
  readonly prefix: string
  /** What holds for the rows that the index gives, and no others. */
  readonly condition: string
}

/** Null: another way is better, or this one is not known to be safe. */
export function indexScan(layer: Layer, necessary: Necessary | null, source: Source, parameters: Parameters): IndexScan | null {
  const box = indexedBox(layer, necessary)
  const row = source.natural[0]!.sql
  return box && row === ROW_ID ? scanOf(box, row, source.from, geometryColumnOf(layer), parameters) : null
}

/** The box that the index is to be asked for. */
export function indexedBox({ pruning, extent, featureCount, check }: Layer, necessary: Necessary | null): BBox | null {
  const box = necessary?.box ?? null
  // The index tests geometries itself, and an error of that would end the query: what a scan found fault with is not let at it.
  if (pruning.kind !== 'RTREE' || !box || !extent || featureCount === null || check?.invalid !== 0) return null
  const [x, y] = [0, 1].map((side) => shareOf(box, extent, side))
  return featureCount * x! * y! <= MOST_EXPECTED ? box : null
}

/** Of one side of the extent, what the box takes up. */
function shareOf(box: BBox, extent: BBox, side: number): number {
  const [from, to] = [Math.max(box[side]!, extent[side]!), Math.min(box[side + 2]!, extent[side + 2]!)]
  const length = extent[side + 2]! - extent[side]!
  return length === 0 ? 1 : Math.max(0, to - from) / length
}

/**
 * A predicate on `rowid` in the index's own scan is an INTERNAL error of the engine, which ends the process: what comes of it is materialised,
 * so that none gets there.
 */
function scanOf(box: BBox, row: string, from: string, geometry: string, parameters: Parameters): IndexScan {
  const envelope = `ST_MakeEnvelope(${widened(box)
    .map((side) => parameters.double(side))
    .join(', ')})`
  return {
    prefix: `WITH hits AS MATERIALIZED (SELECT ${row} AS hit FROM ${from} WHERE ST_Intersects(${geometry}, ${envelope})) `,
    condition: `${row} IN (SELECT hit FROM hits)`,
  }
}

/** A little: the box of a point is no polygon, and meets nothing. */
function widened([west, south, east, north]: BBox): BBox {
  const more = 1e-9 * Math.max(1, ...[west, south, east, north].map(Math.abs))
  return [west - more, south - more, east + more, north + more]
}
