import type { Layer } from '../catalog/layer.ts'
import { geoArrowShape } from '../plan/geoarrow-shape.ts'
import type { Output } from '../results/batch.ts'
import type { FeatureBatchArrowArgs } from './generated.ts'

/** Arrow of a layer: in its native geometry type where it has one, and nobody asked for WKB. */
export function arrowOutput(kind: 'arrow' | 'arrow-base64', { geometry }: Partial<FeatureBatchArrowArgs>, layer: Layer): Output {
  const shape = geometry === 'WKB' ? null : geoArrowShape(layer)
  return shape ? { kind, shape } : { kind }
}
