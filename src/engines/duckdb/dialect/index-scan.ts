/**
 * Reads rows by a table's RTREE. It returns row ids at once, but the engine reads every row group with one of them, and in no order. So it is
 * worth while for few rows, which are then sorted. For 500,000 buildings, processor time by statistics and by index: 70 and 16 ms for 150 rows in
 * no order, 18 and 5 ms along a Hilbert curve; from 250 to 1,000 rows there is no difference.
 */
import type { BBox, Layer } from '../../../model/layer.ts'
import { geometryColumnOf, type Parameters } from './quote.ts'
import { ROW_ID, type Source } from './source.ts'

/** Most features that are expected in the box. */
const MOST_EXPECTED = 250

interface IndexScan {
  /** SQL before the statement. */
  readonly prefix: string
  /** A predicate that is true exactly for the rows that the index returns. */
  readonly condition: string
}

/** Null if another method is better, or if this one is not known to be safe. */
export function indexScan(layer: Layer, box: BBox, source: Source, parameters: Parameters): IndexScan | null {
  const row = source.natural[0]!.sql
  return isIndexed(layer, box) && row === ROW_ID ? scanOf(box, row, source.from, geometryColumnOf(layer), parameters) : null
}

/** The index itself tests geometries, and its errors would end the query. So it is not used if the check found a fault. */
export function isIndexed(layer: Layer, box: BBox): boolean {
  const { pruning, check, hasEmptyRings } = layer
  return pruning.kind === 'RTREE' && check?.invalid === 0 && !hasEmptyRings && expectedIn(layer, box) <= MOST_EXPECTED
}

/** The number of features in the box, as if they were evenly spread. Infinity if it is not known. */
export function expectedIn({ extent, featureCount }: Layer, box: BBox): number {
  if (!extent || featureCount === null) return Number.POSITIVE_INFINITY
  return featureCount * shareOf(box, extent, 0) * shareOf(box, extent, 1)
}

/** The share of the extent that the box covers, in one dimension. */
function shareOf(box: BBox, extent: BBox, side: number): number {
  const [from, to] = [Math.max(box[side]!, extent[side]!), Math.min(box[side + 2]!, extent[side + 2]!)]
  const length = extent[side + 2]! - extent[side]!
  return length === 0 ? 1 : Math.max(0, to - from) / length
}

/**
 * A predicate on `rowid` in the index's own scan causes an INTERNAL error of the engine, which ends the process. So the result of the scan is
 * materialised, and no predicate reaches the scan.
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

/** A small margin: the box of a point is no polygon, and intersects nothing. */
function widened([west, south, east, north]: BBox): BBox {
  const more = 1e-9 * Math.max(1, ...[west, south, east, north].map(Math.abs))
  return [west - more, south - more, east + more, north + more]
}
