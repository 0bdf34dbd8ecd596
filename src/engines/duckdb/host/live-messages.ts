/** Messages between the server and the processes of a live store. */
import type { BBox } from '../../../model/layer.ts'
import type { LiveAnswer, LiveGeneration, LiveMutation, LiveState } from '../../../model/live.ts'

export type WriterMessage =
  | { readonly type: 'OPEN'; readonly directory: string }
  /** Writes all of them in one transaction, in this order. */
  | { readonly type: 'WRITE'; readonly mutations: readonly LiveMutation[] }
  | { readonly type: 'ADD_BASE'; readonly base: Omit<LiveGeneration, 'id'>; readonly extent: LiveState['extent'] }
  | { readonly type: 'REMOVE_BASE'; readonly generation: number }
  /** Forgets some changes of a layer up to a version, and some old idempotency keys. The answer is true if there are more changes. */
  | { readonly type: 'FORGET'; readonly layer: number; readonly version: number }

export interface StoreContent {
  /** It identifies the store for good. */
  readonly store: string
  readonly version: number
  readonly layers: readonly LiveState[]
  readonly bases: readonly LiveGeneration[]
  /** Changes since the latest base of each layer, in the order of `layers`. */
  readonly changes: readonly number[]
}

export interface Written {
  /** In the order of the mutations. */
  readonly answers: readonly LiveAnswer[]
  /** Layers that have changed, each with its number of changes. */
  readonly layers: readonly LiveState[]
  readonly changes: readonly number[]
  /** Boxes that hold the geometries of each layer's changes, before and after. Absent: not known. */
  readonly boxes?: readonly (readonly BBox[])[]
  readonly version: number
}

export interface CompactorJob {
  readonly spatialExtension: string | null
  readonly memoryLimitBytes: number
  readonly directory: string
  readonly layer: number
  readonly slot: number
  /** An empty folder for the files until they are complete. It is in the folder of the store. */
  readonly folder: string
}

export interface Compacted {
  readonly version: number
  readonly rows: number
  readonly extent: LiveState['extent']
}
