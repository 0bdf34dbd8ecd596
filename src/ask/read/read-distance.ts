/** Reads a distance filter: its geometry, and, for longitude and latitude, the pieces of that geometry. */

import { hash } from 'node:crypto'
import { type LinePiece, linework, longestStraight, MAX_PIECES, toPieces } from '../../geometry/distance/line-pieces.ts'
import { extentOf, linesWkb, neighbourhood } from '../../geometry/distance/neighbourhood.ts'
import { DISTANCE_RANGES, withLongerEdges } from '../../geometry/distance/ranges.ts'
import type { DistanceFilter, GeometryInput } from '../../graphql/generated.ts'
import { GeoduckError } from '../../model/errors.ts'
import type { DistancePredicate, Geometry, OnEarth, Position, Probe, ProbeOnEarth } from '../../model/predicate.ts'
import type { View } from '../../model/query.ts'
import { show } from '../../model/show.ts'
import { requireGeometry } from '../view.ts'
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

/**
 * Reads a geometry from which distances are measured. `name` is the argument's. @throws GeoduckError BAD_INPUT, LIMIT_EXCEEDED
 * with the name
 */
export function* readingProbe(
  input: GeometryInput,
  { layer }: View,
  name: string,
  budget: FilterBudget,
): Generator<undefined, Probe> {
  requireGeometry(layer, name)
  const geometry = readGeometry(input, layer, name, budget.geometry)
  yield
  if (geometry.bbox === null) {
    throw new GeoduckError(
      'BAD_INPUT',
      `\`${geometry.argument}\` is empty, so nothing has a distance to it; give a geometry with positions.`,
    )
  }
  const onEarth = layer.crs?.isLonLat === true ? yield* readProbeOnEarth(geometry, budget) : null
  const digest = hash('sha256', JSON.stringify([hash('sha256', geometry.wkb), geometry.crs?.code ?? null]))
  return { geometry, onEarth, digest }
}

function* readProbeOnEarth(geometry: Geometry, budget: FilterBudget): Generator<undefined, ProbeOnEarth> {
  const lines = yield* readLines(geometry, DISTANCE_RANGES[0]!.straight, budget)
  const pieces = yield* readPieces(lines, geometry.argument, budget)
  return {
    point: onlyPoint(lines),
    extent: extentOf(lines),
    pieces: pieces.map((piece) => ({
      centre: piece.centre,
      ranges: DISTANCE_RANGES.map(({ most, straight }) => ({
        lines: linesWkb(piece.lines.map((line) => withLongerEdges(line, straight))),
        box: most === null ? null : neighbourhood(piece.lines, most),
      })),
    })),
  }
}

type Lines = ReturnType<typeof linework>

/** Reads the outlines of the geometry. Their edges become at most `straight` degrees long. */
function* readLines({ wkb, crs, argument: name }: Geometry, straight: number, budget: FilterBudget): Generator<undefined, Lines> {
  if (crs !== null) {
    throw new GeoduckError(
      'BAD_INPUT',
      `\`${name}\`: a distance in metres takes its geometry in longitude and latitude, not ${crs.name}.`,
    )
  }
  const cut = cutEdges(wkb, (dx, dy) => Math.ceil((Math.abs(dx) + Math.abs(dy)) / straight) || 1, name, budget.geometry)
  yield
  return linework(cut)
}

function* readPieces(lines: Lines, name: string, budget: FilterBudget): Generator<undefined, readonly LinePiece[]> {
  const pieces = yield* toPieces(lines)
  if (!pieces) {
    throw new GeoduckError(
      'LIMIT_EXCEEDED',
      `\`${name}\`: the geometry has outlines in more than ${MAX_PIECES} parts of 200 km; simplify or split it.`,
    )
  }
  budget.pieces(pieces.length)
  yield
  return pieces
}

/** Returns the point if the outlines are one point. */
function onlyPoint([line, other]: Lines): Position | null {
  return line?.length === 2 && !other ? [line[0] as number, line[1] as number] : null
}

function* readOnEarth(geometry: Geometry, distance: number, budget: FilterBudget): Generator<undefined, OnEarth> {
  const straight = longestStraight(Math.max(BEND * distance, SMALLEST_BEND))
  const lines = yield* readLines(geometry, straight, budget)
  const isPoints = lines.every(({ length }) => length === 2)
  if (distance > (isPoints ? FURTHEST_FROM_POINTS : FURTHEST)) {
    throw new GeoduckError(
      'BAD_INPUT',
      `\`dWithin.distance\` is at most ${FURTHEST_FROM_POINTS.toLocaleString('en')} m from points and ${FURTHEST.toLocaleString('en')} m from lines and polygons; it was ${distance}.`,
    )
  }
  const pieces = yield* readPieces(lines, geometry.argument, budget)
  const near = pieces.map((piece) => ({
    centre: piece.centre,
    lines: linesWkb(piece.lines),
    box: neighbourhood(piece.lines, distance),
  }))
  return { point: onlyPoint(lines), straight, box: neighbourhood(lines, distance), pieces: near }
}
