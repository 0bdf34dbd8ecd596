/** Cuts lines into pieces that are small enough for one projection each. */
import type { Position } from '../../model/predicate.ts'
import { GEOMETRY } from '../geometry-type.ts'
import { WkbReader } from '../wkb.ts'

/** Metres. At this radius and 200 km around it, an azimuthal projection distorts a distance by at most 0.037 %. */
export const PIECE_RADIUS = 100_000
export const MAX_PIECES = 64
/** The number of positions that are sorted into pieces in a few milliseconds, in any arrangement. */
const AT_ONCE = 4_096

/** A position, and its vector on a sphere of radius 1. The object is used again, because there may be 125,000 positions. */
class SpherePoint {
  longitude = 0
  latitude = 0
  x = 0
  y = 0
  z = 0

  set(longitude: number, latitude: number): void {
    const flat = Math.cos(latitude * DEGREE)
    this.longitude = longitude
    this.latitude = latitude
    this.x = flat * Math.cos(longitude * DEGREE)
    this.y = flat * Math.sin(longitude * DEGREE)
    this.z = Math.sin(latitude * DEGREE)
  }
}

/** Lines within `PIECE_RADIUS` of a centre. Their positions lie in a box of unit vectors. */
export class LinePiece {
  /** Longitudes and latitudes alternate. */
  readonly lines: number[][] = []
  #open: number[] | null = null
  #minX = 2
  #minY = 2
  #minZ = 2
  #maxX = -2
  #maxY = -2
  #maxZ = -2

  /** False if it would be too large. A line that starts here shares no edge with the line before. */
  add({ x, y, z, longitude, latitude }: SpherePoint, begins: boolean): boolean {
    const [minX, minY, minZ] = [Math.min(this.#minX, x), Math.min(this.#minY, y), Math.min(this.#minZ, z)]
    const [maxX, maxY, maxZ] = [Math.max(this.#maxX, x), Math.max(this.#maxY, y), Math.max(this.#maxZ, z)]
    // A sphere around the box of all vectors.
    const size = Math.sqrt((maxX - minX) ** 2 + (maxY - minY) ** 2 + (maxZ - minZ) ** 2)
    if (this.lines.length > 0 && metresOf(size / 2) > PIECE_RADIUS) return false
    this.#minX = minX
    this.#minY = minY
    this.#minZ = minZ
    this.#maxX = maxX
    this.#maxY = maxY
    this.#maxZ = maxZ
    const open = begins || !this.#open ? [] : this.#open
    if (open.length === 0) this.lines.push(open)
    open.push(longitude, latitude)
    this.#open = open
    return true
  }

  /** The next position does not continue this line. */
  leave(): void {
    this.#open = null
  }

  get centre(): Position {
    const [only] = this.lines
    if (this.lines.length === 1 && only?.length === 2) return [only[0] as number, only[1] as number]
    return fromVector([(this.#minX + this.#maxX) / 2, (this.#minY + this.#maxY) / 2, (this.#minZ + this.#maxZ) / 2])
  }
}

/**
 * Cuts `lines`, whose edges are much shorter than a piece. Null if it needs more than `MAX_PIECES`. It stops regularly, so that
 * the server can do other work.
 */
export function* toPieces(lines: readonly Line[]): Generator<undefined, readonly LinePiece[] | null> {
  const pieces: LinePiece[] = []
  let [before, place] = [new SpherePoint(), new SpherePoint()]
  let done = 0
  for (const line of lines) {
    let current: LinePiece | null = null
    for (let n = 0; n < line.length; n += 2) {
      if (++done % AT_ONCE === 0) yield
      place.set(line[n] as number, line[n + 1] as number)
      if (!current?.add(place, false)) {
        current?.leave()
        // The edge that leaves one piece is the first in the next.
        current = takes(n === 0 ? null : before, place, pieces)
        if (pieces.length > MAX_PIECES) return null
      }
      ;[before, place] = [place, before]
    }
    current?.leave()
  }
  return pieces
}

/**
 * Returns the first piece with room for the edge, or for the position alone, in the order of their creation; otherwise a new
 * piece.
 */
function takes(before: SpherePoint | null, place: SpherePoint, pieces: LinePiece[]): LinePiece {
  for (const piece of pieces) if (fits(before, place, piece)) return piece
  const piece = new LinePiece()
  pieces.push(piece)
  fits(before, place, piece)
  return piece
}

/** Adds the whole edge or nothing visible: a first position that was added alone is part of the lines anyway. */
function fits(before: SpherePoint | null, place: SpherePoint, piece: LinePiece): boolean {
  if ((!before || piece.add(before, true)) && piece.add(place, before === null)) return true
  piece.leave()
  return false
}

/**
 * Returns points, lines and rings of a geometry without the areas that they enclose. Distances from outside are measured to
 * them.
 */

/** Longitudes and latitudes alternate. A point is a line with one position. */
type Line = Float64Array

/** Reads the builder's WKB: two dimensions, no empty members. */
export function linework(wkb: Uint8Array): readonly Line[] {
  const lines: Line[] = []
  const reader = new WkbReader(wkb)
  const line = (positions: number) => {
    const from = reader.positions(positions)
    const ordinates = new Float64Array(2 * positions)
    for (let n = 0; n < ordinates.length; n++) ordinates[n] = reader.ordinate(from + 8 * n)
    lines.push(ordinates)
  }
  // The builder limits the nesting of geometries.
  const geometry = (type: number) => {
    if (type === GEOMETRY.POINT) line(1)
    else if (type === GEOMETRY.LINESTRING) line(reader.count())
    else if (type === GEOMETRY.POLYGON) for (let rings = reader.count(); rings > 0; rings--) line(reader.count())
    else for (let members = reader.count(); members > 0; members--) geometry(reader.header())
  }
  geometry(reader.open(0, wkb.length))
  return lines
}

/** WGS 84, as exactly as a bound on a distance needs it. Angles are in degrees, lengths in metres. */

/**
 * The smallest radius of curvature. A sphere of this radius is nowhere larger than the ellipsoid, point by point in longitude
 * and latitude.
 */
const SMALLEST_RADIUS = 6_335_439
/** The largest radius of curvature. */
const LARGEST_RADIUS = 6_399_594
const DEGREE = Math.PI / 180

/** Degrees of arc that are never less than the distance. */
export function degreesAtLeast(metres: number): number {
  return metres / SMALLEST_RADIUS / DEGREE
}

/** Degrees of longitude that cover the distance (in degrees of arc) at and below a latitude. Null if it reaches the pole. */
export function longitudesWithin(arc: number, latitude: number): number | null {
  const furthest = Math.abs(latitude) + arc
  if (furthest >= 90) return null
  return Math.asin(Math.min(1, Math.sin(arc * DEGREE) / Math.cos(latitude * DEGREE))) / DEGREE
}

/**
 * The longest edge, in degrees of longitude plus degrees of latitude, whose middle is off by at most `tolerance` metres. The error is between a
 * straight line in an azimuthal projection and one in longitude and latitude. It is at most R/8 (dx + dy)^2.
 */
export function longestStraight(tolerance: number): number {
  return Math.sqrt((8 * tolerance) / LARGEST_RADIUS) / DEGREE
}

type Vector = readonly [number, number, number]

/** Longitude and latitude. */
function fromVector([x, y, z]: Vector): readonly [number, number] {
  return [Math.atan2(y, x) / DEGREE, Math.atan2(z, Math.hypot(x, y)) / DEGREE]
}

/** Metres of a straight line through the earth, from the straight line between unit vectors. */
function metresOf(chord: number): number {
  return chord * LARGEST_RADIUS
}
