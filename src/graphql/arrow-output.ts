import type { Output } from '../encode/batch.ts'
import { geoArrowShape } from '../engines/duckdb/dialect/geoarrow-shape.ts'
import type { Layer } from '../model/layer.ts'
import type { FeatureBatchArrowArgs } from './generated.ts'

/** Arrow of a layer: in its native geometry type where it has one, and nobody asked for WKB. */
export function arrowOutput(kind: 'arrow' | 'arrow-base64', { geometry }: Partial<FeatureBatchArrowArgs>, layer: Layer): Output {
  const shape = geometry === 'WKB' ? null : geoArrowShape(layer)
  return shape ? { kind, shape } : { kind }
}
