/** A live layer as a collection of features that stays equal to the server's, over lost connections and restarts of servers. */
import type { Feature, FeatureCollection } from 'geojson'
import type { Client } from 'graphql-ws/client'
import { backOff } from './back-off.ts'
import { connect } from './connect.ts'
import { clientError, type GeoduckClientError } from './error.ts'
import type { FeatureFilter } from './inputs.ts'
import type { Endpoint } from './options.ts'

/** The difference between two states of the collection, which MapLibre's `updateData()` takes. */
export interface LayerDiff {
  /** Drop all features first. */
  readonly removeAll?: true
  /** Features that are new, or replace one with the same id. */
  readonly add: readonly Feature[]
  /** Keys of features. */
  readonly remove: readonly string[]
}

export interface WatchArguments {
  /** The name of a live layer. */
  readonly layer: string
  /** Selects features. @default all */
  readonly where?: FeatureFilter | undefined
  /** The maximum number of differences per second, from 0.1 to 50. @default 10 */
  readonly maxPerSecond?: number | undefined
  /** The CRS of the features, which must have longitude and latitude. @default the layer's CRS */
  readonly crs?: string | undefined
  /** Removes vertices that deviate by less than this. @default none */
  readonly simplify?: number | undefined
  /** Digits after the decimal point of coordinates. @default 7 */
  readonly precision?: number | undefined
  /** Reads only these properties. @default all of them */
  readonly properties?: readonly string[] | undefined
}

export interface WatchControl {
  /** Called when the collection has changed, and at first when it is complete. */
  readonly onChange?: ((diff: LayerDiff, watch: LayerWatch) => void) | undefined
  /** An abort ends the watch. */
  readonly signal?: AbortSignal | undefined
  /**
   * Decides whether the watch continues after an error.
   *
   * @param failures consecutive failures, including this one; an event that arrives resets the number
   * @default `error.retry`
   */
  readonly retry?: ((error: GeoduckClientError, failures: number) => boolean) | undefined
}

export type WatchOptions = WatchArguments & WatchControl & Endpoint

const FEATURES = 'geojson(crs: $crs, simplify: $simplify, precision: $precision, only: $properties)'
const QUERY = `subscription Watch(
  $layer: String!, $where: FeatureFilter, $since: Cursor, $maxPerSecond: Float, $crs: String, $simplify: Float, $precision: Int, $properties: [String!]
) {
  changes(layer: $layer, where: $where, since: $since, maxPerSecond: $maxPerSecond) {
    __typename
    ... on Reset { token }
    ... on SnapshotBatch { token ${FEATURES} }
    ... on UpToDate { token version }
    ... on ChangeBatch { token version complete added { ${FEATURES} } updated { ${FEATURES} } removed }
    ... on Heartbeat { token version }
  }
}`

interface Features {
  readonly geojson: FeatureCollection
}

type ChangeEvent = { readonly token: string } & (
  | { readonly __typename: 'Reset' }
  | ({ readonly __typename: 'SnapshotBatch' } & Features)
  | { readonly __typename: 'UpToDate' | 'Heartbeat'; readonly version: string }
  | {
      readonly __typename: 'ChangeBatch'
      readonly version: string
      readonly complete: boolean
      readonly added: Features
      readonly updated: Features
      readonly removed: readonly string[]
    }
)

export class LayerWatch {
  readonly #options: WatchOptions
  readonly #client: Client
  readonly #end = Promise.withResolvers<void>()
  #features: ReadonlyMap<string, Feature> = new Map()
  #version: string | null = null
  #token: string | undefined
  /** Parts of a snapshot or difference that is not complete. */
  #pending = nothing()
  #failures = 0
  #stop = () => {}
  #timer: ReturnType<typeof setTimeout> | undefined
  #isOver = false

  constructor(options: WatchOptions) {
    this.#options = options
    this.#client = options.client ?? connect(options.url, { lazyCloseTimeout: 0 })
    // A program that does not read `ended` must not end by it.
    this.#end.promise.catch(() => {})
    const { signal } = options
    if (signal?.aborted) this.close()
    else signal?.addEventListener('abort', this.#abort)
    if (!this.#isOver) this.#run()
  }

  /** The features by key, all of one version. Empty before the first snapshot is complete. Another map after each change. */
  get features(): ReadonlyMap<string, Feature> {
    return this.#features
  }

  /** The version of the layer that `features` has. Null before the first snapshot is complete. */
  get version(): string | null {
    return this.#version
  }

  /** Resolves after `close()`. Rejects with the error that a retry cannot solve. */
  get ended(): Promise<void> {
    return this.#end.promise
  }

  /** Ends the subscription. `features` stays. */
  close(): void {
    if (this.#over()) this.#end.resolve()
  }

  readonly #abort = () => this.close()

  #over(): boolean {
    if (this.#isOver) return false
    this.#isOver = true
    this.#stop()
    clearTimeout(this.#timer)
    this.#options.signal?.removeEventListener('abort', this.#abort)
    return true
  }

  #run(): void {
    const { layer, where, maxPerSecond, crs, simplify, precision, properties } = this.#options
    const variables = { layer, where, maxPerSecond, crs, simplify, precision, properties, since: this.#token }
    let isOver = false
    const fail = (reason: unknown) => {
      if (isOver || this.#isOver) return
      isOver = true
      this.#failed(clientError(reason))
    }
    const cancel = this.#client.subscribe<{ changes: ChangeEvent }>(
      { query: QUERY, variables },
      {
        next: ({ data, errors }) => {
          if (isOver || this.#isOver) return
          if (data) this.#receive(data.changes)
          else fail(errors)
        },
        error: fail,
        // The subscription has no end, so the connection ended.
        complete: () => fail(null),
      },
    )
    this.#stop = () => {
      isOver = true
      cancel()
    }
  }

  #failed(error: GeoduckClientError): void {
    this.#failures += 1
    const { retry = ({ retry: mayRetry }: GeoduckClientError) => mayRetry } = this.#options
    // The server has another secret: begin again, once.
    const isForeign = error.code === 'CURSOR_INVALID' && this.#token !== undefined
    if (isForeign) this.#token = undefined
    if (!isForeign && !retry(error, this.#failures)) {
      if (this.#over()) this.#end.reject(error)
      return
    }
    this.#timer = setTimeout(() => this.#run(), backOff(this.#failures, error.details.retryAfter))
  }

  #receive(event: ChangeEvent): void {
    this.#failures = 0
    this.#token = event.token
    switch (event.__typename) {
      case 'Reset':
        this.#pending = { ...nothing(), snapshot: true }
        break
      case 'SnapshotBatch':
        this.#add(event)
        break
      case 'ChangeBatch':
        this.#add(event.added)
        this.#add(event.updated)
        for (const key of event.removed) this.#pending.remove.add(key)
        if (event.complete) this.#complete(event.version)
        break
      case 'UpToDate':
        this.#complete(event.version)
        break
      case 'Heartbeat':
        this.#version = event.version
        break
    }
  }

  #add({ geojson }: Features): void {
    for (const feature of geojson.features) this.#pending.add.set(String(feature.id), feature)
  }

  #complete(version: string): void {
    const { snapshot, add, remove } = this.#pending
    this.#pending = nothing()
    this.#version = version
    if (!snapshot && add.size + remove.size === 0) return
    const features = new Map(snapshot ? [] : this.#features)
    for (const key of remove) features.delete(key)
    for (const [key, feature] of add) features.set(key, feature)
    this.#features = features
    this.#options.onChange?.({ ...(snapshot && { removeAll: true }), add: [...add.values()], remove: [...remove] }, this)
  }
}

function nothing() {
  return { snapshot: false, add: new Map<string, Feature>(), remove: new Set<string>() }
}
