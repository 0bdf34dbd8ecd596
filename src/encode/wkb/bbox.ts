import type { WkbReader } from '../../geometry/wkb.ts'
import { type ByteWriter, CHAR } from '../bytes.ts'
import { DoubleText, NULL } from '../number.ts'
import { GeometryBox } from './box.ts'

/** Writes the box around a geometry as `[west,south,east,north]` (RFC 7946), unrounded; null for an empty one or one without end. */
export class BBoxText {
  private readonly out: ByteWriter
  private readonly box: GeometryBox
  private readonly text = new DoubleText()

  constructor(out: ByteWriter, reader: WkbReader) {
    this.out = out
    this.box = new GeometryBox(reader)
  }

  /** The geometry in bytes [from, to) of the reader. Throws WkbError. */
  write(from: number, to: number): void {
    if (this.box.measure(from, to)) this.list()
    else this.out.literal(NULL)
  }

  private list(): void {
    const { out } = this
    for (let side = 0; side < 4; side++) {
      out.byte(side === 0 ? CHAR.OPEN : CHAR.COMMA)
      this.text.write(out, this.box.sides, side)
    }
    out.byte(CHAR.CLOSE)
  }
}
