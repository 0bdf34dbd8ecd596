/** Checked queries: plain, frozen data that any engine can run. `ask/` makes them once; nothing in them is as a client wrote it. */
import type { Output } from '../encode/batch.ts'
import type { CursorKey } from './cursor-seal.ts'
import type { Crs, Field, Layer } from './layer.ts'
import type { Filter } from './predicate.ts'

export type Query = FeatureQuery | AggregateQuery

/** A layer as its caller sees it. */
export interface View {
  readonly layer: Layer
  /** The properties that it has for the caller. */
  readonly fields: readonly Field[]
  /** Which features it has for the caller; null: all of them. */
  readonly rule: Filter | null
  /** Equal for callers who see the same: cursors are bound to it. */
  readonly digest: string
}

/** Features that match, one after the other. */
export interface FeatureQuery {
  readonly kind: 'features'
  readonly view: View
  readonly where: Filter | null
  /** Only the feature of this key. Left out: any. */
  readonly key?: FeatureKey
  readonly orderBy: readonly SortKey[]
  /** The most rows, from `after` on; null: all. */
  readonly limit: number | null
  /** The query goes on after this row. */
  readonly after: RowPosition | null
  readonly outputs: readonly Output[]
  /** Outputs name them by their index in this list. Left out: one, `AS_STORED`. */
  readonly representations?: readonly Representation[]
  /** Signs the cursors that outputs hold. Left out: they hold none. */
  readonly cursorKey?: CursorKey
  /** What the outputs need. Only these are read. */
  readonly properties: readonly Field[]
}

/** Figures of all features that match. */
export interface AggregateQuery {
  readonly kind: 'aggregate'
  readonly view: View
  readonly where: Filter | null
  readonly measures: readonly Measure[]
}

/** `count`: how many features there are, as an integer's text. */
export interface Measure {
  readonly kind: 'count'
}

/** What a key is compared with. Texts are the text forms of the field's type (`ask/values/`), or of any value of it. */
export type FeatureKey =
  | { readonly kind: 'row'; readonly row: bigint }
  | { readonly kind: 'value' | 'text'; readonly field: Field; readonly text: string }
  /** No feature of the layer can have the key that was asked for. */
  | { readonly kind: 'none' }

export interface SortKey {
  readonly field: Field
  readonly descending: boolean
  readonly nullsFirst: boolean
}

/** Where in the order a batch ended: the last row's key values as text, in the order of the plan's keys. */
export interface RowPosition {
  /** True stands for a value that is too long to carry, and not null: the row has it, and its natural order tells which row. */
  readonly keys: readonly (string | null | true)[]
}

/** How geometry comes out. */
export interface Representation {
  /** What coordinates come out in; null: the layer's own. */
  readonly crs: Crs | null
  /** Tolerance in units of the CRS that coordinates come out in; null: geometry as it is. */
  readonly simplify: number | null
}

/** The layer's own CRS, every vertex. */
export const AS_STORED: Representation = { crs: null, simplify: null }
