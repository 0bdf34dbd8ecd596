import type { GeoArrowShape } from '../encode/batch.ts'
import { nativeOf } from '../geometry/geometry-type.ts'
import type { Layer } from '../model/layer.ts'

/** The native GeoArrow type of a layer whose geometries have been proven to be all of it; null for mixed ones and until then. */
export function geoArrowShape({ state, geometryTypes, coordinates }: Layer): GeoArrowShape | null {
  const [only, other] = geometryTypes
  const type = only && other === undefined ? nativeOf(only) : null
  return state === 'READY' && type && coordinates ? { type, coordinates } : null
}
