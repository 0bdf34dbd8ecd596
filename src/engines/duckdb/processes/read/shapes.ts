/** Reads the shapes of a `.shp`, and writes them as WKB. ESRI Shapefile Technical Description, 1998. */
import { WkbWriter } from '../../../../geometry/builder.ts'
import { GEOMETRY } from '../../../../geometry/geometry-type.ts'
import { CURVES } from './reader.ts'

/** The types of shapes without their dimensions. */
const SHAPE = { NULL: 0, POINT: 1, LINE: 3, POLYGON: 5, MULTIPOINT: 8, MULTIPATCH: 31 } as const

/** Measures below this are "no data". */
const NO_DATA = -1e38
const POSITION_BYTES = 16

/** The parts of a line or polygon, as indexes of positions. */
interface Part {
  readonly from: number
  readonly to: number
}

export class ShapeReader {
  readonly #out = new WkbWriter()
  #record: Buffer = Buffer.alloc(0)
  /** The positions of the ordinates in the record. Null if it has none. */
  #xy = 0
  #z: number | null = null
  #m: number | null = null

  /** Returns null for a shape without geometry. @throws Error with the reason why the record is no shape */
  read(record: Buffer): Uint8Array | null {
    this.#record = record
    this.#out.length = 0
    const code = record.readInt32LE(0)
    if (code === SHAPE.NULL) return null
    if (code === SHAPE.MULTIPATCH) throw new Error(CURVES)
    const [kind, dimensions] = [code % 10, Math.floor(code / 10)]
    if (dimensions > 2 || !(kind === SHAPE.POINT || kind === SHAPE.LINE || kind === SHAPE.POLYGON || kind === SHAPE.MULTIPOINT))
      throw new Error(`${code} is no type of shape`)
    if (kind === SHAPE.POINT) return this.#point(dimensions)
    const isMulti = kind === SHAPE.MULTIPOINT
    const parts = isMulti ? 0 : record.readInt32LE(36)
    const count = record.readInt32LE(isMulti ? 36 : 40)
    const head = isMulti ? 40 : 44 + 4 * parts
    if (parts < 0 || count < 0 || head + count * POSITION_BYTES > record.length)
      throw new Error('it has more positions than bytes')
    this.#place(head, count, dimensions)
    if (isMulti) return this.#points(count)
    const pieces = this.#parts(parts, count)
    return kind === SHAPE.LINE ? this.#lines(pieces) : this.#polygons(pieces)
  }

  #place(xy: number, count: number, dimensions: number): void {
    this.#xy = xy
    const after = xy + count * POSITION_BYTES
    // Heights and measures each have a range of two numbers before them.
    const block = 16 + 8 * count
    this.#z = dimensions === 1 && count > 0 ? after + 16 : null
    if (this.#z !== null && after + block > this.#record.length) throw new Error('its heights are cut short')
    const measures = after + (dimensions === 1 ? block : 0)
    this.#m = dimensions > 0 && this.#hasMeasures(measures + 16, count) ? measures + 16 : null
  }

  /** Measures are optional, also in a type that has them. */
  #hasMeasures(from: number, count: number): boolean {
    if (count === 0 || from + 8 * count > this.#record.length) return false
    for (let n = 0; n < count; n++) if (this.#record.readDoubleLE(from + 8 * n) > NO_DATA) return true
    return false
  }

  #parts(parts: number, count: number): Part[] {
    const starts = Array.from({ length: parts }, (_, part) => this.#record.readInt32LE(44 + 4 * part))
    return starts.map((from, part) => {
      const to = starts[part + 1] ?? count
      if (from < 0 || to < from || to > count) throw new Error('its parts are in no order')
      return { from, to }
    })
  }

  #point(dimensions: number): Uint8Array {
    const record = this.#record
    if (record.length < 20 + (dimensions === 1 ? 8 : 0)) throw new Error('it is cut short')
    this.#xy = 4
    this.#z = dimensions === 1 ? 20 : null
    const measure = dimensions === 1 ? 28 : 20
    // A record of a line, whose damaged type says point.
    if (record.length > measure + (dimensions > 0 ? 8 : 0)) throw new Error('it has more bytes than a point')
    const hasMeasure = dimensions > 0 && record.length >= measure + 8 && record.readDoubleLE(measure) > NO_DATA
    this.#m = hasMeasure ? measure : null
    this.#header(GEOMETRY.POINT)
    this.#position(0)
    return this.#out.bytes()
  }

  #points(count: number): Uint8Array {
    this.#header(GEOMETRY.MULTIPOINT)
    this.#count(count)
    for (let n = 0; n < count; n++) {
      this.#header(GEOMETRY.POINT)
      this.#position(n)
    }
    return this.#out.bytes()
  }

  #lines(parts: readonly Part[]): Uint8Array {
    if (parts.length !== 1) {
      this.#header(GEOMETRY.MULTILINESTRING)
      this.#count(parts.length)
    }
    for (const part of parts) {
      this.#header(GEOMETRY.LINESTRING)
      this.#positions(part)
    }
    return this.#out.bytes()
  }

  #polygons(parts: readonly Part[]): Uint8Array {
    const polygons = this.#assembled(parts.filter(({ from, to }) => to > from))
    if (polygons.length !== 1) {
      this.#header(GEOMETRY.MULTIPOLYGON)
      this.#count(polygons.length)
    }
    for (const rings of polygons) {
      this.#header(GEOMETRY.POLYGON)
      this.#count(rings.length)
      for (const ring of rings) this.#positions(ring)
    }
    return this.#out.bytes()
  }

  /** A clockwise ring is a shell. A hole belongs to the smallest shell around it. A hole without a shell is a shell. */
  #assembled(rings: readonly Part[]): Part[][] {
    if (rings.length <= 1) return rings.map((ring) => [ring])
    const measured = rings.map((ring, order) => ({ ring, order, area: this.#area(ring), box: this.#box(ring) }))
    const shells = measured.filter(({ area }) => area <= 0).map((shell) => ({ ...shell, rings: [shell.ring] }))
    const bySize = shells.toSorted((a, b) => b.area - a.area)
    const orphans = measured.filter(({ area, ring, box }) => {
      if (area <= 0) return false
      const around = bySize.find((shell) => contains(shell.box, box) && this.#isInside(ring, shell.ring))
      around?.rings.push(ring)
      return !around
    })
    const all = [...shells, ...orphans.map((orphan) => ({ ...orphan, rings: [orphan.ring] }))]
    return all.sort((a, b) => a.order - b.order).map((shell) => shell.rings)
  }

  /** Twice the area, negative if the ring is clockwise. It is measured from the first position, so that small rings keep their digits. */
  #area({ from, to }: Part): number {
    const [x0, y0] = [this.#x(from), this.#y(from)]
    let [area, x, y] = [0, 0, 0]
    for (let n = from + 1; n < to; n++) {
      const [nextX, nextY] = [this.#x(n) - x0, this.#y(n) - y0]
      area += x * nextY - nextX * y
      x = nextX
      y = nextY
    }
    return area
  }

  #box({ from, to }: Part): readonly [number, number, number, number] {
    let [west, south, east, north] = [Infinity, Infinity, -Infinity, -Infinity]
    for (let n = from; n < to; n++) {
      const [x, y] = [this.#x(n), this.#y(n)]
      if (x < west) west = x
      if (y < south) south = y
      if (x > east) east = x
      if (y > north) north = y
    }
    return [west, south, east, north]
  }

  /** True if the first position of `ring` that is not on the border of `shell` is inside of it, or if all are on the border. */
  #isInside(ring: Part, shell: Part): boolean {
    for (let n = ring.from; n < ring.to; n++) {
      const side = this.#side(this.#x(n), this.#y(n), shell)
      if (side !== 0) return side > 0
    }
    return true
  }

  /** 1 inside, -1 outside, 0 on the border. */
  #side(x: number, y: number, { from, to }: Part): -1 | 0 | 1 {
    let isInside = false
    for (let n = from; n < to; n++) {
      const next = n + 1 < to ? n + 1 : from
      const [ax, ay, bx, by] = [this.#x(n), this.#y(n), this.#x(next), this.#y(next)]
      const turn = (bx - ax) * (y - ay) - (x - ax) * (by - ay)
      if (turn === 0 && x >= Math.min(ax, bx) && x <= Math.max(ax, bx) && y >= Math.min(ay, by) && y <= Math.max(ay, by)) return 0
      if (ay > y !== by > y && turn > 0 === by > ay) isInside = !isInside
    }
    return isInside ? 1 : -1
  }

  #x(n: number): number {
    return this.#record.readDoubleLE(this.#xy + POSITION_BYTES * n)
  }

  #y(n: number): number {
    return this.#record.readDoubleLE(this.#xy + POSITION_BYTES * n + 8)
  }

  #header(type: number): void {
    this.#out.header(type + (this.#z === null ? 0 : 1000) + (this.#m === null ? 0 : 2000))
  }

  #count(count: number): void {
    this.#out.closeCount(this.#out.openCount(), count)
  }

  #positions({ from, to }: Part): void {
    this.#count(to - from)
    for (let n = from; n < to; n++) this.#position(n)
  }

  #position(n: number): void {
    this.#out.position(this.#x(n), this.#y(n))
    if (this.#z !== null) this.#out.ordinate(this.#record.readDoubleLE(this.#z + 8 * n))
    if (this.#m !== null) this.#out.ordinate(measure(this.#record.readDoubleLE(this.#m + 8 * n)))
  }
}

const measure = (value: number): number => (value > NO_DATA ? value : Number.NaN)

type Box = readonly [number, number, number, number]

const contains = (outer: Box, inner: Box): boolean =>
  outer[0] <= inner[0] && outer[1] <= inner[1] && outer[2] >= inner[2] && outer[3] >= inner[3]
