/** Compiles filters for features within a distance. */

import { boxGeometry } from '../../../geometry/box.ts'
import { type BBox, type Layer, LON_LAT } from '../../../model/layer.ts'
import type { DistancePredicate, NearPiece, OnEarth } from '../../../model/predicate.ts'
import { argumentOf, decoded } from './argument.ts'
import type { Condition } from './filter.ts'
import { testOf, withComputable } from './geometry-column.ts'
import { meetsBox } from './pruning.ts'
import type { Parameters } from './quote.ts'
import { whereGeometry } from './spatial.ts'

/** Metres for longitude and latitude, otherwise units of the CRS. */
export function compileDistance(predicate: DistancePredicate, layer: Layer, parameters: Parameters): Condition {
  if (predicate.geometry.bbox === null) return whereGeometry(layer, false)
  return predicate.onEarth ? near(predicate, predicate.onEarth, layer, parameters) : onPlane(predicate, layer, parameters)
}

/**
 * GEOS. The engine's own ST_DWithin takes a polygon for near if its edge, made longer, meets the other geometry, and every polygon with an empty
 * ring. It is also slower: for a polygon of 7 points and an argument of 7 points 350 ns, GEOS 210 ns; of 250 points 1,700 and 350 ns.
 */
const DISTANCE_WITHIN = 'ST_DWithin_GEOS'

function onPlane({ geometry, distance }: DistancePredicate, layer: Layer, parameters: Parameters): Condition {
  const { sql, box } = argumentOf(geometry, layer, parameters)
  const bound = parameters.double(distance)
  const exact = testOf(layer, (value) => `TRY(${DISTANCE_WITHIN}(${value}, ${sql}, ${bound}))`)
  const wider = 'around' in box ? { around: `ST_Expand(${sql}, ${bound} * (1 + 1e-9) + 1e-9)` } : widened(box, distance)
  return { exact, necessary: meetsBox(layer, wider, parameters) }
}

/** A small margin for rounding of the sums. */
export function widened(box: BBox, distance: number): BBox {
  const more = distance + 4e-15 * (distance + Math.max(...box.map(Math.abs)))
  return [box[0] - more, box[1] - more, box[2] + more, box[3] + more]
}

/**
 * The distance between points is the geodesic of the ellipsoid. Other distances are exact to 0.1 %: 0.02 % for edges that are straight in
 * longitude and latitude but not in the projection, and 0.04 % for the distortion of the projection.
 */
function near({ geometry, distance }: DistancePredicate, onEarth: OnEarth, layer: Layer, parameters: Parameters): Condition {
  const argument = decoded(geometry.wkb, parameters)
  const limits = { metres: parameters.double(distance), straight: onEarth.straight }
  const exact = withComputable(layer, (plain) => {
    const value = `ST_SetCRS(${plain}, '')`
    const tests = onEarth.pieces.map((piece) => isNear(value, piece, limits, parameters))
    // The result is neither true nor false if GEOS fails, or a coordinate is not finite. A TRY around everything would project row by row after one failure: 15 ms per row.
    const isNumber = `isfinite(ST_Length(${value}) + ST_Perimeter(${value}))`
    const apart = `CASE TRY(ST_Intersects(${value}, ${argument})) WHEN true THEN true WHEN false THEN CASE WHEN ${isNumber} THEN ${tests.join(' OR ')} END END`
    return `CASE WHEN ST_IsEmpty(${value}) THEN false ${pointToPoint(onEarth, value, limits.metres, parameters)} ELSE ${apart} END`
  })
  return { exact, necessary: meetsBox(layer, onEarth.box, parameters) }
}

function pointToPoint({ point }: OnEarth, value: string, metres: string, parameters: Parameters): string {
  if (!point) return ''
  const [x, y] = point.map((ordinate) => parameters.double(ordinate))
  const spheroid = `ST_DWithin_Spheroid(ST_Point2D(ST_X(${value}), ST_Y(${value})), ST_Point2D(${x}, ${y}), ${metres})`
  return `WHEN ST_GeometryType(${value}) = 'POINT' THEN ${spheroid}`
}

/** SQL that is true for geometry within a distance in metres of one piece of the argument. */
interface Near {
  readonly metres: string
  /** Degrees; see `longestStraight`. */
  readonly straight: number
}

/**
 * SQL that is true if `geometry` is near. Both are projected around the centre of the piece. Before that, longer edges of the geometry are cut,
 * and only its part in the neighbourhood is kept: a projection is torn on the other side of the earth. 8 µs per polygon of five positions.
 */
function isNear(geometry: string, piece: NearPiece, { metres: distance, straight }: Near, parameters: Parameters): string {
  const { box } = piece
  const projection = projectionAround(piece, parameters)
  const to = (value: string) => `ST_Transform(${value}, '${LON_LAT}', ${projection})`
  const lines = to(decoded(piece.lines, parameters))
  const hit = (value: string) => `${DISTANCE_WITHIN}(${to(value)}, ${lines}, ${distance})`
  const longest = parameters.double(straight)
  const inBox = decoded(boxGeometry(box, 'dWithin').wkb, parameters)
  return (
    `CASE WHEN NOT (${isInBox(geometry, box, parameters)}) THEN false WHEN ${sizeOf(geometry)} <= ${longest} THEN ${hit(geometry)}` +
    ` ELSE coalesce(list_bool_or(list_transform(${cut(geometry, inBox)}, lambda e: ${hit(straightened('e', longest))})), false) END`
  )
}

/** SQL of the size of a geometry's box: its width plus its height. */
export function sizeOf(geometry: string): string {
  return `(ST_XMax(${geometry}) - ST_XMin(${geometry})) + (ST_YMax(${geometry}) - ST_YMin(${geometry}))`
}

/** A projection in metres with true distances from its centre. Its numbers are from the argument, bound as one text. */
export function projectionAround(piece: Pick<NearPiece, 'centre'>, parameters: Parameters): string {
  const [longitude, latitude] = piece.centre
  return parameters.text(`+proj=aeqd +lat_0=${latitude} +lon_0=${longitude} +datum=WGS84 +units=m +no_defs`)
}

/** SQL that is true if the box of the geometry meets this one. */
export function isInBox(geometry: string, [west, south, east, north]: BBox, parameters: Parameters): string {
  const number = (value: number) => parameters.double(value)
  return (
    `ST_YMin(${geometry}) <= ${number(north)} AND ST_YMax(${geometry}) >= ${number(south)} AND` +
    ` (ST_XMin(${geometry}) <= ${number(east)} ${west <= east ? 'AND' : 'OR'} ST_XMax(${geometry}) >= ${number(west)})`
  )
}

/** The points, lines and rings of the geometry within the box, as a list of points and lines. */
export function cut(geometry: string, box: string): string {
  const part = `struct_extract(a, 'geom')`
  const lines = `CASE WHEN ST_GeometryType(${part}) = 'POLYGON' THEN ST_Boundary(${part}) ELSE ${part} END`
  const inBox = `list_transform(ST_Dump(${geometry}), lambda a: TRY(ST_Intersection(${lines}, ${box})))`
  return `flatten(list_transform(${inBox}, lambda b: list_transform(ST_Dump(b), lambda c: struct_extract(c, 'geom'))))`
}

/** Cuts the edges of a line to that length. A point stays unchanged. */
export function straightened(geometry: string, longest: string): string {
  const ordinate = (n: string, name: string) => `struct_extract(list_extract(l, ${n}), '${name}')`
  const along = (name: string) => `${ordinate('i', name)} + (${ordinate('i + 1', name)} - ${ordinate('i', name)}) * k / n`
  const far = (name: string) => `abs(${ordinate('i + 1', name)} - ${ordinate('i', name)})`
  const pieces = `CAST(ceil((${far('x')} + ${far('y')}) / ${longest}) AS BIGINT)`
  const edge = `list_transform([greatest(1, ${pieces})], lambda n: list_transform(range(0, n), lambda k: ST_Point(${along('x')}, ${along('y')})))[1]`
  const edges = `flatten(list_transform(range(1, len(l)), lambda i: ${edge}))`
  const line = `ST_MakeLine(list_append(${edges}, ST_Point(${ordinate('-1', 'x')}, ${ordinate('-1', 'y')})))`
  // The cast is to a list type by name, with the order of members changed; see `geometryValue`.
  const positions = `CAST(CAST(${geometry} AS LINESTRING_2D) AS STRUCT(y DOUBLE, x DOUBLE)[])`
  const whole = `list_transform([${positions}], lambda l: ${line})[1]`
  return `CASE WHEN ST_GeometryType(${geometry}) = 'LINESTRING' THEN ${whole} ELSE ${geometry} END`
}
