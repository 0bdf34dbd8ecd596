/** WGS 84, as far as a bound on a distance needs it. Angles are in degrees, lengths in metres. */

/** Where the ellipsoid is bent most: a sphere of this radius, point for point by longitude and latitude, is nowhere larger. */
const SMALLEST_RADIUS = 6_335_439
/** Where it is bent least. */
const LARGEST_RADIUS = 6_399_594
export const DEGREE = Math.PI / 180

/** Degrees of arc that are never less than the distance. */
export function degreesAtLeast(metres: number): number {
  return metres / SMALLEST_RADIUS / DEGREE
}

/** Degrees of longitude that cover the distance (in degrees of arc) at and below a latitude; null: it reaches the pole. */
export function longitudesWithin(arc: number, latitude: number): number | null {
  const furthest = Math.abs(latitude) + arc
  if (furthest >= 90) return null
  return Math.asin(Math.min(1, Math.sin(arc * DEGREE) / Math.cos(latitude * DEGREE))) / DEGREE
}

/**
 * The longest edge, in degrees of longitude plus degrees of latitude, whose middle is off by at most `tolerance` metres when it is a
 * straight line in an azimuthal projection instead of one in longitude and latitude: that bends by at most R/8 (dx + dy)^2.
 */
export function longestStraight(tolerance: number): number {
  return Math.sqrt((8 * tolerance) / LARGEST_RADIUS) / DEGREE
}

export type Vector = readonly [number, number, number]

/** Longitude and latitude. */
export function fromVector([x, y, z]: Vector): readonly [number, number] {
  return [Math.atan2(y, x) / DEGREE, Math.atan2(z, Math.hypot(x, y)) / DEGREE]
}

/** Metres of a straight line through the earth, from that of unit vectors. */
export function metresOf(chord: number): number {
  return chord * LARGEST_RADIUS
}
