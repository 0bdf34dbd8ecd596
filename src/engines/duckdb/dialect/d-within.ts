/** Features at most a distance away. */
import type { BBox, Layer } from '../../../model/layer.ts'
import type { DistancePredicate, OnEarth } from '../../../model/predicate.ts'
import { argumentOf, decoded } from './argument.ts'
import type { Condition } from './condition.ts'
import { withGeometry } from './geometry-column.ts'
import { isNear } from './near.ts'
import type { Parameters } from './parameters.ts'
import { meetsBox } from './pruning.ts'
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
