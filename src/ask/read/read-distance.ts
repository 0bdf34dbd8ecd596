/** Reads a distance filter: its geometry, and, for longitude and latitude, the pieces of that geometry. */

import { linework, longestStraight, MAX_PIECES, toPieces } from '../../geometry/distance/line-pieces.ts'
import { linesWkb, neighbourhood } from '../../geometry/distance/neighbourhood.ts'
import type { DistanceFilter } from '../../graphql/generated.ts'
import { GeoduckError } from '../../model/errors.ts'
import type { DistancePredicate, Geometry, OnEarth } from '../../model/predicate.ts'
import type { View } from '../../model/query.ts'
import { show } from '../../model/show.ts'
import type { FilterBudget } from './read-filter.ts'
import { cutEdges, readGeometry } from './read-geometry.ts'

/** Metres. From a point, a projection around it has true distances at any range. For other geometry, see `PIECE_RADIUS`. */
const FURTHEST_FROM_POINTS = 5_000_000
const FURTHEST = 200_000
/**
 * The permitted error of the middle of an edge, of the feature and of the argument: a share of the distance, and a minimum in
 * metres.
 */
const BEND = 2e-4
const SMALLEST_BEND = 0.001

/**
 * Reads the distance, in metres for longitude and latitude, otherwise in units of the CRS. @throws GeoduckError BAD_INPUT,
 * LIMIT_EXCEEDED with the name of the member
 */
export function* readDistance(
  { geometry: input, distance }: DistanceFilter,
  { layer }: View,
  budget: FilterBudget,
): Generator<undefined, DistancePredicate> {
  if (!Number.isFinite(distance) || distance < 0) {
    throw new GeoduckError('BAD_INPUT', `\`dWithin.distance\` takes a finite number from 0 on, not ${show(distance)}.`)
  }
  const geometry = readGeometry(input, layer, 'dWithin.geometry', budget.geometry)
  yield
  const isOnEarth = layer.crs?.isLonLat === true && geometry.bbox !== null
  const onEarth = isOnEarth ? yield* readOnEarth(geometry, distance, budget) : null
  return { kind: 'distance', geometry, distance, onEarth }
}

function* readOnEarth(geometry: Geometry, distance: number, budget: FilterBudget): Generator<undefined, OnEarth> {
  const { wkb, crs, argument: name } = geometry
  if (crs !== null) {
    throw new GeoduckError(
      'BAD_INPUT',
      `\`${name}\`: a distance in metres takes its geometry in longitude and latitude, not ${crs.name}.`,
    )
  }
  const straight = longestStraight(Math.max(BEND * distance, SMALLEST_BEND))
  const cut = cutEdges(wkb, (dx, dy) => Math.ceil((Math.abs(dx) + Math.abs(dy)) / straight) || 1, name, budget.geometry)
  yield
  const lines = linework(cut)
  const isPoints = lines.every(({ length }) => length === 2)
  if (distance > (isPoints ? FURTHEST_FROM_POINTS : FURTHEST)) {
    throw new GeoduckError(
      'BAD_INPUT',
      `\`dWithin.distance\` is at most ${FURTHEST_FROM_POINTS.toLocaleString('en')} m from points and ${FURTHEST.toLocaleString('en')} m from lines and polygons; it was ${distance}.`,
    )
  }
  const pieces = yield* toPieces(lines)
  if (!pieces) {
    throw new GeoduckError(
      'LIMIT_EXCEEDED',
      `\`${name}\`: the geometry has outlines in more than ${MAX_PIECES} parts of 200 km; simplify or split it.`,
    )
  }
  budget.pieces(pieces.length)
  yield
  const [line] = lines
  const point = isPoints && lines.length === 1 ? ([line?.[0] as number, line?.[1] as number] as const) : null
  const near = pieces.map((piece) => ({
    centre: piece.centre,
    lines: linesWkb(piece.lines),
    box: neighbourhood(piece.lines, distance),
  }))
  return { point, straight, box: neighbourhood(lines, distance), pieces: near }
}
