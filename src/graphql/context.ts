/** The context of resolvers. The server or a test creates it. */

import type { FilterLimits } from '../ask/read/read-filter.ts'
import type { Operation } from '../delivery/operation.ts'
import type { Capabilities, Engine } from '../engines/engine.ts'
import type { BBox, Layer } from '../model/layer.ts'
import type { LiveAnswer, LiveMutation } from '../model/live.ts'
import type { UploadedChunk } from '../model/live-upload.ts'
import type { ResolversParentTypes } from './generated.ts'
import type { HealthSubscribers } from './health-events.ts'
import type { Introspector } from './introspection/introspector.ts'
import type { LayerChanges } from './layer-events.ts'

/** The part of the catalogue that operations need. */
export interface Layers {
  layers(): readonly Layer[]
  layer(name: string): Layer | undefined
  /** Returns the names of the layers that ask for this name, if there are several. Then it belongs to none of them. */
  rivals(name: string): readonly string[]
  /** Returns the layer as its source is now. */
  fresh(layer: Layer): Promise<Layer>
  /** Returns how often a file of the layer's source was found to be written in place. */
  writes(layer: Layer): number
  /** Adds a problem that a query has found in the data of the layer. It ends with that version of the data. */
  unreadable(layer: Layer, reason: string): void
  /** Keeps the files of the current version, so that it can be read after they are replaced. Returns null if that is not possible. */
  keep(layer: Layer): Promise<KeptVersion | null>
  /** The live layers. Absent: there are none. */
  readonly live?: LiveVersions
}

/** A version of a file that stays readable. */
export interface KeptVersion {
  /** Its rows. */
  readonly relation: Layer['relation']
  /** True if its files have not been written in place. */
  isUnchanged(): Promise<boolean>
  release(): void
}

/** @param mayReturn true if the client may come back with this version @default false */
export type Release = (mayReturn?: boolean) => void

/** The two versions of a layer that a difference is between. */
export interface Compared {
  readonly layer: Layer
  /** The earlier version of a file. The relation of a live layer has both versions. */
  readonly earlier?: Layer
  /** Returns true if the source of both is the one that they were made for. */
  unchanged(): Promise<boolean>
}

/** The versions of layers, as `changes` reads them. */
export interface FollowedVersions {
  /** The identity of the store. */
  readonly store: string
  layer(name: string): Layer | undefined
  /** Calls `wake` after each commit that has changed the layer, until the returned function is called. */
  watch(name: string, wake: () => void): () => void
  /** True if the changes of the layer after this version are kept. */
  keepsChangesSince(name: string, version: number): boolean
  /** Returns boxes that hold the geometries that have changed between two versions. Undefined if they are not known. */
  boxesOfChanges(name: string, from: number, to: number): readonly BBox[] | undefined
  /** Returns the version of the layer that has this digest in its cursors, as long as it is kept. */
  versionOf(name: string, digest: string): Layer | undefined
  /** True if queries of this version can continue. */
  holds(layer: Layer): boolean
  /** Keeps what queries of this version read, until the returned function is called. */
  use(layer: Layer): () => void
  /** Keeps what a difference from or to this version reads, until the returned function is called. */
  hold(name: string, version: number): Promise<Release>
  /** Returns what a difference reads. Undefined if one of the versions is not kept, or they cannot be compared. */
  compared(name: string, from: number, to: number): Compared | undefined
  /** True if it is not known yet whether the current version can be compared with this one. */
  isPending(name: string, version: number): boolean
}

/** Live layers, which have several versions at a time. */
export interface LiveVersions extends FollowedVersions {
  /** Returns the last version after `from` up to which there are at most `most` changes, or else the next one. */
  lastWithin(name: string, from: number, most: number): number
  /** Returns the first version after `from` at which the layer changed. Infinity: it has not changed since. */
  nextChange(name: string, from: number): number
  /** Returns the layer as it was at a version of the store. Null: it is not there yet. Undefined: it is not kept. */
  asOf(name: string, version: number): Layer | null | undefined
  /** Returns the chunks of an upload that are committed, the first one first. */
  uploaded(layer: string, upload: string): readonly UploadedChunk[]
  /** Resolves when the mutation is on the disk and every query sees it. */
  write(mutation: LiveMutation): Promise<LiveAnswer>
  /** The same, for a mutation that depends on the data. `make` gets the current version, after which no other mutation is written. */
  writeAlone(name: string, make: (layer: Layer) => Promise<LiveMutation>): Promise<LiveAnswer>
}

export interface Services {
  /** Throws LAYER_NOT_READY until every source has been described. */
  readonly catalog: Layers
  /** Throws LAYER_NOT_READY until workers serve. */
  readonly engine: Engine
  /** The engine's capabilities. They are known before its workers serve. */
  readonly can: Capabilities
  readonly cursorSecret: string
  /** The path before all paths of the server, or empty. */
  readonly basePath: string
  /** Limits on the size of a filter. */
  readonly filterLimits: FilterLimits
  /** Most features in a page. */
  readonly pageRows: number
  /** Most seconds for a query, and for a stream without a new batch. */
  readonly deadlineSeconds: number
  /** Returns figures that are at most `freshMs` milliseconds old. @default 50 */
  health(freshMs?: number): Promise<HealthModel>
  readonly healthSubscribers: HealthSubscribers
  readonly layerChanges: LayerChanges
  readonly introspector: Pick<Introspector, 'answer'>
  /** Aborted when the server stops. Its reason is the error for clients. */
  readonly stopping: AbortSignal
}

export type HealthModel = ResolversParentTypes['Health']

export interface Context {
  readonly services: Services
  readonly operation: Operation
}
