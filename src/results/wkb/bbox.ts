import { type ByteWriter, CHAR } from '../bytes.ts'
import { DoubleText, NULL } from '../number.ts'
import { GEOMETRY, type WkbReader } from './reader.ts'

/** The box around nothing. */
const NOWHERE = Float64Array.of(Infinity, Infinity, -Infinity, -Infinity)

/** Writes the box around a geometry as `[west,south,east,north]` (RFC 7946), unrounded; null for an empty one or one without end. */
export class BBoxText {
  private readonly out: ByteWriter
  private readonly reader: WkbReader
  private readonly text = new DoubleText()
  /** west, south, east, north */
  private readonly box = new Float64Array(4)

  constructor(out: ByteWriter, reader: WkbReader) {
    this.out = out
    this.reader = reader
  }

  /** The geometry in bytes [from, to) of the reader. Throws WkbError. */
  write(from: number, to: number): void {
    this.box.set(NOWHERE)
    this.geometry(this.reader.open(from, to))
    this.reader.close()
    const { box } = this
    if (Number.isFinite(box[0]! + box[1]! + box[2]! + box[3]!)) this.list()
    else this.out.literal(NULL)
  }

  private list(): void {
    const { out } = this
    for (let side = 0; side < 4; side++) {
      out.byte(side === 0 ? CHAR.OPEN : CHAR.COMMA)
      this.text.write(out, this.box, side)
    }
    out.byte(CHAR.CLOSE)
  }

  private geometry(type: number): void {
    const { reader } = this
    switch (type) {
      case GEOMETRY.POINT:
        this.positions(1)
        break
      case GEOMETRY.LINESTRING:
        this.positions(reader.count())
        break
      case GEOMETRY.POLYGON:
        for (let rings = reader.count(); rings > 0; rings--) this.positions(reader.count())
        break
      default:
        for (let members = reader.count(); members > 0; members--) {
          this.geometry(reader.enter(type))
          reader.leave()
        }
    }
  }

  /** NaN compares as false: the NaNs of an empty point change nothing. */
  private positions(count: number): void {
    const { reader, box } = this
    const { stride } = reader
    const from = reader.positions(count)
    let west = box[0]!
    let south = box[1]!
    let east = box[2]!
    let north = box[3]!
    for (let at = from, end = from + count * stride; at < end; at += stride) {
      const x = reader.ordinate(at)
      const y = reader.ordinate(at + 8)
      if (x < west) west = x
      if (x > east) east = x
      if (y < south) south = y
      if (y > north) north = y
    }
    box[0] = west
    box[1] = south
    box[2] = east
    box[3] = north
  }
}
