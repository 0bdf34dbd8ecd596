import type { BatchLayout, Encoder } from './batch.ts'
import { CHAR } from './bytes.ts'
import { jsonGeometry } from './geometry.ts'
import { jsonId, propertyMembers, wireColumn } from './member.ts'
import { jsonObject, type Member } from './object.ts'
import { type Frame, textEncoder } from './text.ts'
import type { ValueWriter } from './value.ts'

export const COLLECTION: Frame = { opening: '{"type":"FeatureCollection","features":[', between: ',', closing: ']}' }
const LINES: Frame = { opening: '', between: '\n', closing: '' }

/**
 * A GeoJSON FeatureCollection (RFC 7946): every feature has `geometry` and `properties`, and `id` if the layout has one. The winding
 * of rings is left as it is in the data.
 */
export function featureCollection(layout: BatchLayout, precision: number): Encoder {
  return textEncoder(COLLECTION, feature(layout, precision))
}

/** The same features, a line each, without a newline behind the last. */
export function featureLines(layout: BatchLayout, precision: number): Encoder {
  const value = feature(layout, precision)
  const asStored = layout.properties.some((index) => wireColumn(layout, index).wire.kind === 'json')
  return textEncoder(LINES, asStored ? onOneLine(value) : value)
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

function feature(layout: BatchLayout, precision: number): ValueWriter {
  const { id, geometry } = layout
  const members: Member[] = [
    ['type', '"Feature"'],
    ...(id === null ? [] : [['id', jsonId(layout, id)] satisfies Member]),
    ['geometry', geometry === null ? 'null' : jsonGeometry(geometry, 'GEOJSON', precision)],
    ['properties', propertyMembers(layout, null)],
  ]
  return jsonObject(members)
}
