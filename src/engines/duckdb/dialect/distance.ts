/**
 * Compiles the distance between a feature and a probe. It depends on both alone, so it is the same value in every execution, which a
 * resume by cursor needs.
 */
import { boxGeometry } from '../../../geometry/box.ts'
import { boxWithin } from '../../../geometry/distance/neighbourhood.ts'
import { DISTANCE_RANGES } from '../../../geometry/distance/ranges.ts'
import type { BBox, Layer } from '../../../model/layer.ts'
import type { Probe, ProbeOnEarth, ProbePiece } from '../../../model/predicate.ts'
import { argumentOf, decoded } from './argument.ts'
import { cut, isInBox, projectionAround, sizeOf, straightened, widened } from './d-within.ts'
import type { Condition } from './filter.ts'
import { withComputable } from './geometry-column.ts'
import { type Box, meetsBox } from './pruning.ts'
import type { Parameters } from './quote.ts'

/** SQL of the distance. NULL for no geometry, an empty one, and one for which GEOS fails. */
export function distanceTo(probe: Probe, layer: Layer, parameters: Parameters): string {
  const distance = withComputable(layer, (plain) => {
    const value = `ST_SetCRS(${plain}, '')`
    const measured = probe.onEarth
      ? onEarth(value, probe, probe.onEarth, layer, parameters)
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
 * The distance between points is the geodesic of the ellipsoid. Other distances are those of the first range of `DISTANCE_RANGES` that has
 * one. For a polygon of five positions this takes 6 µs. To plan it takes 6 ms, because each function in it is bound and each projection
 * is made. So what the layer cannot have is left out.
 */
function onEarth(value: string, { geometry }: Probe, earth: ProbeOnEarth, layer: Layer, parameters: Parameters): string {
  const { point } = earth
  const isProven = layer.state === 'READY' && layer.geometryTypes.length > 0
  const mayBePoint = point !== null && !(isProven && !layer.geometryTypes.includes('Point'))
  const isPoint = mayBePoint && isProven && layer.geometryTypes.length === 1
  const geodesic = () => {
    const [x, y] = point!.map((ordinate) => parameters.double(ordinate))
    return `TRY(ST_Distance_Spheroid(ST_Point2D(ST_X(${value}), ST_Y(${value})), ST_Point2D(${x}, ${y})))`
  }
  if (isPoint) return geodesic()
  const isNumber = `isfinite(ST_Length(${value}) + ST_Perimeter(${value}))`
  const apart = `CASE WHEN ${isNumber} THEN coalesce(${uncut(value, earth, parameters)}, ${inRanges(value, earth, parameters)}) END`
  const projected = `CASE TRY(ST_Intersects(${value}, ${decoded(geometry.wkb, parameters)})) WHEN true THEN 0 WHEN false THEN ${apart} END`
  return mayBePoint ? `CASE WHEN ST_GeometryType(${value}) = 'POINT' THEN ${geodesic()} ELSE ${projected} END` : projected
}

/** Metres. Up to this distance, no edge that is uncut in the last range is bent by a projection. It is torn around the other side of the earth. */
const TORN = 600_000
const FURTHEST_UNCUT = 15_000_000

/**
 * SQL of the distance of a feature that is so small that no edge is cut in the range of its distance. NULL for others. In a lambda, a projection
 * would be made for each chunk of rows, which takes 5 ms. So most features have this path.
 */
function uncut(value: string, earth: ProbeOnEarth, parameters: Parameters): string {
  const { west, width, south, north } = earth.extent
  const otherSide = boxWithin({ west: west + (west < 0 ? 180 : -180), width, south: -north, north: -south }, TORN)
  const [shortest, middle, longest] = DISTANCE_RANGES.map(({ straight }) => parameters.double(straight)) as [
    string,
    string,
    string,
  ]
  const pieces = earth.pieces.map((piece) => {
    const { project, lines } = projected(piece, earth, parameters)
    return `ST_Distance_GEOS(${project(value)}, ${lines(0)})`
  })
  const nearest = pieces.length === 1 ? pieces[0]! : `least(${pieces.join(', ')})`
  const [near, middling] = DISTANCE_RANGES.flatMap(({ most }) => (most === null ? [] : [parameters.double(most)])) as [
    string,
    string,
  ]
  const size = sizeOf(value)
  const least = `CASE WHEN ${size} <= ${shortest} THEN -1 WHEN ${size} <= ${middle} THEN ${near} ELSE ${middling} END`
  const small = `CASE WHEN ${size} <= ${longest} AND NOT (${isInBox(value, otherSide, parameters)}) THEN ${nearest} END`
  return `list_transform([${small}], lambda d: CASE WHEN d > ${least} AND d <= ${FURTHEST_UNCUT} THEN d END)[1]`
}

interface Projected {
  /** SQL of a geometry in the projection of the piece. */
  project(value: string): string
  /** SQL of the lines of a range in it. */
  lines(range: number): string
}

function projected(piece: ProbePiece, { point }: ProbeOnEarth, parameters: Parameters): Projected {
  const projection = projectionAround(piece, parameters)
  const project = (value: string) => `ST_Transform(${value}, '${LONGITUDE_LATITUDE}', ${projection})`
  return { project, lines: (range) => (point ? 'ST_Point(0, 0)' : project(decoded(piece.ranges[range]!.lines, parameters))) }
}

/** SQL of the number of a range, from 1 on. */
const RANGE = 'CAST(-r AS INTEGER)'

/**
 * SQL of the distance in the first range that has one. The expression for a range is written once: the list has the numbers of the ranges, as
 * negative numbers, and the result is the first number that is not negative.
 */
function inRanges(value: string, earth: ProbeOnEarth, parameters: Parameters): string {
  const pieces = earth.pieces.map((piece) => fromPiece(value, piece, earth, parameters))
  const nearest = pieces.length === 1 ? pieces[0]! : `least(${pieces.join(', ')})`
  const most = ofRange(DISTANCE_RANGES.map((range) => parameters.double(range.most ?? Number.POSITIVE_INFINITY)))
  const numbers = ['-1.0', ...DISTANCE_RANGES.map((_, n) => `-${n + 1}.0`)].map((number) => `CAST(${number} AS DOUBLE)`)
  const found = `list_transform([${nearest}], lambda d: CASE WHEN d <= ${most} THEN d ELSE a END)[1]`
  return `list_transform([list_reduce([${numbers.join(', ')}], lambda a, r: CASE WHEN a >= 0 THEN a ELSE ${found} END)], lambda d: CASE WHEN d >= 0 THEN d END)[1]`
}

/** SQL of the value for the range. */
function ofRange(values: readonly string[]): string {
  return `[${values.join(', ')}][${RANGE}]`
}

/** SQL of the distance from one piece in metres. NULL if the geometry has no part in the range. */
function fromPiece(geometry: string, piece: ProbePiece, earth: ProbeOnEarth, parameters: Parameters): string {
  const { project, lines } = projected(piece, earth, parameters)
  const longest = ofRange(DISTANCE_RANGES.map(({ straight }) => parameters.double(straight)))
  const boxes = piece.ranges.map(({ box }) => box ?? EVERYWHERE)
  const box = ofRange(boxes.map((one) => decoded(boxGeometry(one, 'distance').wkb, parameters)))
  // The distance from an empty part would be 0.
  const cuts = `list_transform(list_filter(${cut(geometry, box)}, lambda e: NOT ST_IsEmpty(e)), lambda e: ${straightened('e', longest)})`
  const parts = `CASE WHEN ${sizeOf(geometry)} <= ${longest} THEN [${geometry}] ELSE ${cuts} END`
  const compared = project(`CASE WHEN ${RANGE} = ${DISTANCE_RANGES.length} THEN ST_Points(p) ELSE p END`)
  const to = earth.point ? lines(0) : ofRange(piece.ranges.map((_, n) => lines(n)))
  const tests = boxes.map((one) => isInBox(geometry, one, parameters))
  const isIn = `CASE ${RANGE} ${tests.map((test, n) => `WHEN ${n + 1} THEN ${test}`).join(' ')} END`
  return `CASE WHEN ${isIn} THEN list_min(list_transform(${parts}, lambda p: ST_Distance_GEOS(${compared}, ${to}))) END`
}

/** A box of everything, also of longitudes beyond 180 degrees. */
const EVERYWHERE: BBox = [-1e6, -1e6, 1e6, 1e6]

/** Longitude and latitude as PROJ's own text. The search for a code in its database takes a millisecond for each transformation. */
const LONGITUDE_LATITUDE = '+proj=longlat +datum=WGS84 +no_defs'
