/** Global ids of features: `LAYER:KEY`, split at the first colon. Names of layers hold none; keys may. */
import type { Field, Layer } from './layer.ts'

/** Of the fingerprint. Another version of a file has the same ones once in 16 million times. */
const FINGERPRINT_CHARACTERS = 6

type Identified = Pick<Layer, 'name' | 'key' | 'fingerprint'>

/**
 * What stands before the key. A row number means another feature once its file has been replaced, so it comes with the beginning of the
 * fingerprint: `places:3fa9c1-17`.
 */
export function idPrefix({ name, key, fingerprint }: Identified): string {
  return key.kind === 'ROW_NUMBER' ? `${name}:${fingerprint.slice(0, FINGERPRINT_CHARACTERS)}-` : `${name}:`
}

/** The layer that a global id names; null: it is none. */
export function layerOfId(id: string): string | null {
  const colon = id.indexOf(':')
  return colon > 0 ? id.slice(0, colon) : null
}

/** The key in a global id of this layer. Null: it is of another layer, or of a file that has been replaced. */
export function keyOfId(id: string, layer: Identified): string | null {
  const prefix = idPrefix(layer)
  return id.startsWith(prefix) ? id.slice(prefix.length) : null
}

/** Of a key or a global id. Null: it is the global id of a file that has been replaced. */
export function keyIn(idOrKey: string, layer: Identified): string | null {
  return layerOfId(idOrKey) === layer.name ? keyOfId(idOrKey, layer) : idOrKey
}

/** The field that is a layer's key. */
export function keyField(columns: readonly Field[], name: string): Field {
  const field = columns.find((column) => column.name === name)
  if (!field) throw new RangeError('a layer has the column that is its key')
  return field
}
