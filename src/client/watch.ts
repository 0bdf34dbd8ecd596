/** A collection of features that a subscription keeps equal to the server's. */
import type { Feature, FeatureCollection } from 'geojson'
import type { GeoduckClientError } from './error.ts'
import type { FeatureFilter } from './inputs.ts'
import { FORM_VARIABLES, type LiveControl, LiveSubscription } from './live-subscription.ts'
import type { Endpoint, FormOptions } from './options.ts'

/** The difference between two states of the collection, which MapLibre's `updateData()` takes. */
export interface LayerDiff {
  /** Drop all features first. */
  readonly removeAll?: true
  /** Features that are new, or replace one with the same id. */
  readonly add: readonly Feature[]
  /** Keys of features. */
  readonly remove: readonly string[]
}

export interface WatchArguments extends FormOptions {
  /** The name of a live layer. `watchLayer` also follows the layer of a file. */
  readonly layer: string
  /** Selects features. @default all */
  readonly where?: FeatureFilter | undefined
  /** The maximum number of differences per second, from 0.1 to 50. @default 10 */
  readonly maxPerSecond?: number | undefined
}

export interface WatchControl<Watch> extends LiveControl {
  /** Called when the collection has changed, and at first when it is complete. */
  readonly onChange?: ((diff: LayerDiff, watch: Watch) => void) | undefined
}

/** The variables of each watch, and the features in its events. */
export const VARIABLES = `$layer: String!, $where: FeatureFilter, $since: Cursor, $maxPerSecond: Float, ${FORM_VARIABLES}`
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
export abstract class Watch<Self, Other extends { readonly token: string; readonly __typename: string }> extends LiveSubscription<
  WatchEvent | Other
> {
  readonly #options: WatchArguments & WatchControl<Self>
  #features: ReadonlyMap<string, Feature> = new Map()
  #version: string | null = null
  /** Parts of a snapshot or difference that is not complete. */
  #pending = nothing()

  constructor(options: WatchArguments & WatchControl<Self> & Endpoint) {
    super(options)
    this.#options = options
  }

  protected abstract receiveOther(event: Other): void

  /** The features by key, all of one version. Empty before the first snapshot is complete. Another map after each change. */
  get features(): ReadonlyMap<string, Feature> {
    return this.#features
  }

  /** The version of the layer that `features` has. Null before the first snapshot is complete. */
  get version(): string | null {
    return this.#version
  }

  /** The variables of each watch. */
  protected get variables(): object {
    const { layer, where, maxPerSecond, crs, simplify, precision, properties } = this.#options
    return { layer, where, maxPerSecond, crs, simplify, precision, properties }
  }

  /** The server has another secret. */
  protected override beginsAgain({ code }: GeoduckClientError): boolean {
    return code === 'CURSOR_INVALID'
  }

  protected override receive(event: WatchEvent | Other): void {
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
