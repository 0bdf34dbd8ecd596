import { GEOMETRY, GEOMETRY_TYPES, ZM_TAGS } from '../../geometry/geometry-type.ts'
import type { WkbReader } from '../../geometry/wkb.ts'
import { type ByteWriter, CHAR, literal } from '../bytes.ts'
import { COORDINATE_BYTES, CoordinateText } from './geojson.ts'

/** Four numbers and the blanks between. */
const POSITION_BYTES = 4 * COORDINATE_BYTES + 3

const NAMES = GEOMETRY_TYPES.map(({ label }) => literal(label))
const EMPTY = literal('EMPTY')
const COMMA = literal(', ')
const TAGS = ZM_TAGS.map((tag) => literal(`${tag} `))

/**
 * Writes WKB as ISO well-known text, e.g. `POINT Z (1 2 3)` or `MULTIPOINT ((1 2), EMPTY)`; Z and M are kept. Numbers are
 * rounded like those of GeoJSON; NaN and infinities, which text can hold, are written as `NaN`, `Infinity` and `-Infinity`.
 */
export class WktText {
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
    this.geometry(this.reader.open(from, to))
    this.reader.close()
  }

  private geometry(type: number): void {
    const { out, reader } = this
    out.literal(NAMES[type - 1]!)
    out.byte(CHAR.SPACE)
    if (reader.stride > 16) out.literal(TAGS[(reader.hasZ ? 2 : 0) + (reader.hasM ? 1 : 0)]!)
    this.body(type)
  }

  private body(type: number): void {
    switch (type) {
      case GEOMETRY.POINT:
        this.point()
        break
      case GEOMETRY.LINESTRING:
        this.line()
        break
      case GEOMETRY.POLYGON:
        this.list(this.reader.count(), () => this.line())
        break
      default:
        this.list(this.reader.count(), () => this.member(type))
    }
  }

  /** A collection names the types of its members, the others have one type of member. */
  private member(parent: number): void {
    const type = this.reader.enter(parent)
    if (parent === GEOMETRY.COLLECTION) this.geometry(type)
    else this.body(type)
    this.reader.leave()
  }

  private list(count: number, writeNext: () => void): void {
    const { out } = this
    if (count > 0) out.byte(CHAR.OPEN_PAREN)
    for (let i = 0; i < count; i++) {
      if (i > 0) out.literal(COMMA)
      writeNext()
    }
    if (count > 0) out.byte(CHAR.CLOSE_PAREN)
    else out.literal(EMPTY)
  }

  private point(): void {
    const { reader } = this
    const from = reader.positions(1)
    const isEmpty = Number.isNaN(reader.ordinate(from)) && Number.isNaN(reader.ordinate(from + 8))
    this.positions(from, isEmpty ? 0 : 1)
  }

  private line(): void {
    const count = this.reader.count()
    this.positions(this.reader.positions(count), count)
  }

  private positions(from: number, count: number): void {
    const { out, reader, text } = this
    this.list(count, () => {
      out.reserve(POSITION_BYTES)
      let at = text.put(out.view, out.length, from)
      for (let ordinate = 8; ordinate < reader.stride; ordinate += 8) {
        out.view.setUint8(at++, CHAR.SPACE)
        at = text.put(out.view, at, from + ordinate)
      }
      out.length = at
      from += reader.stride
    })
  }
}
