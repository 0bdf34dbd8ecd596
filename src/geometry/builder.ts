/**
 * Builds canonical geometry for every reader of client geometry. It checks the rules that all notations share, and writes one form: little-endian WKB
 * with two dimensions. The predicates use no other dimensions: heights and measures are only checked to be numbers. Empty members are omitted
 * too: the set of points is the same, and the engine's own code is not safe from them.
 */
import { GeoduckError } from '../model/errors.ts'
import type { BBox } from '../model/layer.ts'
import { type GeometryTypeName, typeOf } from './geometry-type.ts'

export const MAX_DEPTH = 16

export interface ClientGeometry {
  readonly wkb: Uint8Array
  /** Null if it is empty: then nothing intersects it. */
  readonly bbox: BBox | null
  /** False if the input has something that `wkb` leaves out: more than two dimensions, or empty members. @default true */
  readonly isWhole?: boolean
}

interface Part {
  readonly type: GeometryTypeName | 'ring'
  readonly start: number
  /** The position of its count in the buffer. Null for points. */
  readonly countAt: number | null
  /** The number of positions, rings or members. */
  count: number
  /** The number of rings, including empty ones. */
  rings: number
  firstX: number
  firstY: number
  lastX: number
  lastY: number
}

/** Returns the number of pieces for an edge of this extent, because a straight line in one CRS is not straight in another. */
export type Pieces = (dx: number, dy: number) => number

export class GeometryBuilder {
  /** A reader sets it to false for a position of more than two dimensions. */
  isWhole = true
  readonly #argument: string
  readonly #isLonLat: boolean
  readonly #pieces: Pieces | null
  readonly #tally: GeometryBudget
  readonly #out = new WkbWriter()
  readonly #parts: Part[] = []
  /** The innermost geometry. */
  #part: Part | undefined
  #vertices = 0
  #members = 0
  #west = Number.POSITIVE_INFINITY
  #south = Number.POSITIVE_INFINITY
  #east = Number.NEGATIVE_INFINITY
  #north = Number.NEGATIVE_INFINITY

  /** `argument` is its name in messages. `tally` limits all geometries of the operation together. `pieces` cuts edges. */
  constructor(
    argument: string,
    isLonLat: boolean,
    tally = new GeometryBudget(Number.POSITIVE_INFINITY),
    pieces: Pieces | null = null,
  ) {
    this.#argument = argument
    this.#isLonLat = isLonLat
    this.#tally = tally
    this.#pieces = pieces
  }

  /** The box so far. */
  get vertices(): number {
    return this.#vertices
  }

  begin(type: GeometryTypeName): void {
    if (this.#parts.length >= MAX_DEPTH) throw this.tooLarge(`is nested deeper than ${MAX_DEPTH}`)
    const parent = this.#part
    const wanted = parent && parent.type !== 'ring' && typeOf(parent.type).member
    if (wanted && wanted !== type) throw this.wrong(`a ${parent.type} has members of type ${wanted}, not ${type}`)
    this.#countMember()
    const start = this.#out.length
    this.#out.header(typeOf(type).code)
    this.#push(type, start, type === 'Point' ? null : this.#out.openCount())
  }

  beginRing(): void {
    this.#countMember()
    const start = this.#out.length
    this.#push('ring', start, this.#out.openCount())
  }

  /** Runs once per vertex: 40 ns, without garbage. */
  position(x: number, y: number): void {
    const part = this.#part as Part
    if (!Number.isFinite(x) || !Number.isFinite(y)) throw this.wrong('coordinates are finite numbers')
    if (this.#isLonLat && (x < -180 || x > 180)) throw this.wrong(`longitude ${x} is not within -180 and 180`)
    if (this.#isLonLat && (y < -90 || y > 90)) throw this.wrong(`latitude ${y} is not within -90 and 90`)
    this.#vertices++
    const { most } = this.#tally
    if (++this.#tally.vertices > most.vertices) throw this.#tooMany(this.#vertices, most.vertices, 'vertices (--max-vertices)')
    if (this.#pieces && part.count > 0) this.#cut(part, this.#pieces(x - part.lastX, y - part.lastY), x, y)
    if (part.count === 0) {
      part.firstX = x
      part.firstY = y
    }
    part.lastX = x
    part.lastY = y
    part.count++
    this.#out.position(x, y)
    if (x < this.#west) this.#west = x
    if (y < this.#south) this.#south = y
    if (x > this.#east) this.#east = x
    if (y > this.#north) this.#north = y
  }

  /** Ends a geometry or ring. */
  end(): void {
    const part = this.#parts.pop() as Part
    const parent = this.#parts.at(-1)
    this.#part = parent
    if (part.count > 0) this.#check(part, parent)
    if (parent && part.type === 'ring') parent.rings++
    if (part.countAt !== null) this.#out.closeCount(part.countAt, part.count)
    if (part.count === 0) {
      this.#out.length = part.start
      this.isWhole = false
    } else if (parent) parent.count++
  }

  finish(): ClientGeometry {
    const isEmpty = this.#vertices === 0
    const bbox = isEmpty ? null : ([this.#west, this.#south, this.#east, this.#north] as const)
    return { wkb: this.#out.bytes(), bbox, isWhole: this.isWhole }
  }

  wrong(what: string): GeoduckError {
    return new GeoduckError('BAD_INPUT', `\`${this.#argument}\`: ${what}.`)
  }

  tooLarge(what: string): GeoduckError {
    return new GeoduckError('LIMIT_EXCEEDED', `\`${this.#argument}\`: the geometry ${what}; simplify or split it.`)
  }

  #tooMany(own: number, most: number, what: string): GeoduckError {
    return this.tooLarge(
      own > most ? `has more than ${most} ${what}` : `has with the others of its operation more than ${most} ${what}`,
    )
  }

  /** Adds positions between two positions of a line. */
  #cut(part: Part, pieces: number, toX: number, toY: number): void {
    const { lastX: x, lastY: y } = part
    this.#tally.inserted += pieces - 1
    const { inserted, most } = this.#tally
    if (!(inserted <= most.inserted)) throw this.tooLarge(`has edges too long to be cut into ${most.inserted} straight pieces`)
    for (let n = 1; n < pieces; n++) this.#out.position(x + ((toX - x) * n) / pieces, y + ((toY - y) * n) / pieces)
    part.count += pieces - 1
  }

  #push(type: Part['type'], start: number, countAt: number | null): void {
    this.#part = { type, start, countAt, count: 0, rings: 0, firstX: 0, firstY: 0, lastX: 0, lastY: 0 }
    this.#parts.push(this.#part)
  }

  /** Empty members have no vertices, so they are counted separately. */
  #countMember(): void {
    const { most } = this.#tally
    this.#members++
    if (++this.#tally.parts > most.parts) throw this.#tooMany(this.#members, most.parts, 'parts')
  }

  #check(part: Part, parent: Part | undefined): void {
    if (part.type === 'LineString' && part.count < 2) throw this.wrong('a line has at least two positions')
    if (part.type !== 'ring') return
    if (part.firstX !== part.lastX || part.firstY !== part.lastY)
      throw this.wrong('a ring is closed: its last position is its first')
    if (part.count < 4) throw this.wrong('a ring has at least four positions, the last equal to the first')
    if (parent && parent.rings > 0 && parent.count === 0) throw this.wrong('a polygon with holes has a shell')
  }
}

/** A growing buffer of little-endian well-known binary. */
export class WkbWriter {
  length = 0
  #bytes = new Uint8Array(256)
  #view = new DataView(this.#bytes.buffer)

  header(typeCode: number): void {
    this.#reserve(5)
    this.#view.setUint8(this.length, 1)
    this.#view.setUint32(this.length + 1, typeCode, true)
    this.length += 5
  }

  /** Reserves a count that is not known yet, and returns its position. */
  openCount(): number {
    this.#reserve(4)
    this.length += 4
    return this.length - 4
  }

  closeCount(place: number, count: number): void {
    this.#view.setUint32(place, count, true)
  }

  position(x: number, y: number): void {
    this.#reserve(16)
    this.#view.setFloat64(this.length, x, true)
    this.#view.setFloat64(this.length + 8, y, true)
    this.length += 16
  }

  /** Writes a height or a measure after a position. */
  ordinate(value: number): void {
    this.#reserve(8)
    this.#view.setFloat64(this.length, value, true)
    this.length += 8
  }

  bytes(): Uint8Array {
    return this.#bytes.slice(0, this.length)
  }

  #reserve(more: number): void {
    if (this.length + more <= this.#bytes.length) return
    const larger = new Uint8Array(this.#bytes.length * 2 + more)
    larger.set(this.#bytes)
    this.#bytes = larger
    this.#view = new DataView(larger.buffer)
  }
}

/** Counts the geometries of one operation, and limits them. */
export class GeometryBudget {
  readonly most: { readonly vertices: number; readonly parts: number; readonly inserted: number }
  vertices = 0
  /** Geometries, members and rings, which may be empty and have no vertex. */
  parts = 0
  /** Positions that are inserted to cut edges. */
  inserted = 0

  constructor(mostVertices: number) {
    this.most = { vertices: mostVertices, parts: 2 * mostVertices, inserted: MAX_INSERTED }
  }

  /** Returns the result of `read`. If it throws, nothing has been counted. */
  during<Value>(read: () => Value): Value {
    const { vertices, parts, inserted } = this
    try {
      return read()
    } catch (error) {
      Object.assign(this, { vertices, parts, inserted })
      throw error
    }
  }
}

const MAX_INSERTED = 100_000
