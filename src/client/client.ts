/**
 * `geoduck/client`: streams that resume automatically, in Node and in browsers. It needs graphql-ws, and apache-arrow only for
 * `toTable`.
 */
// biome-ignore-all lint/performance/noBarrelFile: the one file that the package exports
import type { Batches, Encoding } from './encoding.ts'
import { FeatureStream } from './feature-stream.ts'
import { type FenceOptions, FenceWatch } from './fence-watch.ts'
import { LayerWatch, type WatchOptions } from './layer-watch.ts'
import type { StreamOptions } from './options.ts'
import { type ViewportOptions, ViewportWatch } from './viewport-watch.ts'

export { connect } from './connect.ts'
export type { ArrowBatch, Encoding, FeaturesBatch, GeoJSONBatch, StreamedFeature } from './encoding.ts'
export { type ClientErrorCode, clientError, GeoduckClientError } from './error.ts'
export type { FeatureStream } from './feature-stream.ts'
export type { FenceEvent, FenceOptions, FenceUpdate, FenceWatch } from './fence-watch.ts'
export type { FeatureFilter, FeatureOrder, FencesInput, GeometryInput, PropertyFilter } from './inputs.ts'
export type { LayerWatch, WatchOptions } from './layer-watch.ts'
export type { StreamOptions, StreamState } from './options.ts'
export { toGeoJSON } from './to-geojson.ts'
export { toTable } from './to-table.ts'
export type { Bbox, ViewportCells, ViewportOptions, ViewportWatch } from './viewport-watch.ts'
export type { LayerDiff } from './watch.ts'

/**
 * Streams the features of a layer, batch by batch, each feature once and in order. The iterator ends when every feature has arrived. It resumes
 * automatically after lost connections, SLOW_CONSUMER, restarts of servers, lost workers and OVERLOADED. It throws errors that a retry cannot solve.
 *
 * At most `readAhead` batches wait for a slow reader, besides the data in the socket of the system: a browser cannot stop reading.
 *
 * @throws {GeoduckClientError} from the iterator, with the cursor to resume from; or the unchanged reason of an aborted `signal`
 */
export function streamFeatures<E extends Encoding = 'geojson'>(options: StreamOptions<E>): FeatureStream<E> {
  return new FeatureStream(options)
}

export type Batch<E extends Encoding = Encoding> = Batches[E]

/**
 * Follows a live layer: keeps a collection of its features equal to the server's, one version at a time. It continues automatically after lost
 * connections and restarts of servers, without a loss. Until a new snapshot is complete, the collection stays.
 */
export function watchLayer(options: WatchOptions): LayerWatch {
  return new LayerWatch(options)
}

/**
 * Follows a live layer in a box, such as that of a map: `move` moves it. It keeps a collection of the features in the box, or has cells with their numbers
 * if there are too many. It continues automatically after lost connections and restarts of servers, also with another box.
 */
export function watchViewport(options: ViewportOptions): ViewportWatch {
  return new ViewportWatch(options)
}

/**
 * Follows the fences of a live layer. The iterator yields each event once and in order, and has no end: it continues automatically after lost connections
 * and restarts of servers. It throws errors that a retry cannot solve, such as CURSOR_EXPIRED: the server does not keep the changes since the last event,
 * so events were missed. An abort, `close()` and the end of the loop end it.
 *
 * It begins at once. At most `readAhead` updates wait for a slow reader; the others wait on the server.
 */
export function watchFences(options: FenceOptions): FenceWatch {
  return new FenceWatch(options)
}
