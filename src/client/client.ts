/** `geoduck/client`: streams that go on by themselves, in Node and in browsers. Needs graphql-ws; apache-arrow only for `toTable`. */
// biome-ignore-all lint/performance/noBarrelFile: the one file that the package exports
import type { Batches, Encoding } from './encoding.ts'
import { FeatureStream } from './feature-stream.ts'
import type { StreamOptions } from './options.ts'

export { connect } from './connect.ts'
export type { ArrowBatch, Encoding, FeaturesBatch, GeoJSONBatch, StreamedFeature } from './encoding.ts'
export { type ClientErrorCode, clientError, GeoduckClientError } from './error.ts'
export type { FeatureStream } from './feature-stream.ts'
export type { FeatureFilter, FeatureOrder, GeometryInput, PropertyFilter } from './inputs.ts'
export type { StreamOptions, StreamState } from './options.ts'
export { toGeoJSON } from './to-geojson.ts'
export { toTable } from './to-table.ts'

/**
 * A layer's features, batch by batch, each once and in order. The iterator ends when every feature has arrived. It goes on by itself
 * over lost connections, SLOW_CONSUMER, servers that stop and start, lost workers and OVERLOADED, and throws what asking again can't help.
 *
 * At most `readAhead` batches wait for a slow reader, beside what the system's socket holds: a browser can't be told to stop reading.
 *
 * @throws {GeoduckClientError} from the iterator, with the cursor to go on from; the reason of an aborted `signal` as it is
 */
export function streamFeatures<E extends Encoding = 'geojson'>(options: StreamOptions<E>): FeatureStream<E> {
  return new FeatureStream(options)
}

export type Batch<E extends Encoding = Encoding> = Batches[E]
