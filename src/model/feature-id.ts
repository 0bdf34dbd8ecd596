/** Global ids of features: `LAYER:KEY`, split at the first colon. Layer names contain no colon; keys may. */
import { type Field, type Layer, type LayerKey, namesOf } from './layer.ts'

/** Characters of the fingerprint. Another version of a file has the same characters once in 16 million times. */
const FINGERPRINT_CHARACTERS = 6

type Identified = Pick<Layer, 'name' | 'names' | 'key' | 'fingerprint'>

/**
 * Returns the text before the key. A row number means another feature after its file has been replaced, so the beginning of the fingerprint
 * precedes it: `places:3fa9c1-17`.
 */
export function idPrefix({ name, key, fingerprint }: Pick<Layer, 'name' | 'key' | 'fingerprint'>): string {
  return key.kind === 'ROW_NUMBER' ? `${name}:${fingerprint.slice(0, FINGERPRINT_CHARACTERS)}-` : `${name}:`
}

/** Returns the layer of a global id. Null if the text is no global id. */
export function layerOfId(id: string): string | null {
  const colon = id.indexOf(':')
  return colon > 0 ? id.slice(0, colon) : null
}

/**
 * Returns the key in a global id of this layer, under any of its names. Null if the id belongs to another layer, or to a file that has been
 * replaced.
 */
export function keyOfId(id: string, layer: Identified): string | null {
  const name = layerOfId(id)
  if (name === null || !namesOf(layer).includes(name)) return null
  const prefix = idPrefix({ ...layer, name })
  return id.startsWith(prefix) ? id.slice(prefix.length) : null
}

/**
 * Returns the layers that may have made the id, of those that have its name. A fingerprint in it identifies one of them; without one, every layer
 * whose key is a column may have made it.
 */
export function makersOf<Maker extends Identified>(id: string, layers: readonly Maker[]): readonly Maker[] {
  const makers = layers.filter((layer) => keyOfId(id, layer) !== null)
  const numbered = makers.filter(({ key }) => key.kind === 'ROW_NUMBER')
  return numbered.length > 0 ? numbered : makers
}

/** Returns the key of a key or a global id. Null for the global id of a file that has been replaced. */
export function keyIn(idOrKey: string, layer: Identified): string | null {
  return namesOf(layer).includes(layerOfId(idOrKey) ?? '') ? keyOfId(idOrKey, layer) : idOrKey
}

/** Returns the field that is a layer's key. */
export function keyField(columns: readonly Field[], key: Extract<LayerKey, { readonly kind: 'COLUMN' }>): Field {
  const field = key.field ?? columns.find((column) => column.name === key.column)
  if (!field) throw new RangeError('a layer has the column that is its key')
  return field
}
