/**
 * Tiny well-known binary (github.com/TWKB/Specification): coordinates as whole numbers of a unit, each as its difference from
 * the one before.
 */

import { GEOMETRY } from '../../geometry/geometry-type.ts'
import type { WkbReader } from '../../geometry/wkb.ts'
import { type ByteWriter, CHAR } from '../bytes.ts'
import { NULL } from '../number.ts'
import { hexDigits } from './hex.ts'

/** The maximum number of digits after the decimal point in the format. */
export const MOST_TWKB_DIGITS = 7

const HAS_EXTENDED_DIMENSIONS = 8
const IS_EMPTY = 16

/** Up to this value, a double holds twice the difference of two whole numbers exactly. */
const LARGEST_UNITS = 2 ** 51

/**
 * Writes WKB as TWKB in a JSON string of hexadecimal digits. Every coordinate, heights and measures too, is rounded to
 * `precision` digits by itself: nothing adds up along a line, and rings stay closed. A geometry with a number that is not
 * finite, or does not fit, is null. An empty point within a MultiPoint is omitted, because the format cannot express it.
 * About 35 ns per number.
 */
export class TwkbHex {
  private readonly out: ByteWriter
  private readonly reader: WkbReader
  private readonly precision: number
  private readonly scale: number
  private bytes = new Uint8Array(1_024)
  private length = 0
  private fits = true
  /** The position before, in units. */
  private readonly last = new Float64Array(4)

  constructor(out: ByteWriter, reader: WkbReader, precision: number) {
    if (precision > MOST_TWKB_DIGITS) throw new RangeError(`TWKB of ${precision} digits`)
    this.out = out
    this.reader = reader
    this.precision = precision
    this.scale = 10 ** precision
  }

  /** Writes the geometry in bytes [from, to) of the reader. @throws WkbError */
  write(from: number, to: number): void {
    const { out } = this
    this.length = 0
    this.fits = true
    this.geometry(this.reader.open(from, to))
    this.reader.close()
    if (!this.fits) {
      out.literal(NULL)
      return
    }
    out.byte(CHAR.QUOTE)
    hexDigits(out, this.bytes, this.length)
    out.byte(CHAR.QUOTE)
  }

  /** Writes a geometry with its header. Members of collections have a header too. */
  private geometry(type: number): void {
    this.last.fill(0)
    switch (type) {
      case GEOMETRY.POINT:
      case GEOMETRY.MULTIPOINT:
        this.points(type)
        break
      default: {
        const count = this.reader.count()
        this.header(type, count === 0)
        if (count > 0) this.parts(type, count)
      }
    }
  }

  private header(type: number, isEmpty: boolean): void {
    const { hasZ, hasM } = this.reader
    const extended = hasZ || hasM
    this.byte(type | ((2 * this.precision) << 4))
    this.byte((extended ? HAS_EXTENDED_DIMENSIONS : 0) | (isEmpty ? IS_EMPTY : 0))
    if (extended) this.byte((hasZ ? 1 | (this.precision << 2) : 0) | (hasM ? 2 | (this.precision << 5) : 0))
  }

  /** Writes points. Their number is known only after they have been read. */
  private points(type: number): void {
    const places: number[] = []
    const { reader } = this
    const numbers = reader.stride / 8
    const read = () => {
      const at = reader.positions(1)
      if (Number.isNaN(reader.ordinate(at)) && Number.isNaN(reader.ordinate(at + 8))) return
      for (let n = 0; n < numbers; n++) places.push(this.units(at + 8 * n))
    }
    if (type === GEOMETRY.POINT) read()
    else {
      for (let left = reader.count(); left > 0; left--) {
        reader.enter(type)
        read()
        reader.leave()
      }
    }
    this.header(type, places.length === 0)
    if (type === GEOMETRY.MULTIPOINT && places.length > 0) this.varint(places.length / numbers)
    for (const [n, units] of places.entries()) this.difference(n % numbers, units)
  }

  private parts(type: number, count: number): void {
    const { reader } = this
    this.varint(count)
    if (type === GEOMETRY.LINESTRING) this.positions(count)
    else if (type === GEOMETRY.POLYGON) for (let left = count; left > 0; left--) this.line()
    else {
      for (let left = count; left > 0; left--) {
        this.member(type, reader.enter(type))
        reader.leave()
      }
    }
  }

  private member(parent: number, type: number): void {
    if (parent === GEOMETRY.COLLECTION) this.geometry(type)
    else if (type === GEOMETRY.LINESTRING) this.line()
    else {
      const rings = this.reader.count()
      this.varint(rings)
      for (let left = rings; left > 0; left--) this.line()
    }
  }

  private line(): void {
    const count = this.reader.count()
    this.varint(count)
    this.positions(count)
  }

  private positions(count: number): void {
    const { stride } = this.reader
    const from = this.reader.positions(count)
    for (let at = from, end = from + count * stride; at < end; at += stride)
      for (let n = 0; 8 * n < stride; n++) this.difference(n, this.units(at + 8 * n))
  }

  private units(place: number): number {
    const units = Math.round(this.reader.ordinate(place) * this.scale)
    if (Math.abs(units) < LARGEST_UNITS) return units
    this.fits = false
    return 0
  }

  private difference(ordinate: number, units: number): void {
    const by = units - this.last[ordinate]!
    this.last[ordinate] = units
    this.varint(by < 0 ? -2 * by - 1 : 2 * by)
  }

  private varint(value: number): void {
    let rest = value
    while (rest > 127) {
      const high = Math.floor(rest / 128)
      this.byte(rest - 128 * high + 128)
      rest = high
    }
    this.byte(rest)
  }

  private byte(value: number): void {
    if (this.length === this.bytes.length) {
      const larger = new Uint8Array(2 * this.length)
      larger.set(this.bytes)
      this.bytes = larger
    }
    this.bytes[this.length++] = value
  }
}
