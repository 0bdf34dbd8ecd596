/** Live layers: what is written into their store, and what has changed in it. Plain data that processes exchange. */
import type { GeometryTypeName } from '../geometry/geometry-type.ts'
import type { BBox } from './layer.ts'

export interface LiveColumn {
  readonly name: string
  /** One of `COLUMN_TYPES`. */
  readonly native: string
}

/** The content of a feature, proven and exact. */
export interface LiveImage {
  /** Values in the order of the layer's columns: text in the form of the column's type (`ask/values/`), or JSON. */
  readonly values: readonly (string | null)[]
  /** Little-endian WKB with two dimensions. */
  readonly geometry: Uint8Array | null
}

export interface LiveFeature extends LiveImage {
  readonly key: string
}

export type LiveOperation =
  | { readonly kind: 'create'; readonly columns: readonly LiveColumn[]; readonly crs: string }
  | {
      readonly kind: 'upsert'
      readonly features: readonly LiveFeature[]
      /** The box of all of them. Null without geometries. */
      readonly extent: BBox | null
      readonly types: readonly GeometryTypeName[]
    }
  | {
      readonly kind: 'update'
      readonly keys: readonly string[]
      /** New values by the number of the column. */
      readonly values: readonly { readonly column: number; readonly value: string | null }[]
      /** Null: geometries stay unchanged. */
      readonly geometry: { readonly wkb: Uint8Array | null } | null
      readonly extent: BBox | null
      readonly types: readonly GeometryTypeName[]
    }
  | { readonly kind: 'delete'; readonly keys: readonly string[] }

export interface LiveMutation {
  /** The name of the layer. */
  readonly layer: string
  readonly operation: LiveOperation
  /** The client's key, or one that is made for this mutation. A mutation with a known key is not written again. */
  readonly idempotencyKey: string
  /** The request of the client, if `operation` depends on the data. @default the operation */
  readonly asked?: string
}

/** LAYER_EXISTS and LAYER_MISSING: the layer was created or is missing. OTHER_CONTENT: the idempotency key belongs to another mutation. */
export type LiveAnswer =
  | { readonly version: number; readonly written: number }
  | { readonly refused: 'LAYER_EXISTS' | 'LAYER_MISSING' | 'OTHER_CONTENT' }

/** The state of a live layer after its last change. */
export interface LiveState {
  /** Its number in the store. */
  readonly id: number
  readonly name: string
  readonly columns: readonly LiveColumn[]
  readonly crs: string
  /** The version that created it. */
  readonly created: number
  readonly version: number
  readonly features: number
  /** It covers every feature, and may be larger after some have moved or were deleted, until the next compaction. */
  readonly extent: BBox | null
  readonly types: readonly GeometryTypeName[]
  /** Changes up to this version are not kept any more. */
  readonly forgotten: number
}

/** An immutable copy of a layer at one version, which later changes are relative to. */
export interface LiveGeneration {
  readonly id: number
  readonly layer: number
  readonly version: number
  /** The number of its files (`live-files.ts`). */
  readonly slot: number
  readonly rows: number
}
