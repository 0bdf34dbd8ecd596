import type { BatchLayout, Encoder, FeatureField } from './batch.ts'
import type { ByteWriter } from './bytes.ts'
import { jsonBBox, jsonGeometry } from './geometry.ts'
import { jsonId, propertyMembers } from './member.ts'
import { jsonObject, type Member } from './object.ts'
import { type FixedFrame, textEncoder } from './text.ts'

export const LIST: FixedFrame = { opening: '[', between: ',', closing: ']' }

/** A JSON list of objects with the selected fields of GraphQL's Feature, ready to stand in a response as it is. */
export function featureList(layout: BatchLayout, fields: readonly FeatureField[], out: ByteWriter): Encoder {
  return textEncoder(LIST, jsonObject(fields.map((field) => [field.key, fieldValue(layout, field)])), out)
}

function fieldValue(layout: BatchLayout, field: FeatureField): Member[1] {
  switch (field.field) {
    case '__typename':
      return '"Feature"'
    case 'id':
      return jsonId(layout, selected(layout.id, field))
    case 'geometry':
      return jsonGeometry(selected(layout.geometry, field), field.as, field.precision)
    case 'bbox':
      return jsonBBox(selected(layout.geometry, field))
    case 'properties':
      return propertyMembers(layout, field.only)
  }
}

function selected(column: number | null, { field }: FeatureField): number {
  if (column === null) throw new TypeError(`the layout has no column for ${field}`)
  return column
}
