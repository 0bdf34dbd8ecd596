/** What a layer's configuration makes of geometries that are not valid. */
import type { Layer } from '../../../model/layer.ts'

/** Before the scan nothing proves that ST_MakeValid can be let at it; behind a scan that met none there is nothing to do. */
export function isMended(layer: Layer): boolean {
  return layer.tailoring?.onInvalid === 'repair' && layer.state === 'READY' && layer.check?.invalid !== 0
}

export function isSifted(layer: Layer): boolean {
  return layer.tailoring?.onInvalid === 'drop' && !(layer.state === 'READY' && layer.check?.invalid === 0)
}

/**
 * `geometry` made valid, where it is not; as it is, where it cannot be. No vertex of it lies outside of the box that it had: what prunes by
 * boxes still holds. M values of what is repaired are lost. ST_IsValid costs 1.5 us a small polygon. A TRY over a function of one
 * argument gives up a whole vector for one row; inside a list, that row alone.
 */
export function mended(geometry: string): string {
  const made = `list_transform([${geometry}], lambda g: TRY(ST_MakeValid(g)))[1]`
  return `CASE WHEN ST_IsValid(${geometry}) THEN ${geometry} ELSE coalesce(${made}, ${geometry}) END`
}
