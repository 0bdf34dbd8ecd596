import type { BatchLayout, Encoder, FeatureField } from './batch.ts'
import type { ByteWriter } from './bytes.ts'
import { jsonBBox, jsonGeometry } from './geometry.ts'
import { geometryOf, globalId, jsonKey, keyOf, propertyMembers } from './member.ts'
import { jsonObject, type Member } from './object.ts'
import { type FixedFrame, textEncoder } from './text.ts'
import { jsonValue, type ValueWriter } from './value.ts'

export const LIST: FixedFrame = { opening: '[', between: ',', closing: ']' }

/** A JSON list of objects with the selected fields of GraphQL's Feature, ready to stand in a response as it is. */
export function featureList(layout: BatchLayout, fields: readonly FeatureField[], out: ByteWriter): Encoder {
  return textEncoder(LIST, jsonObject(featureMembers(layout, fields)), out)
}

/** A JSON list of the rows, each a list of all columns' values. */
export function rowList({ columns }: BatchLayout, out: ByteWriter): Encoder {
  const values = columns.map(({ wire }, index) => jsonValue(index, wire))
  const list: ValueWriter = (batch, to) => {
    const writers = values.map((value) => value(batch, to))
    return (row) => {
      for (const [n, write] of writers.entries()) {
        to.ascii(n === 0 ? '[' : ',')
        write(row)
      }
      to.ascii(']')
    }
  }
  return textEncoder(LIST, list, out)
}

/** The members of one feature. */
export function featureMembers(layout: BatchLayout, fields: readonly FeatureField[]): Member[] {
  return fields.map((field) => [field.key, fieldValue(layout, field)])
}

function fieldValue(layout: BatchLayout, field: FeatureField): Member[1] {
  switch (field.field) {
    case '__typename':
    case 'layer':
      return JSON.stringify(field.name)
    case 'id':
      return globalId(layout, keyOf(layout), field.prefix)
    case 'key':
      return jsonKey(layout, keyOf(layout))
    case 'geometry':
      return jsonGeometry(geometryOf(layout, field.geometry), field.as, field.precision)
    case 'bbox':
      return jsonBBox(geometryOf(layout, field.geometry).column)
    case 'properties':
      return propertyMembers(layout, field.only)
  }
}
