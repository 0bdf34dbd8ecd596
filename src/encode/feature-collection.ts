import { WkbReader } from '../geometry/wkb.ts'
import type { BatchLayout, Encoder, Output } from './batch.ts'
import { type ByteWriter, CHAR } from './bytes.ts'
import { bytesOf, columnOf } from './column.ts'
import { jsonGeometry } from './geometry.ts'
import { geometryOf, jsonKey, propertiesOf, propertyMembers, wireColumn } from './member.ts'
import { jsonObject, type Member } from './object.ts'
import { type FixedFrame, textEncoder } from './text.ts'
import { orNothing, type ValueWriter } from './value.ts'
import { BBoxMembers } from './wkb/bbox-member.ts'

export const COLLECTION: FixedFrame = { opening: '{"type":"FeatureCollection","features":[', between: ',', closing: ']}' }
const LINES: FixedFrame = { opening: '', between: '\n', closing: '' }

type Options = Omit<Extract<Output, { readonly kind: 'geojson' | 'geojson-lines' }>, 'kind'>

/**
 * A GeoJSON FeatureCollection (RFC 7946): every feature has `geometry` and `properties`, and its key as `id` if the layout has one. Rings
 * follow the right-hand rule. With `bbox`, it and its features have one, for about 12 ns a position more.
 */
export function featureCollection(layout: BatchLayout, options: Options, out: ByteWriter): Encoder {
  const boxes = boxesFor(options)
  const closing = (out: ByteWriter) => {
    out.byte(CHAR.CLOSE)
    boxes?.writeAll()
    out.byte(CHAR.CLOSE_OBJECT)
  }
  return textEncoder(boxes ? { ...COLLECTION, closing } : COLLECTION, feature(layout, options, boxes), out)
}

/** The same features, a line each, without a newline behind the last. */
export function featureLines(layout: BatchLayout, options: Options, out: ByteWriter): Encoder {
  const value = feature(layout, options, boxesFor(options))
  const asStored = propertiesOf(layout, options.only).some((index) => wireColumn(layout, index).wire.kind === 'json')
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

function boxesFor({ bbox = false, precision }: Options): Boxes | null {
  return bbox ? new Boxes(precision) : null
}

function feature(layout: BatchLayout, { precision, only, geometry: place }: Options, boxes: Boxes | null): ValueWriter {
  const { key } = layout
  const geometry = layout.geometries.length === 0 ? null : geometryOf(layout, place)
  const plain = geometry && jsonGeometry(geometry, 'GEOJSON', precision)
  const members: Member[] = [
    ['type', '"Feature"'],
    ...(key === null ? [] : [['id', jsonKey(layout, key)] satisfies Member]),
    ['geometry', geometry && plain && boxes ? boxes.behind(plain, geometry.column) : (plain ?? 'null')],
    ['properties', propertyMembers(layout, only)],
  ]
  return jsonObject(members)
}
