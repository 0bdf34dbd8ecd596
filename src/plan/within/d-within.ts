/** Features at most a distance away. */
import type { BBox, Layer } from '../../catalog/layer.ts'
import { GeoduckError } from '../../errors.ts'
import { argumentOf, decoded, inLayerCrs } from '../argument.ts'
import type { Condition } from '../condition.ts'
import { GeometryBuilder } from '../geometry/builder.ts'
import { type GeometryArgument, readGeometry } from '../geometry/read-geometry.ts'
import { readWkb } from '../geometry/wkb-reader.ts'
import { withGeometry } from '../geometry-column.ts'
import type { Parameters } from '../parameters.ts'
import { meetsBox } from '../pruning.ts'
import type { DistanceFilter } from '../query.ts'
import { show } from '../show.ts'
import { whereGeometry } from '../spatial.ts'
import { longestStraight } from './earth.ts'
import { linework } from './linework.ts'
import { isNear } from './near.ts'
import { neighbourhood } from './neighbourhood.ts'
import { MAX_PIECES, type Piece, toPieces } from './pieces.ts'

/** Metres. From a point a projection around it is true however far; from others see `PIECE_RADIUS`. */
const FURTHEST_FROM_POINTS = 5_000_000
const FURTHEST = 200_000
/** How far, in parts of the distance, the middle of an edge may be off, of the feature's as of the argument's; and metres at least. */
const BEND = 2e-4
const SMALLEST_BEND = 0.001

/** In metres on longitude and latitude, in units of the CRS on other layers. BAD_INPUT and LIMIT_EXCEEDED name the member. */
export function compileDistance({ geometry: input, distance }: DistanceFilter, layer: Layer, parameters: Parameters): Condition {
  if (!Number.isFinite(distance) || distance < 0) {
    throw new GeoduckError('BAD_INPUT', `\`dWithin.distance\` takes a finite number from 0 on, not ${show(distance)}.`)
  }
  const geometry = readGeometry(input, layer, 'dWithin.geometry', parameters.mostVertices)
  if (geometry.bbox === null) return whereGeometry(layer, false)
  return layer.crs?.isLonLat ? onEarth(geometry, distance, layer, parameters) : onPlane(geometry, distance, layer, parameters)
}

function onPlane(geometry: GeometryArgument, distance: number, layer: Layer, parameters: Parameters): Condition {
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
function onEarth(geometry: GeometryArgument, distance: number, layer: Layer, parameters: Parameters): Condition {
  inLayerCrs(geometry)
  const straight = longestStraight(Math.max(BEND * distance, SMALLEST_BEND))
  const pieces = piecesOf(geometry, straight, distance)
  const argument = decoded(geometry.wkb, parameters)
  const near = { metres: parameters.double(distance), straight }
  const exact = withGeometry(layer, (plain) => {
    const value = `ST_SetCRS(${plain}, '')`
    const tests = pieces.map((piece) => isNear(value, piece, distance, near, parameters))
    // Neither true nor false where GEOS fails on it. A TRY around the rest would project row by row when one row fails: 15 ms each.
    const apart = `CASE TRY(ST_Intersects(${value}, ${argument})) WHEN true THEN true WHEN false THEN ${tests.join(' OR ')} END`
    return `CASE WHEN ST_IsEmpty(${value}) THEN false ${pointToPoint(geometry, value, near.metres, parameters)} ELSE ${apart} END`
  })
  const box = neighbourhood(
    pieces.flatMap(({ positions }) => positions),
    distance,
  )
  return { exact, necessary: meetsBox(layer, box, parameters) }
}

function pointToPoint({ wkb }: GeometryArgument, value: string, metres: string, parameters: Parameters): string {
  const [line, ...others] = linework(wkb)
  const [point] = line ?? []
  if (!point || line?.length !== 1 || others.length > 0) return ''
  const [x, y] = point.map((ordinate) => parameters.double(ordinate))
  const spheroid = `ST_DWithin_Spheroid(ST_Point2D(ST_X(${value}), ST_Y(${value})), ST_Point2D(${x}, ${y}), ${metres})`
  return `WHEN ST_GeometryType(${value}) = 'POINT' THEN ${spheroid}`
}

function piecesOf({ wkb, name }: GeometryArgument, straight: number, distance: number): readonly Piece[] {
  const to = new GeometryBuilder(
    name,
    false,
    Number.POSITIVE_INFINITY,
    (dx, dy) => Math.ceil((Math.abs(dx) + Math.abs(dy)) / straight) || 1,
  )
  readWkb(wkb, to)
  const lines = linework(to.finish().wkb)
  const furthest = lines.every(({ length }) => length === 1) ? FURTHEST_FROM_POINTS : FURTHEST
  if (distance > furthest) {
    throw new GeoduckError(
      'BAD_INPUT',
      `\`dWithin.distance\` is at most ${FURTHEST_FROM_POINTS.toLocaleString('en')} m from points and ${FURTHEST.toLocaleString('en')} m from lines and polygons; it was ${distance}.`,
    )
  }
  const pieces = toPieces(lines)
  if (pieces) return pieces
  throw new GeoduckError(
    'LIMIT_EXCEEDED',
    `\`${name}\`: the geometry has outlines in more than ${MAX_PIECES} parts of 200 km; simplify or split it.`,
  )
}
