/** A collection of features that a subscription keeps equal to the server's, over lost connections and restarts of servers. */
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

export interface WatchControl<Watch> {
  /** Called when the collection has changed, and at first when it is complete. */
  readonly onChange?: ((diff: LayerDiff, watch: Watch) => void) | undefined
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

/** The variables of each watch, and the features in its events. */
export const VARIABLES =
  '$layer: String!, $where: FeatureFilter, $since: Cursor, $maxPerSecond: Float, $crs: String, $simplify: Float, $precision: Int, $properties: [String!]'
export const FEATURES = 'geojson(crs: $crs, simplify: $simplify, precision: $precision, only: $properties)'
/** The events that all watches have. */
export const EVENTS = `__typename
  ... on Reset { token }
  ... on SnapshotBatch { token ${FEATURES} }
  ... on ChangeBatch { token version complete added { ${FEATURES} } updated { ${FEATURES} } removed }
  ... on Heartbeat { token version }`

interface Features {
  readonly geojson: FeatureCollection
}

export type WatchEvent = { readonly token: string } & (
  | { readonly __typename: 'Reset' }
  | ({ readonly __typename: 'SnapshotBatch' } & Features)
  | { readonly __typename: 'Heartbeat'; readonly version: string }
  | {
      readonly __typename: 'ChangeBatch'
      readonly version: string
      readonly complete: boolean
      readonly added: Features
      readonly updated: Features
      readonly removed: readonly string[]
    }
)

/** `Other`: the events that only this watch has. A subclass calls `run` when it is ready. */
export abstract class Watch<Self, Other extends { readonly token: string; readonly __typename: string }> {
  readonly #options: WatchArguments & WatchControl<Self> & Endpoint
  protected readonly client: Client
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

  constructor(options: WatchArguments & WatchControl<Self> & Endpoint) {
    this.#options = options
    this.client = options.client ?? connect(options.url, { lazyCloseTimeout: 0 })
    // A program that does not read `ended` must not end by it.
    this.#end.promise.catch(() => {})
    const { signal } = options
    if (signal?.aborted) this.close()
    else signal?.addEventListener('abort', this.#abort)
  }

  /** Called before each subscription. Returns the document, and its variables besides those of every watch. */
  protected abstract begin(): { readonly text: string; readonly variables: Readonly<Record<string, unknown>> }

  protected abstract receiveOther(event: Other): void

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

  protected run(): void {
    if (this.#isOver) return
    const { layer, where, maxPerSecond, crs, simplify, precision, properties } = this.#options
    this.#timer = undefined
    const { text, variables: others } = this.begin()
    const variables = { layer, where, maxPerSecond, crs, simplify, precision, properties, since: this.#token, ...others }
    let isOver = false
    const fail = (reason: unknown) => {
      if (isOver || this.#isOver) return
      isOver = true
      this.#failed(clientError(reason))
    }
    const cancel = this.client.subscribe<Readonly<Record<string, WatchEvent | Other>>>(
      { query: text, variables },
      {
        next: ({ data, errors }) => {
          if (isOver || this.#isOver) return
          if (data) this.#receive(Object.values(data)[0]!)
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

  /** Ends the subscription, and begins another one that continues. */
  protected runAgain(reason: unknown): void {
    if (this.#isOver || this.#timer !== undefined) return
    this.#stop()
    this.#failed(clientError(reason))
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
    this.#timer = setTimeout(() => this.run(), backOff(this.#failures, error.details.retryAfter))
  }

  #receive(event: WatchEvent | Other): void {
    this.#failures = 0
    this.#token = event.token
    if (isOfEach(event)) this.#apply(event)
    else this.receiveOther(event)
  }

  #apply(event: WatchEvent): void {
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
        if (event.complete) this.complete(event.version)
        break
      case 'Heartbeat':
        this.#version = event.version
        break
    }
  }

  #add({ geojson }: Features): void {
    for (const feature of geojson.features) this.#pending.add.set(String(feature.id), feature)
  }

  /** Drops all features. */
  protected drop(): void {
    this.#pending = { ...nothing(), snapshot: true }
  }

  /** Makes what has arrived the collection. Returns false if it has not changed. */
  protected complete(version: string): boolean {
    const { snapshot, add, remove } = this.#pending
    this.#pending = nothing()
    this.#version = version
    if (!snapshot && add.size + remove.size === 0) return false
    const features = new Map(snapshot ? [] : this.#features)
    // A part of a move may arrive twice.
    const removed = [...remove].filter((key) => features.delete(key))
    for (const [key, feature] of add) features.set(key, feature)
    this.#features = features
    this.changed({ ...(snapshot && { removeAll: true }), add: [...add.values()], remove: removed })
    return true
  }

  protected changed(diff: LayerDiff): void {
    this.#options.onChange?.(diff, this as unknown as Self)
  }
}

const TYPES: readonly string[] = ['Reset', 'SnapshotBatch', 'ChangeBatch', 'Heartbeat'] satisfies WatchEvent['__typename'][]

function isOfEach(event: { readonly __typename: string }): event is WatchEvent {
  return TYPES.includes(event.__typename)
}

function nothing() {
  return { snapshot: false, add: new Map<string, Feature>(), remove: new Set<string>() }
}
