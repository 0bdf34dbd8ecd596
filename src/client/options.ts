import type { Client } from 'graphql-ws/client'
import type { Encoding } from './encoding.ts'
import type { GeoduckClientError } from './error.ts'
import type { StreamSubscriptionVariables } from './inputs.ts'

/** The arguments of the subscription `featureBatches`. */
export interface StreamArguments extends StreamSubscriptionVariables {}

/** The form of features. */
export interface FormOptions {
  /** The CRS of the result, such as `EPSG:3857`. For GeoJSON it must have longitude and latitude. @default the layer's CRS */
  readonly crs?: string | undefined
  /** Removes vertices that deviate by less than this, in units of the result's CRS. @default none */
  readonly simplify?: number | undefined
  /** Digits after the decimal point of coordinates; not for Arrow. @default 7 */
  readonly precision?: number | undefined
  /** Reads only these properties. @default all of them */
  readonly properties?: readonly string[] | undefined
}

export interface EncodingOptions<E extends Encoding = Encoding> extends FormOptions {
  /**
   * The encoding of features. `geojson`: a FeatureCollection per batch, for layers in longitude and latitude. `arrow`: an Arrow IPC stream per batch,
   * the fastest. `features`: objects with id, key, geometry, bbox and properties, for layers in any CRS.
   *
   * @default 'geojson'
   */
  readonly encoding?: E | undefined
}

/** The state of a stream. */
export type StreamState =
  /** It requests the next batches. */
  | { readonly state: 'asking' }
  /** Batches arrive. */
  | { readonly state: 'streaming' }
  /**
   * Enough batches are read ahead. It requests more when its reader has read them. Meanwhile the server does nothing for it.
   */
  | { readonly state: 'held' }
  /** It failed, and resumes automatically after the last batch, in `waitMs` milliseconds. */
  | { readonly state: 'waiting'; readonly error: GeoduckClientError; readonly failures: number; readonly waitMs: number }

export interface ControlOptions {
  /** An abort ends the stream at once with its reason. */
  readonly signal?: AbortSignal | undefined
  /**
   * The maximum number of batches that wait for a slow reader. At this number the operation ends. Later operations resume the stream, with at most as
   * many batches each.
   *
   * @default 16
   */
  readonly readAhead?: number | undefined
  /** Called when the state of the stream changes. The iterator reports its end. */
  readonly onState?: ((state: StreamState) => void) | undefined
  /**
   * Decides whether the stream resumes after an error.
   *
   * @param failures consecutive failures, including this one; a batch that arrives resets the number
   * @default `error.retry && failures <= 10`, which lasts about a minute
   */
  readonly retry?: ((error: GeoduckClientError, failures: number) => boolean) | undefined
}

/** The endpoint: one of the two. */
export type Endpoint =
  /** The GraphQL endpoint, such as `http://127.0.0.1:4000/graphql`. The stream has its own connection. */
  | { readonly url: string | URL; readonly client?: undefined }
  /** A graphql-ws client, as `connect` returns it. Other operations may share it. */
  | { readonly client: Client; readonly url?: undefined }

export type StreamOptions<E extends Encoding = Encoding> = StreamArguments & EncodingOptions<E> & ControlOptions & Endpoint
