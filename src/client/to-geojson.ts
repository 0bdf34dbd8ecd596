import type { FeatureCollection, Geometry } from 'geojson'
import type { GeoJSONBatch } from './encoding.ts'

/** Reads a stream to its end. Memory grows with the result. */
export async function toGeoJSON(stream: AsyncIterable<GeoJSONBatch>): Promise<FeatureCollection<Geometry | null>> {
  const batches: FeatureCollection<Geometry | null>[] = []
  for await (const { geojson } of stream) batches.push(geojson)
  return { type: 'FeatureCollection', features: batches.flatMap(({ features }) => features) }
}
