/** Linework in pieces small enough that each has a projection of its own. */
import type { Position } from '../../model/predicate.ts'
import { DEGREE, fromVector, metresOf } from './earth.ts'
import type { Line } from './linework.ts'

/** Metres. At this radius and 200 km around it, an azimuthal projection stretches a distance by at most 0.037 %. */
export const PIECE_RADIUS = 100_000
export const MAX_PIECES = 64
/** Positions that are sorted into pieces in a few milliseconds, wherever they lie. */
const AT_ONCE = 4_096

/** A position, and where it is on a sphere of radius 1. One is used again and again: there may be 125,000. */
class Place {
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

/** Lines within `PIECE_RADIUS` of a centre, whose positions lie in a box of unit vectors. */
export class Piece {
  /** Longitudes and latitudes in turn. */
  readonly lines: number[][] = []
  #open: number[] | null = null
  #minX = 2
  #minY = 2
  #minZ = 2
  #maxX = -2
  #maxY = -2
  #maxZ = -2

  /** False: it would be too large. A line that begins anew shares no edge with what came before. */
  add({ x, y, z, longitude, latitude }: Place, begins: boolean): boolean {
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

  /** What is added next does not go on from here. */
  leave(): void {
    this.#open = null
  }

  get centre(): Position {
    const [only] = this.lines
    if (this.lines.length === 1 && only?.length === 2) return [only[0] as number, only[1] as number]
    return fromVector([(this.#minX + this.#maxX) / 2, (this.#minY + this.#maxY) / 2, (this.#minZ + this.#maxZ) / 2])
  }
}

/** Edges of `lines` are far shorter than a piece. Null: it takes more than `MAX_PIECES`. It stops now and then, to let others in. */
export function* toPieces(lines: readonly Line[]): Generator<undefined, readonly Piece[] | null> {
  const pieces: Piece[] = []
  let [before, place] = [new Place(), new Place()]
  let done = 0
  for (const line of lines) {
    let current: Piece | null = null
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

/** The first piece that has room for the edge, or for the place alone, in the order that they were begun in; else a new one. */
function takes(before: Place | null, place: Place, pieces: Piece[]): Piece {
  for (const piece of pieces) if (fits(before, place, piece)) return piece
  const piece = new Piece()
  pieces.push(piece)
  fits(before, place, piece)
  return piece
}

/** All of it or, as far as anybody can tell, nothing: a first position that went in alone is on the linework anyway. */
function fits(before: Place | null, place: Place, piece: Piece): boolean {
  if ((!before || piece.add(before, true)) && piece.add(place, before === null)) return true
  piece.leave()
  return false
}
