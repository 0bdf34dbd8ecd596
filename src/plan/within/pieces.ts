/** Linework in pieces small enough that each has a projection of its own. */
import { fromVector, metresOf, toVector, type Vector } from './earth.ts'
import type { Position } from './linework.ts'

/** Metres. At this radius and 200 km around it, an azimuthal projection stretches a distance by at most 0.037 %. */
export const PIECE_RADIUS = 100_000
export const MAX_PIECES = 64

/** Lines within `PIECE_RADIUS` of a centre. */
export class Piece {
  readonly lines: Position[][] = []
  #min: Vector = [2, 2, 2]
  #max: Vector = [-2, -2, -2]
  #open = false

  /** False: it would be too large. A line that begins anew shares no edge with what came before. */
  add(position: Position, begins: boolean): boolean {
    const vector = toVector(...position)
    const min = each(this.#min, vector, Math.min)
    const max = each(this.#max, vector, Math.max)
    // A sphere around the box of all vectors.
    if (this.lines.length > 0 && metresOf(length(min, max) / 2) > PIECE_RADIUS) return false
    this.#min = min
    this.#max = max
    if (begins || !this.#open) this.lines.push([])
    this.lines.at(-1)?.push(position)
    this.#open = true
    return true
  }

  /** What is added next does not go on from here. */
  leave(): void {
    this.#open = false
  }

  get positions(): readonly Position[] {
    return this.lines.flat()
  }

  get centre(): Position {
    const [only, ...others] = this.positions
    if (only && others.length === 0) return only
    return fromVector(each(this.#min, this.#max, (a, b) => (a + b) / 2))
  }
}

/** Edges of `lines` are far shorter than a piece. Null: it takes more than `MAX_PIECES`. */
export function toPieces(lines: readonly (readonly Position[])[]): readonly Piece[] | null {
  const pieces: Piece[] = []
  for (const line of lines) {
    let current: Piece | null = null
    for (const [n, position] of line.entries()) {
      if (current?.add(position, false)) continue
      current?.leave()
      // The edge that leaves one piece is the first in the next.
      const edge: readonly Position[] = n === 0 ? [position] : [line[n - 1] as Position, position]
      current = takes(edge, pieces)
      if (pieces.length > MAX_PIECES) return null
    }
    current?.leave()
  }
  return pieces
}

/** The first piece that has room for the positions, in the order that they were begun in; else a new one. */
function takes(edge: readonly Position[], pieces: Piece[]): Piece {
  for (const piece of pieces) if (fits(edge, piece)) return piece
  const piece = new Piece()
  pieces.push(piece)
  for (const position of edge) piece.add(position, false)
  return piece
}

/** All of them or, as far as anybody can tell, none: a first one that went in alone is on the linework anyway. */
function fits(edge: readonly Position[], piece: Piece): boolean {
  const all = edge.every((position, n) => piece.add(position, n === 0))
  if (!all) piece.leave()
  return all
}

function each(a: Vector, b: Vector, of: (a: number, b: number) => number): Vector {
  return [of(a[0], b[0]), of(a[1], b[1]), of(a[2], b[2])]
}

function length(a: Vector, b: Vector): number {
  return Math.hypot(b[0] - a[0], b[1] - a[1], b[2] - a[2])
}
