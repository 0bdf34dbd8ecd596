import { keyField } from '../model/feature-id.ts'
import type { FeatureKey, View } from '../model/query.ts'
import { valuesOf } from './values/values-of.ts'

const NONE: FeatureKey = { kind: 'none' }
const INTEGER = /^(?:0|-?[1-9]\d{0,38})$/
const ROW = /^(?:0|[1-9]\d{0,17})$/

/** Returns the key for exactly this `Feature.key`, or a key that no feature has. A wrong key is no error. */
export function readKey(text: string, { layer }: View): FeatureKey {
  const { key, columns } = layer
  if (key.kind === 'ROW_NUMBER') return ROW.test(text) ? { kind: 'row', row: BigInt(text) } : NONE
  const field = keyField(columns, key)
  const { type } = field
  const isInteger = type.kind === 'int' && type.bits !== null && type.bits <= 64
  if (!isInteger && type.kind !== 'utf8') return { kind: 'text', field, text }
  // The value has the column's own type, so that the column's statistics prune.
  const values = valuesOf(type)!
  const place = isInteger && !INTEGER.test(text) ? null : (values.place(text) ?? values.place(Number(text)))
  return typeof place === 'object' && place?.exact ? { kind: 'value', field, text: place.at } : NONE
}
