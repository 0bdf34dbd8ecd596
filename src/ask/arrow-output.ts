import type { Output } from '../encode/batch.ts'
import type { FeatureBatchArrowArgs } from '../graphql/generated.ts'
import { geoArrowShape } from './geoarrow-shape.ts'
import { propertiesNamed } from './only.ts'
import type { Asked } from './selection.ts'

/** Arrow of a layer: in its native geometry type where it has one, and nobody asked for WKB. */
export function arrowOutput(kind: 'arrow' | 'arrow-base64', args: Partial<FeatureBatchArrowArgs>, asked: Asked): Output {
  const { view, representations } = asked
  const shape = args.geometry === 'WKB' ? null : geoArrowShape(view.layer)
  const only = propertiesNamed(args.only, view)
  return { kind, geometry: representations.add(args), ...(shape ? { shape } : {}), ...(only ? { only } : {}) }
}
