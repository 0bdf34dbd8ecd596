import type { BatchLayout, Encoder } from './batch.ts'
import { jsonGeometry } from './geometry.ts'
import { jsonId, propertyMembers } from './member.ts'
import { jsonObject, type Member } from './object.ts'
import { textEncoder } from './text.ts'

/**
 * A GeoJSON FeatureCollection (RFC 7946): every feature has `geometry` and `properties`, and `id` if the layout has one. The winding
 * of rings is left as it is in the data.
 */
export function featureCollection(layout: BatchLayout, precision: number): Encoder {
  const { id, geometry } = layout
  const members: Member[] = [
    ['type', '"Feature"'],
    ...(id === null ? [] : [['id', jsonId(layout, id)] satisfies Member]),
    ['geometry', geometry === null ? 'null' : jsonGeometry(geometry, 'GEOJSON', precision)],
    ['properties', propertyMembers(layout, null)],
  ]
  return textEncoder('{"type":"FeatureCollection","features":[', jsonObject(members), ']}')
}
