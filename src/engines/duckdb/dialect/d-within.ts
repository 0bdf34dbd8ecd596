/** Features at most a distance away. */

import { boxGeometry } from '../../../geometry/box.ts'
import { LON_LAT } from '../../../model/crs.ts'
import type { BBox, Layer } from '../../../model/layer.ts'
import type { DistancePredicate, NearPiece, OnEarth } from '../../../model/predicate.ts'
import { argumentOf, decoded } from './argument.ts'
import type { Condition } from './filter.ts'
import { withGeometry } from './geometry-column.ts'
import { meetsBox } from './pruning.ts'
import type { Parameters } from './quote.ts'
import { whereGeometry } from './spatial.ts'

/** In metres on longitude and latitude, in units of the CRS on other layers. */
export function compileDistance(predicate: DistancePredicate, layer: Layer, parameters: Parameters): Condition {
  if (predicate.geometry.bbox === null) return whereGeometry(layer, false)
  return predicate.onEarth ? near(predicate, predicate.onEarth, layer, parameters) : onPlane(predicate, layer, parameters)
}

function onPlane({ geometry, distance }: DistancePredicate, layer: Layer, parameters: Parameters): Condition {
  const { sql, box } = argumentOf(geometry, layer, parameters)
  const bound = parameters.double(distance)
  const exact = withGeometry(layer, (value) => `ST_DWithin(${value}, ${sql}, ${bound})`)
  const wider = 'around' in box ? { around: `ST_Expand(${sql}, ${bound} * (1 + 1e-9) + 1e-9)` } : widened(box, distance)
  return { exact, necessary: meetsBox(layer, wider, parameters) }
}

/** A little more, for what the sums are rounded by. */
function widened(box: BBox, distance: number): BBox {
  const more = distance + 4e-15 * (distance + Math.max(...box.map(Math.abs)))
  return [box[0] - more, box[1] - more, box[2] + more, box[3] + more]
}

/**
 * Point to point is the geodesic of the ellipsoid. Others are true to 0.1 %: 0.02 % for edges of either that are straight in longitude and
 * latitude but not in the projection, 0.04 % for the projection's own stretching.
 */
function near({ geometry, distance }: DistancePredicate, onEarth: OnEarth, layer: Layer, parameters: Parameters): Condition {
  const argument = decoded(geometry.wkb, parameters)
  const limits = { metres: parameters.double(distance), straight: onEarth.straight }
  const exact = withGeometry(layer, (plain) => {
    const value = `ST_SetCRS(${plain}, '')`
    const tests = onEarth.pieces.map((piece) => isNear(value, piece, limits, parameters))
    // Neither true nor false where GEOS fails on it. A TRY around the rest would project row by row when one row fails: 15 ms each.
    const apart = `CASE TRY(ST_Intersects(${value}, ${argument})) WHEN true THEN true WHEN false THEN ${tests.join(' OR ')} END`
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

/** SQL of what lies within metres of one piece of an argument's linework. */
interface Near {
  readonly metres: string
  /** Degrees, see `longestStraight`. */
  readonly straight: number
}

/**
 * Whether `geometry` comes near. Both are projected around the piece's centre; longer edges of the geometry are cut first, and only what is
 * in the neighbourhood is looked at: beyond the other side of the earth a projection is torn. 8 us a polygon of five positions.
 */
function isNear(geometry: string, piece: NearPiece, { metres: distance, straight }: Near, parameters: Parameters): string {
  const { box } = piece
  const projection = projectionAround(piece, parameters)
  const to = (value: string) => `ST_Transform(${value}, '${LON_LAT}', ${projection})`
  const lines = to(decoded(piece.lines, parameters))
  const hit = (value: string) => `ST_DWithin(${to(value)}, ${lines}, ${distance})`
  const longest = parameters.double(straight)
  const size = `(ST_XMax(${geometry}) - ST_XMin(${geometry})) + (ST_YMax(${geometry}) - ST_YMin(${geometry}))`
  const inBox = decoded(boxGeometry(box, 'dWithin').wkb, parameters)
  return (
    `CASE WHEN NOT (${meets(geometry, box, parameters)}) THEN false WHEN ${size} <= ${longest} THEN ${hit(geometry)}` +
    ` ELSE coalesce(list_bool_or(list_transform(${cut(geometry, inBox)}, lambda e: ${hit(straightened('e', longest))})), false) END`
  )
}

/** In metres, and true from the centre whatever the distance. From numbers of the argument, bound as one text. */
function projectionAround(piece: NearPiece, parameters: Parameters): string {
  const [longitude, latitude] = piece.centre
  return parameters.text(`+proj=aeqd +lat_0=${latitude} +lon_0=${longitude} +datum=WGS84 +units=m +no_defs`)
}

function meets(geometry: string, [west, south, east, north]: BBox, parameters: Parameters): string {
  const number = (value: number) => parameters.double(value)
  return (
    `ST_YMin(${geometry}) <= ${number(north)} AND ST_YMax(${geometry}) >= ${number(south)} AND` +
    ` (ST_XMin(${geometry}) <= ${number(east)} ${west <= east ? 'AND' : 'OR'} ST_XMax(${geometry}) >= ${number(west)})`
  )
}

/** The geometry's points, lines and rings in the box: a list of points and lines. */
function cut(geometry: string, box: string): string {
  const part = `struct_extract(a, 'geom')`
  const lines = `CASE WHEN ST_GeometryType(${part}) = 'POLYGON' THEN ST_Boundary(${part}) ELSE ${part} END`
  const inBox = `list_transform(ST_Dump(${geometry}), lambda a: TRY(ST_Intersection(${lines}, ${box})))`
  return `flatten(list_transform(${inBox}, lambda b: list_transform(ST_Dump(b), lambda c: struct_extract(c, 'geom'))))`
}

/** A line with its edges cut to that length; a point as it is. */
function straightened(geometry: string, longest: string): string {
  const ordinate = (n: string, name: string) => `struct_extract(list_extract(l, ${n}), '${name}')`
  const along = (name: string) => `${ordinate('i', name)} + (${ordinate('i + 1', name)} - ${ordinate('i', name)}) * k / n`
  const far = (name: string) => `abs(${ordinate('i + 1', name)} - ${ordinate('i', name)})`
  const pieces = `CAST(ceil((${far('x')} + ${far('y')}) / ${longest}) AS BIGINT)`
  const edge = `list_transform([greatest(1, ${pieces})], lambda n: list_transform(range(0, n), lambda k: ST_Point(${along('x')}, ${along('y')})))[1]`
  const edges = `flatten(list_transform(range(1, len(l)), lambda i: ${edge}))`
  const line = `ST_MakeLine(list_append(${edges}, ST_Point(${ordinate('-1', 'x')}, ${ordinate('-1', 'y')})))`
  // To a type that is a list by name, with its members turned around, see `geometryValue`.
  const positions = `CAST(CAST(${geometry} AS LINESTRING_2D) AS STRUCT(y DOUBLE, x DOUBLE)[])`
  const whole = `list_transform([${positions}], lambda l: ${line})[1]`
  return `CASE WHEN ST_GeometryType(${geometry}) = 'LINESTRING' THEN ${whole} ELSE ${geometry} END`
}
