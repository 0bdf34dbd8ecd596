import { WkbReader } from '../../geometry/wkb.ts'
import { type ByteWriter, CHAR, literal } from '../bytes.ts'
import { GeometryBox } from './box.ts'
import { COORDINATE_BYTES, CoordinateText } from './coordinate.ts'

const OPEN = literal(',"bbox":[')
const FLAT = [0, 1, 2, 3]
/** RFC 7946, 5: all axes of the south-west, then all of the north-east. */
const WITH_HEIGHTS = [0, 1, 4, 2, 3, 5]

/**
 * Writes `,"bbox":[...]` behind a feature's geometry, and behind all features the box around them: rounded as their coordinates are, so that
 * they lie in it; with heights where every one of the geometries has some. Nothing where there is no geometry. It does not look for a
 * narrower box across the antimeridian: west is never larger than east.
 */
export class BBoxMembers {
  private readonly out: ByteWriter
  private readonly box: GeometryBox
  private readonly all = Float64Array.of(Infinity, Infinity, -Infinity, -Infinity, Infinity, -Infinity)
  private allHaveHeights = true
  private readonly text: CoordinateText
  private readonly precision: number

  constructor(out: ByteWriter, reader: WkbReader, precision: number) {
    this.out = out
    this.box = new GeometryBox(reader)
    this.precision = precision
    this.text = this.textOf(this.box.sides)
  }

  /** Of the geometry in bytes [from, to) of the reader. Throws WkbError. */
  write(from: number, to: number): void {
    const { box, all } = this
    if (!box.measure(from, to)) return
    const { sides } = box
    const hasHeights = sides[4]! <= sides[5]!
    for (const side of [0, 1, 4]) all[side] = Math.min(all[side]!, sides[side]!)
    for (const side of [2, 3, 5]) all[side] = Math.max(all[side]!, sides[side]!)
    this.allHaveHeights &&= hasHeights
    this.member(this.text, hasHeights)
  }

  writeAll(): void {
    if (this.all[0]! <= this.all[2]!) this.member(this.textOf(this.all), this.allHaveHeights)
  }

  private textOf(sides: Float64Array): CoordinateText {
    return new CoordinateText(new WkbReader(new Uint8Array(sides.buffer)), this.precision)
  }

  private member(text: CoordinateText, hasHeights: boolean): void {
    const { out } = this
    out.literal(OPEN)
    out.reserve(6 * (COORDINATE_BYTES + 1))
    for (const side of hasHeights ? WITH_HEIGHTS : FLAT) {
      out.length = text.put(out.view, out.length, 8 * side)
      out.byte(CHAR.COMMA)
    }
    out.length--
    out.byte(CHAR.CLOSE)
  }
}
