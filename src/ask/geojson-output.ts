import type { Output } from '../encode/batch.ts'
import type { FeatureBatchGeojsonArgs } from '../graphql/generated.ts'
import { requireLonLat } from './lon-lat.ts'
import { propertiesNamed } from './only.ts'
import { inRange, PRECISION } from './range.ts'
import type { Asked } from './selection.ts'

/** GeoJSON of a layer. BAD_INPUT where coordinates are not longitude and latitude. */
export function geoJsonOutput(
  kind: 'geojson' | 'geojson-lines',
  args: Partial<FeatureBatchGeojsonArgs>,
  { view, representations }: Asked,
): Output {
  const geometry = representations.add(args)
  requireLonLat(view.layer, representations.list[geometry]!)
  const precision = inRange('precision', args.precision, PRECISION)
  const only = propertiesNamed(args.only, view)
  return { kind, geometry, precision, ...(args.bbox ? { bbox: true } : {}), ...(only ? { only } : {}) }
}
