/**
 * This file has the ranges of distances on the earth. A feature is compared with the probe in a projection around a piece of the probe. An
 * edge is straight in longitude and latitude, so it is cut until it is nearly straight in the projection: short edges where the
 * feature is near, and longer ones where a larger error is permitted. The ranges are fixed, so that a feature has one distance,
 * regardless of the rest of the query.
 */
import { longestStraight } from './line-pieces.ts'

interface DistanceRange {
  /** Metres. Null: the rest of the earth. There, only the vertices are compared, because no projection is right for far edges. */
  readonly most: number | null
  /** Degrees of longitude plus degrees of latitude. Longer edges are cut. */
  readonly straight: number
}

/** Metres. The permitted error of the middle of an edge: 0.02 % from 5 km on. */
const [NEAR_BEND, MIDDLE_BEND] = [0.001, 1]

export const DISTANCE_RANGES: readonly DistanceRange[] = [
  { most: 5_000, straight: longestStraight(NEAR_BEND) },
  { most: 1_000_000, straight: longestStraight(MIDDLE_BEND) },
  // From 1,000 km on, the nearest vertex of an edge of half a degree is at most 0.04 % farther than the edge.
  { most: null, straight: 0.5 },
]

/** More than the error of positions that were put on an edge, as a share of its length. */
const BESIDE = 1e-9

/** Removes positions that only cut an edge, as far as its pieces stay at most `straight` long. Longitudes and latitudes alternate. */
export function withLongerEdges(line: readonly number[], straight: number): readonly number[] {
  const kept = line.slice(0, 2)
  for (let n = 2; n < line.length - 2; n += 2) {
    const [x, y, nextX, nextY] = line.slice(n, n + 4) as [number, number, number, number]
    const [dx, dy] = [nextX - kept.at(-2)!, nextY - kept.at(-1)!]
    const beside = Math.abs((x - kept.at(-2)!) * dy - (y - kept.at(-1)!) * dx)
    const forth = (nextX - x) * (x - kept.at(-2)!) + (nextY - y) * (y - kept.at(-1)!)
    const isCut = Math.abs(dx) + Math.abs(dy) <= straight && beside <= BESIDE * (dx * dx + dy * dy) && forth >= 0
    if (!isCut) kept.push(x, y)
  }
  return line.length > 2 ? [...kept, ...line.slice(-2)] : kept
}
