import { WkbReader } from '../geometry/wkb-cursor.ts'
import type { BatchLayout, Encoder } from './batch.ts'
import { type ByteWriter, CHAR } from './bytes.ts'
import { bytesOf, columnOf } from './column.ts'
import { jsonGeometry } from './geometry.ts'
import { jsonId, propertyMembers, wireColumn } from './member.ts'
import { jsonObject, type Member } from './object.ts'
import { type FixedFrame, textEncoder } from './text.ts'
import { orNothing, type ValueWriter } from './value.ts'
import { BBoxMembers } from './wkb/bbox-member.ts'

export const COLLECTION: FixedFrame = { opening: '{"type":"FeatureCollection","features":[', between: ',', closing: ']}' }
const LINES: FixedFrame = { opening: '', between: '\n', closing: '' }

/**
 * A GeoJSON FeatureCollection (RFC 7946): every feature has `geometry` and `properties`, and `id` if the layout has one. Rings follow the
 * right-hand rule. With `bbox`, it and its features have one, for about 12 ns a position more.
 */
export function featureCollection(layout: BatchLayout, precision: number, bbox: boolean, out: ByteWriter): Encoder {
  const boxes = bbox ? new Boxes(precision) : null
  const closing = (out: ByteWriter) => {
    out.byte(CHAR.CLOSE)
    boxes?.writeAll()
    out.byte(CHAR.CLOSE_OBJECT)
  }
  return textEncoder(boxes ? { ...COLLECTION, closing } : COLLECTION, feature(layout, precision, boxes), out)
}

/** The same features, a line each, without a newline behind the last. */
export function featureLines(layout: BatchLayout, precision: number, bbox: boolean, out: ByteWriter): Encoder {
  const value = feature(layout, precision, bbox ? new Boxes(precision) : null)
  const asStored = layout.properties.some((index) => wireColumn(layout, index).wire.kind === 'json')
  return textEncoder(LINES, asStored ? onOneLine(value) : value, out)
}

/** JSON that comes as it is stored may be laid out in lines: they are nothing but blanks between its tokens. */
function onOneLine(value: ValueWriter): ValueWriter {
  return (batch, out) => {
    const write = value(batch, out)
    return (row) => {
      const from = out.length
      write(row)
      out.blank(CHAR.NEWLINE, from)
      out.blank(CHAR.RETURN, from)
    }
  }
}

/** The boxes of one batch's features, and the box around them. */
class Boxes {
  readonly #precision: number
  #members: BBoxMembers | null = null

  constructor(precision: number) {
    this.#precision = precision
  }

  /** A geometry with its box behind it. */
  behind(plain: ValueWriter, geometry: number): ValueWriter {
    return (batch, out) => {
      const { validity, offsets, bytes } = bytesOf(columnOf(batch, geometry))
      const members = new BBoxMembers(out, new WkbReader(bytes), this.#precision)
      this.#members = members
      const writeGeometry = plain(batch, out)
      const writeBox = orNothing(validity, (row) => members.write(offsets[row]!, offsets[row + 1]!))
      return (row) => {
        writeGeometry(row)
        writeBox(row)
      }
    }
  }

  writeAll(): void {
    this.#members?.writeAll()
  }
}

function feature(layout: BatchLayout, precision: number, boxes: Boxes | null): ValueWriter {
  const { id, geometry } = layout
  const plain = geometry === null ? null : jsonGeometry(geometry, 'GEOJSON', precision)
  const members: Member[] = [
    ['type', '"Feature"'],
    ...(id === null ? [] : [['id', jsonId(layout, id)] satisfies Member]),
    ['geometry', geometry !== null && plain && boxes ? boxes.behind(plain, geometry) : (plain ?? 'null')],
    ['properties', propertyMembers(layout, null)],
  ]
  return jsonObject(members)
}
