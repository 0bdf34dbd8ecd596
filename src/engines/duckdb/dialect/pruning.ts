/**
 * Compiles the first test of a spatial filter: does the box of the geometry intersect the box of the filter? It is cheap, and
 * skips row groups.
 */
import type { BBox, CoveringColumn, CoveringMembers, Layer } from '../../../model/layer.ts'
import type { ImpliedCondition } from './filter.ts'
import { geometryColumnOf, memberOf, type Parameters } from './quote.ts'

/**
 * Writes a predicate that is true for every row whose geometry intersects the box, and for some other rows. Null if the layer has no such
 * predicate. With a covering column, a small box in 500,000 polygons takes 11 ms, where the exact test alone takes 250 ms. `&&` skips row groups by
 * their statistics, and is twice as fast as the exact test alone. The use of an RTREE is in `compile.ts`.
 */
export function meetsBox(layer: Layer, box: Box, parameters: Parameters): ImpliedCondition | null {
  const sql = writeMeets(layer, box, parameters)
  const single = 'around' in box || box[0] > box[2] ? null : box
  return sql && { sql, meets: (extent) => mayMeet(box, extent), box: single }
}

function writeMeets(layer: Layer, box: Box, parameters: Parameters): (() => string) | null {
  const covering = coveringOf(layer)
  if (covering) return () => coveringMeets(covering.column, covering.members, covering.float32, box, parameters)
  return layer.geometryEncoding === 'GEOMETRY' ? () => extentMeets(geometryColumnOf(layer), box, parameters) : null
}

/** The columns that are compared with a box. Null if that is the geometry itself. */
export function coveringOf({ pruning, geometryEncoding, geometryColumn }: Layer): CoveringColumn | null {
  if (pruning.kind === 'COVERING_COLUMN') return pruning
  return geometryEncoding === 'point'
    ? { kind: 'COVERING_COLUMN', column: geometryColumn, members: POINT_MEMBERS, float32: false }
    : null
}

/** Numbers, or the box of a constant geometry that the engine computes. That box does not cross the antimeridian. */
export type Box = BBox | SqlBox

interface SqlBox {
  /** SQL. */
  readonly around: string
}

/** A native point is its own box. */
const POINT_MEMBERS: CoveringMembers = { xmin: 'x', ymin: 'y', xmax: 'x', ymax: 'y' }

function coveringMeets(
  column: string | null,
  members: CoveringMembers,
  float32: boolean,
  box: Box,
  parameters: Parameters,
): string {
  const [west, south, east, north] = sidesOf(box)
  // The comparison uses the column's own type: a cast around the column would disable its statistics.
  const type = float32 ? 'FLOAT' : 'DOUBLE'
  const side = (member: string, sign: string, limit: string) => `${memberOf(column, member)} ${sign} CAST(${limit} AS ${type})`
  const atMost = (member: string, limit: Side) =>
    side(member, '<=', float32 ? above(limit, parameters) : plain(limit, parameters))
  const atLeast = (member: string, limit: Side) =>
    side(member, '>=', float32 ? below(limit, parameters) : plain(limit, parameters))
  const x = `${atMost(members.xmin, east)} ${crosses(west, east) ? 'OR' : 'AND'} ${atLeast(members.xmax, west)}`
  return `${atMost(members.ymin, north)} AND ${atLeast(members.ymax, south)} AND (${x})`
}

type Side = number | string

function sidesOf(box: Box): readonly [Side, Side, Side, Side] {
  if (!('around' in box)) return box
  const side = (name: string) => `ST_${name}(${box.around})`
  return [side('XMin'), side('YMin'), side('XMax'), side('YMax')]
}

/** The sides of the extent may be floats, and then off by one float, like those of a covering column. */
function mayMeet(box: Box, [west, south, east, north]: BBox): boolean {
  if ('around' in box) return true
  const atMost = (side: number, limit: number) => side <= floatAbove(limit)
  const atLeast = (side: number, limit: number) => side >= -floatAbove(-limit)
  const x = [atMost(west, box[2]), atLeast(east, box[0])]
  return atMost(south, box[3]) && atLeast(north, box[1]) && (crosses(box[0], box[2]) ? x.some(Boolean) : x.every(Boolean))
}

function crosses(west: Side, east: Side): boolean {
  return typeof west === 'number' && typeof east === 'number' && west > east
}

function plain(side: Side, parameters: Parameters): string {
  return typeof side === 'number' ? parameters.bind(side) : side
}

function above(side: Side, parameters: Parameters): string {
  return typeof side === 'number' ? parameters.bind(floatAbove(side)) : nextFloat(side, 'infinity')
}

function below(side: Side, parameters: Parameters): string {
  return typeof side === 'number' ? parameters.bind(-floatAbove(-side)) : nextFloat(side, '-infinity')
}

function nextFloat(side: string, towards: string): string {
  return `nextafter(CAST(${side} AS FLOAT), CAST('${towards}' AS FLOAT))`
}

const FLOAT = new Float32Array(1)
const BITS = new Int32Array(FLOAT.buffer)

/** The next float above the one nearest to `x`: writers round boxes to nearest, outwards, or towards zero. */
export function floatAbove(x: number): number {
  FLOAT[0] = x
  const float = FLOAT[0] as number
  if (!Number.isFinite(float)) return float
  if (float === 0) return 1.401298464324817e-45
  BITS[0] = (BITS[0] as number) + (float > 0 ? 1 : -1)
  return FLOAT[0] as number
}

function extentMeets(geometry: string, box: Box, parameters: Parameters): string {
  if ('around' in box) return `${geometry} && ${box.around}`
  const [west, south, east, north] = box
  const meets = (from: number, to: number) => {
    const sides = [from, south, to, north].map((side) => parameters.double(side)).join(', ')
    return `${geometry} && ST_MakeEnvelope(${sides})`
  }
  return west <= east ? meets(west, east) : `(${meets(west, 180)} OR ${meets(-180, east)})`
}
