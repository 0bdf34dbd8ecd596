import type { BatchLayout, CursorText, EdgeField, Encoder } from './batch.ts'
import { type ByteWriter, CHAR } from './bytes.ts'
import { distanceOf, featureMembers, jsonObject, LIST, type Member } from './feature-collection.ts'
import { textEncoder, type ValueWriter } from './value.ts'

/** Writes a JSON list of objects with the selected fields of GraphQL's FeatureEdge. A cursor costs about 15 us. */
export function edgeList(layout: BatchLayout, fields: readonly EdgeField[], out: ByteWriter, cursorOf?: CursorText): Encoder {
  const value = (field: EdgeField): Member[1] => {
    switch (field.field) {
      case '__typename':
        return JSON.stringify(field.name)
      case 'cursor':
        return jsonCursor(cursorOf)
      case 'distance':
        return distanceOf(layout) ?? 'null'
      case 'node':
        return featureMembers(layout, field.fields)
    }
  }
  return textEncoder(LIST, jsonObject(fields.map((field) => [field.key, value(field)])), out)
}

/** Writes the cursor of a batch's first row as a JSON string, or `null` if the batch has no rows. */
export function startCursor(out: ByteWriter, cursorOf?: CursorText): Encoder {
  const value = jsonCursor(cursorOf)
  return (batch, from, to) => {
    out.length = 0
    if (from === to) out.ascii('null')
    else value(batch, out)(from)
    return out.written()
  }
}

function jsonCursor(cursorOf: CursorText | undefined): ValueWriter {
  if (!cursorOf) throw new TypeError('an output has cursors, and nothing to sign them with')
  return (batch, out) => (row) => {
    out.byte(CHAR.QUOTE)
    out.ascii(cursorOf(batch, row))
    out.byte(CHAR.QUOTE)
  }
}
