import type { Client } from 'graphql-ws/client'
import type { Encoding } from './encoding.ts'
import type { GeoduckClientError } from './error.ts'
import type { StreamSubscriptionVariables } from './inputs.ts'

/** What is asked: the arguments of the subscription `featureBatches`. */
export interface StreamArguments extends StreamSubscriptionVariables {}

export interface EncodingOptions<E extends Encoding = Encoding> {
  /**
   * How features come: `geojson`, a FeatureCollection a batch, for layers in longitude/latitude; `arrow`, an Arrow IPC stream a batch, the
   * fastest; `features`, objects with id, key, geometry, bbox and properties, for layers in any CRS.
   *
   * @default 'geojson'
   */
  readonly encoding?: E | undefined
  /** What coordinates come out in, e.g. `EPSG:3857`; for `geojson`, one with longitude and latitude. @default the layer's CRS */
  readonly crs?: string | undefined
  /** Leaves vertices out that are off by less than this, in units of the CRS that comes out. @default none */
  readonly simplify?: number | undefined
  /** Digits after the decimal point of coordinates, for `geojson` and `features`. @default 7 */
  readonly precision?: number | undefined
  /** Only these properties are read. @default all of them */
  readonly properties?: readonly string[] | undefined
}

/** What a stream is doing. */
export type StreamState =
  /** It asks for what comes next. */
  | { readonly state: 'asking' }
  /** Batches arrive. */
  | { readonly state: 'streaming' }
  /** Enough is read ahead: it asks again when its reader has caught up. The server does nothing for it meanwhile. */
  | { readonly state: 'held' }
  /** Something failed, and it goes on by itself behind the last batch, after `waitMs` milliseconds. */
  | { readonly state: 'waiting'; readonly error: GeoduckClientError; readonly failures: number; readonly waitMs: number }

export interface ControlOptions {
  /** Aborted, it ends the stream at once with its reason. */
  readonly signal?: AbortSignal | undefined
  /**
   * Batches that may wait for a slow reader. At this number the operation is ended, and later taken up by further ones of at most as many
   * batches.
   *
   * @default 16
   */
  readonly readAhead?: number | undefined
  /** Called when what the stream is doing changes. Its end is told by the iterator. */
  readonly onState?: ((state: StreamState) => void) | undefined
  /**
   * Whether to go on after an error.
   *
   * @param failures in a row, this one included; a batch that arrives sets it back
   * @default `error.retry && failures <= 10`, which sits out about a minute
   */
  readonly retry?: ((error: GeoduckClientError, failures: number) => boolean) | undefined
}

/** Where to: one of the two. */
export type Endpoint =
  /** The GraphQL endpoint, such as `http://127.0.0.1:4000/graphql`. The stream has a connection of its own. */
  | { readonly url: string | URL; readonly client?: undefined }
  /** A graphql-ws client, as `connect` makes it, which other operations may share. */
  | { readonly client: Client; readonly url?: undefined }

export type StreamOptions<E extends Encoding = Encoding> = StreamArguments & EncodingOptions<E> & ControlOptions & Endpoint
