import type { WkbReader } from '../../geometry/wkb.ts'
import { CHAR } from '../bytes.ts'
import { EXACT_DIGITS, POWERS_OF_TEN, paddingOf, putAscii, putFixed8, putScaled } from '../digits.ts'

/** The most bytes that one number takes, sign and all. */
export const COORDINATE_BYTES = 26

/** Up to this precision, numbers that fit 32 bits when scaled are printed by integer arithmetic. */
const FAST_PRECISION = 8
const LARGEST_INT32 = 2 ** 31 - 1
/** At and above this a double has no fraction to round. */
const WHOLE_ONLY = 2 ** 53

/**
 * Prints coordinates rounded to `precision` (0..15) digits behind the point, halves up as by Math.round, in shortest form: no zeros at
 * the end, no exponent below 10^15, `0` for -0. Longitudes and latitudes of up to 7 digits take about 15 ns each, others about 60;
 * numbers of more than 15 digits go through JavaScript's own text.
 */
export class CoordinateText {
  /** Set when a NaN or an infinity was printed, which no JSON holds: the caller takes the geometry back. */
  nonFinite = false
  private readonly reader: WkbReader
  private readonly precision: number
  private readonly scale: number
  /** For `putFixed8`, of numbers up to `limit`. */
  private readonly unit: number
  private readonly padding: number
  private readonly limit: number

  constructor(reader: WkbReader, precision: number) {
    if (!Number.isInteger(precision) || precision < 0 || precision > 15) throw new RangeError(`precision ${precision}`)
    this.reader = reader
    this.precision = precision
    this.scale = POWERS_OF_TEN[precision]!
    const isFast = precision <= FAST_PRECISION
    // V8 keeps a field an integer whose every value came as one: 2 ns.
    this.unit = isFast ? this.scale | 0 : 1
    this.padding = isFast ? paddingOf(precision) | 0 : 1
    this.limit = isFast ? LARGEST_INT32 : -1
  }

  /** The number at `place` of the reader. A place is handed over, not the number: a double costs an allocation when a call is not inlined. */
  put(view: DataView, at: number, place: number): number {
    const x = this.reader.ordinate(place)
    const scaled = Math.floor(x * this.scale + 0.5)
    if (scaled <= this.limit && scaled >= -this.limit) return putFixed8(view, at, scaled | 0, this.unit, this.padding)
    return this.putLong(view, at, x)
  }

  /**
   * `count` positions of two numbers as JSON, `step` bytes apart, a comma behind each. It does what `put` does with everything that stays the
   * same outside of the loop: 15 ns a number instead of 17.
   */
  putPositions(view: DataView, at: number, from: number, step: number, count: number): number {
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
