/**
 * Compiles the distance between a feature and a probe. It depends on both alone, so it is the same value in every execution, which a
 * resume by cursor needs.
 */
import { boxWithin } from '../../../geometry/distance/neighbourhood.ts'
import { DISTANCE_RANGES, type DistanceRange } from '../../../geometry/distance/ranges.ts'
import { LON_LAT } from '../../../model/crs.ts'
import type { BBox, Layer } from '../../../model/layer.ts'
import type { Probe, ProbeOnEarth, ProbeRange } from '../../../model/predicate.ts'
import { argumentOf, decoded } from './argument.ts'
import { allLines, cut, isInBox, projectionAround, sizeOf, straightened, widened } from './d-within.ts'
import type { Condition } from './filter.ts'
import { withComputable } from './geometry-column.ts'
import { type Box, meetsBox } from './pruning.ts'
import type { Parameters } from './quote.ts'

/** SQL of the distance. NULL for no geometry, an empty one, and one for which GEOS fails. */
export function distanceTo(probe: Probe, layer: Layer, parameters: Parameters): string {
  const distance = withComputable(layer, (plain) => {
    const value = `ST_SetCRS(${plain}, '')`
    const measured = probe.onEarth
      ? onEarth(value, probe, probe.onEarth, parameters)
      : `TRY(ST_Distance_GEOS(${value}, ${argumentOf(probe.geometry, layer, parameters).sql}))`
    return `CASE WHEN NOT ST_IsEmpty(${value}) THEN ${measured} END`
  })
  return when(distance, 'isfinite(d)')
}

/** The condition of `nearest`: the distance is at most this, or there is one. */
export function compileMeasured(probe: Probe, most: number | null, layer: Layer, parameters: Parameters): Condition {
  const distance = distanceTo(probe, layer, parameters)
  if (most === null) return { exact: `${distance} IS NOT NULL`, necessary: null }
  return {
    exact: `${distance} <= ${parameters.double(most)}`,
    necessary: meetsBox(layer, boxAround(probe, layer, most, parameters), parameters),
  }
}

/** The condition of the box that every feature within the distance meets. */
export function withinBox(probe: Probe, layer: Layer, distance: number, parameters: Parameters): Condition {
  return { exact: 'true', necessary: meetsBox(layer, boxAround(probe, layer, distance, parameters), parameters) }
}

/** The box around everything within the distance. Null if only the engine knows it. */
export function numericBox({ geometry, onEarth }: Probe, distance: number): BBox | null {
  if (onEarth) return boxWithin(onEarth.extent, atLeast(distance))
  return geometry.crs === null && geometry.bbox ? widened(geometry.bbox, distance) : null
}

function boxAround(probe: Probe, layer: Layer, distance: number, parameters: Parameters): Box {
  const box = numericBox(probe, distance)
  if (box) return box
  const { sql } = argumentOf(probe.geometry, layer, parameters)
  return { around: `ST_Expand(${sql}, ${parameters.double(distance)} * (1 + 1e-9) + 1e-9)` }
}

/** Metres. The true distance of everything that has at most this distance: more than the error of any distance that is shorter than half of the earth. */
function atLeast(metres: number): number {
  return metres * 1.002 + 0.01
}

/** SQL of a value if a condition of it, which calls it `d`, is true. */
function when(value: string, condition: string): string {
  return `list_transform([${value}], lambda d: CASE WHEN ${condition} THEN d END)[1]`
}

/**
 * The distance between points is the geodesic of the ellipsoid. Other distances are those of the first range of `DISTANCE_RANGES` that holds them. For
 * a polygon of five positions this takes 6 µs.
 */
function onEarth(value: string, { geometry }: Probe, earth: ProbeOnEarth, parameters: Parameters): string {
  const projections = earth.pieces.map((piece) => projectionAround(piece, parameters))
  const ranges = DISTANCE_RANGES.map((range, n) => {
    const pieces = earth.pieces.map((piece, m) => inRange(value, piece.ranges[n]!, projections[m]!, range, parameters))
    const nearest = pieces.length === 1 ? pieces[0]! : `least(${pieces.join(', ')})`
    return range.most === null ? nearest : when(nearest, `d <= ${parameters.double(range.most)}`)
  })
  const isNumber = `isfinite(ST_Length(${value}) + ST_Perimeter(${value}))`
  const apart = `CASE TRY(ST_Intersects(${value}, ${decoded(geometry.wkb, parameters)})) WHEN true THEN 0 WHEN false THEN CASE WHEN ${isNumber} THEN coalesce(${ranges.join(', ')}) END END`
  if (!earth.point) return apart
  const [x, y] = earth.point.map((ordinate) => parameters.double(ordinate))
  const geodesic = `ST_Distance_Spheroid(ST_Point2D(ST_X(${value}), ST_Y(${value})), ST_Point2D(${x}, ${y}))`
  return `CASE WHEN ST_GeometryType(${value}) = 'POINT' THEN TRY(${geodesic}) ELSE ${apart} END`
}

/** SQL of the distance from one piece in metres. NULL if the geometry has no part in the range. */
function inRange(
  geometry: string,
  { lines, box }: ProbeRange,
  projection: string,
  { straight, most }: DistanceRange,
  parameters: Parameters,
): string {
  const piece = `ST_Transform(${decoded(lines, parameters)}, '${LON_LAT}', ${projection})`
  const to = (value: string) =>
    `ST_Distance_GEOS(ST_Transform(${most === null ? `ST_Points(${value})` : value}, '${LON_LAT}', ${projection}), ${piece})`
  const longest = parameters.double(straight)
  // The distance from an empty part would be 0.
  const parts = `list_filter(${box === null ? allLines(geometry) : cut(geometry, box, parameters)}, lambda e: NOT ST_IsEmpty(e))`
  const far = `list_min(list_transform(${parts}, lambda e: ${to(straightened('e', longest))}))`
  const measured = `CASE WHEN ${sizeOf(geometry)} <= ${longest} THEN ${to(geometry)} ELSE ${far} END`
  return box === null ? measured : `CASE WHEN ${isInBox(geometry, box, parameters)} THEN ${measured} END`
}
