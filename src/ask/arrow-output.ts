import type { Output } from '../encode/batch.ts'
import { geoArrowShape } from '../engines/duckdb/dialect/geoarrow-shape.ts'
import type { FeatureBatchArrowArgs } from '../graphql/generated.ts'
import type { Asked } from '../graphql/selection.ts'
import { columnsOf } from './only.ts'

/** Arrow of a layer: in its native geometry type where it has one, and nobody asked for WKB. */
export function arrowOutput(kind: 'arrow' | 'arrow-base64', args: Partial<FeatureBatchArrowArgs>, asked: Asked): Output {
  const { layer, representations } = asked
  const shape = args.geometry === 'WKB' ? null : geoArrowShape(layer)
  const only = columnsOf(args.only, layer)
  return { kind, geometry: representations.add(args), ...(shape ? { shape } : {}), ...(only ? { only } : {}) }
}
