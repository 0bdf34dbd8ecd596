import { GEOMETRY, GEOMETRY_TYPES } from '../../geometry/geometry-type.ts'
import { signedRingArea } from '../../geometry/ring-area.ts'
import type { WkbReader } from '../../geometry/wkb.ts'
import { type ByteWriter, CHAR, literal } from '../bytes.ts'
import { AxisText, EXACT_DIGITS, LAST_FOUR, NULL, POWERS_OF_TEN, paddingOf, putAscii, putFixed8, putScaled } from '../number.ts'

/** The maximum bytes of one number, with its sign. */
export const COORDINATE_BYTES = 26

/** Up to this precision, numbers that fit 32 bits when scaled are printed by integer arithmetic. */
const FAST_PRECISION = 8
/** Less than 2^31: `AxisText` subtracts two such numbers in 32 bits, and the result must not look like a small difference. */
const LARGEST_FAST = 2 ** 31 - 2e4
/** Fewest positions whose digits are compared with those before. For rings of seven, no gain could be measured. */
const MANY = 32
/** From this value on, a double has no fraction to round. */
const WHOLE_ONLY = 2 ** 53

/**
 * Prints coordinates rounded to `precision` (0..15) digits after the point, halves up as by Math.round, in shortest form: no
 * zeros at the end, no exponent below 10^15, `0` for -0. Longitudes and latitudes of up to 7 digits take about 15 ns each, 11 if
 * they are near the position before, others about 60; numbers of more than 15 digits go through JavaScript's own text.
 */
export class CoordinateText {
  /** True after a NaN or an infinity was printed. JSON has neither, so the caller removes the geometry. */
  nonFinite = false
  private readonly reader: WkbReader
  private readonly precision: number
  private readonly scale: number
  /** For `putFixed8`, of numbers up to `limit`. */
  private readonly unit: number
  private readonly padding: number
  private readonly limit: number
  private readonly xs = new AxisText()
  private readonly ys = new AxisText()

  constructor(reader: WkbReader, precision: number) {
    if (!Number.isInteger(precision) || precision < 0 || precision > 15) throw new RangeError(`precision ${precision}`)
    this.reader = reader
    this.precision = precision
    this.scale = POWERS_OF_TEN[precision]!
    const isFast = precision <= FAST_PRECISION
    // V8 keeps a field as an integer if it only gets integers, which saves 2 ns.
    this.unit = isFast ? this.scale | 0 : 1
    this.padding = isFast ? paddingOf(precision) | 0 : 1
    this.limit = isFast ? LARGEST_FAST : -1
  }

  /**
   * Prints the number at offset `place` of the reader. The argument is an offset, not the number, because a double costs an
   * allocation if the call is not inlined.
   */
  put(view: DataView, at: number, place: number): number {
    const x = this.reader.ordinate(place)
    const scaled = Math.floor(x * this.scale + 0.5)
    if (scaled <= this.limit && scaled >= -this.limit) return putFixed8(view, at, scaled | 0, this.unit, this.padding)
    return this.putLong(view, at, x)
  }

  /**
   * Prints `count` positions of two numbers, `step` bytes apart, with a comma after each. It is `put` with all constants
   * outside of the loop: 15 ns per number instead of 17.
   */
  putPositions(view: DataView, at: number, from: number, step: number, count: number): number {
    if (count >= MANY && this.areNear(from, from + step)) return this.putNear(view, at, from, step, count)
    const { reader, scale, unit, padding, limit } = this
    for (let i = 0; i < count; i++) {
      const place = from + i * step
      view.setUint8(at++, CHAR.OPEN)
      const x = Math.floor(reader.ordinate(place) * scale + 0.5)
      at = x <= limit && x >= -limit ? putFixed8(view, at, x | 0, unit, padding) : this.putLong(view, at, reader.ordinate(place))
      view.setUint8(at++, CHAR.COMMA)
      const y = Math.floor(reader.ordinate(place + 8) * scale + 0.5)
      at =
        y <= limit && y >= -limit ? putFixed8(view, at, y | 0, unit, padding) : this.putLong(view, at, reader.ordinate(place + 8))
      view.setUint16(at, (CHAR.CLOSE << 8) | CHAR.COMMA)
      at += 2
    }
    return at
  }

  /** `putPositions` of many positions near each other. In one loop for both, V8 inlines less, and other positions take longer. */
  private putNear(view: DataView, at: number, from: number, step: number, count: number): number {
    const { reader, scale, unit, padding, limit, xs, ys } = this
    xs.begin()
    ys.begin()
    for (let i = 0; i < count; i++) {
      const place = from + i * step
      view.setUint8(at++, CHAR.OPEN)
      const x = Math.floor(reader.ordinate(place) * scale + 0.5)
      at = x <= limit && x >= -limit ? xs.put(view, at, x | 0, unit, padding) : this.putLong(view, at, reader.ordinate(place))
      view.setUint8(at++, CHAR.COMMA)
      const y = Math.floor(reader.ordinate(place + 8) * scale + 0.5)
      at = y <= limit && y >= -limit ? ys.put(view, at, y | 0, unit, padding) : this.putLong(view, at, reader.ordinate(place + 8))
      view.setUint16(at, (CHAR.CLOSE << 8) | CHAR.COMMA)
      at += 2
    }
    return at
  }

  /** Returns true if two positions mostly differ in their last four digits only: 55 m at seven decimals. */
  private areNear(from: number, to: number): boolean {
    const { reader, unit } = this
    if (unit < LAST_FOUR) return false
    const [east, north] = [reader.ordinate(to) - reader.ordinate(from), reader.ordinate(to + 8) - reader.ordinate(from + 8)]
    return Math.abs(east) * unit < LAST_FOUR / 2 && Math.abs(north) * unit < LAST_FOUR / 2
  }

  private putLong(view: DataView, at: number, x: number): number {
    const scaled = x * this.scale
    const magnitude = Math.abs(Math.round(scaled))
    if (magnitude < EXACT_DIGITS) {
      if (scaled < -0.5) view.setUint8(at++, CHAR.MINUS)
      return putScaled(view, at, magnitude, this.precision)
    }
    if (!Number.isFinite(x)) this.nonFinite = true
    return putAscii(view, at, String(magnitude < WHOLE_ONLY ? Math.round(scaled) / this.scale : x))
  }
}

/** Three numbers, three commas, two brackets. */
const POSITION_BYTES = 3 * COORDINATE_BYTES + 5

const OPENINGS = GEOMETRY_TYPES.map(({ name, code }) =>
  literal(`{"type":"${name}","${code === GEOMETRY.COLLECTION ? 'geometries' : 'coordinates'}":`),
)
const EMPTY = literal('[]')

/**
 * Writes WKB as a GeoJSON geometry (RFC 7946) without anything in between: about 32 ns per position, 3 of them for the
 * direction of rings. Z is kept; GeoJSON has no M. Every empty geometry has empty `coordinates`. An empty point within a
 * MultiPoint is omitted, and so is a Z that is not finite. A geometry with any other number that JSON cannot hold is null.
 */
export class GeoJsonText {
  private readonly out: ByteWriter
  private readonly reader: WkbReader
  private readonly text: CoordinateText

  constructor(out: ByteWriter, reader: WkbReader, precision: number) {
    this.out = out
    this.reader = reader
    this.text = new CoordinateText(reader, precision)
  }

  /** Writes the geometry in bytes [from, to) of the reader. @throws WkbError */
  write(from: number, to: number): void {
    const start = this.out.length
    this.geometry(this.reader.open(from, to))
    this.reader.close()
    if (!this.text.nonFinite) return
    this.text.nonFinite = false
    this.out.length = start
    this.out.literal(NULL)
  }

  private geometry(type: number): void {
    this.out.literal(OPENINGS[type - 1]!)
    if (type === GEOMETRY.COLLECTION) this.collection()
    else this.coordinates(type)
    this.out.byte(CHAR.CLOSE_OBJECT)
  }

  private coordinates(type: number): void {
    switch (type) {
      case GEOMETRY.POINT:
        if (!this.point()) this.out.literal(EMPTY)
        break
      case GEOMETRY.LINESTRING:
        this.line()
        break
      case GEOMETRY.POLYGON:
        this.polygon()
        break
      default:
        this.members(type)
    }
  }

  private collection(): void {
    const count = this.reader.count()
    this.out.byte(CHAR.OPEN)
    for (let i = 0; i < count; i++) {
      this.geometry(this.reader.enter(GEOMETRY.COLLECTION))
      this.reader.leave()
      this.out.byte(CHAR.COMMA)
    }
    this.closeArray(count > 0)
  }

  private members(parent: number): void {
    const count = this.reader.count()
    let written = 0
    this.out.byte(CHAR.OPEN)
    for (let i = 0; i < count; i++) {
      if (this.member(this.reader.enter(parent))) written++
      this.reader.leave()
    }
    this.closeArray(written > 0)
  }

  /** Writes the coordinates of a member and a comma. For an empty point, returns false and writes nothing. */
  private member(type: number): boolean {
    if (type !== GEOMETRY.POINT) this.coordinates(type)
    else if (!this.point()) return false
    this.out.byte(CHAR.COMMA)
    return true
  }

  private polygon(): void {
    const rings = this.reader.count()
    this.out.byte(CHAR.OPEN)
    for (let i = 0; i < rings; i++) {
      this.ring(i === 0)
      this.out.byte(CHAR.COMMA)
    }
    this.closeArray(rings > 0)
  }

  private line(): void {
    const count = this.reader.count()
    this.positions(this.reader.positions(count), this.reader.stride, count)
  }

  /**
   * Turns a ring by the right-hand rule: the inside of a polygon is on the left of its rings. A ring without area is unchanged.
   */
  private ring(isOuter: boolean): void {
    const { reader } = this
    const count = reader.count()
    const from = reader.positions(count)
    const turn = signedRingArea(reader, from, count)
    if (isOuter ? turn < 0 : turn > 0) this.positions(from + (count - 1) * reader.stride, -reader.stride, count)
    else this.positions(from, reader.stride, count)
  }

  private positions(from: number, step: number, count: number): void {
    const { out } = this
    out.byte(CHAR.OPEN)
    out.reserve(count * POSITION_BYTES)
    this.putPositions(from, step, count)
    this.closeArray(count > 0)
  }

  /** Writes a point. For an empty one, which is all NaN in WKB, returns false and writes nothing. */
  private point(): boolean {
    const from = this.reader.positions(1)
    if (Number.isNaN(this.reader.ordinate(from)) && Number.isNaN(this.reader.ordinate(from + 8))) return false
    this.out.reserve(POSITION_BYTES)
    this.putPositions(from, 0, 1)
    this.out.length--
    return true
  }

  /** Writes positions with a comma after each. */
  private putPositions(from: number, step: number, count: number): void {
    const { out, reader, text } = this
    let at = out.length
    if (!reader.hasZ) at = text.putPositions(out.view, at, from, step, count)
    else for (let i = 0; i < count; i++) at = this.putXyz(out.view, at, from + i * step)
    out.length = at
  }

  /** Writes one position and a comma. */
  private putXyz(view: DataView, at: number, from: number): number {
    const { text } = this
    view.setUint8(at++, CHAR.OPEN)
    at = text.put(view, at, from)
    view.setUint8(at++, CHAR.COMMA)
    at = text.put(view, at, from + 8)
    at = this.putHeight(view, at, from + 16)
    view.setUint16(at, (CHAR.CLOSE << 8) | CHAR.COMMA)
    return at + 2
  }

  private putHeight(view: DataView, at: number, place: number): number {
    if (!Number.isFinite(this.reader.ordinate(place))) return at
    view.setUint8(at++, CHAR.COMMA)
    return this.text.put(view, at, place)
  }

  /** Closes an array. Every element has written a comma after itself, and the bracket replaces the last comma. */
  private closeArray(afterComma: boolean): void {
    if (afterComma) this.out.length--
    this.out.byte(CHAR.CLOSE)
  }
}
