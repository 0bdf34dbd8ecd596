/**
 * Checked queries: plain, frozen data that any engine can run. `ask/` makes a query once per operation, and it contains nothing
 * as the client wrote it.
 */
import type { Output } from '../encode/batch.ts'
import type { CursorKey } from './cursor-seal.ts'
import type { Crs, Field, Layer } from './layer.ts'
import type { Filter, Probe } from './predicate.ts'

export type Query = FeatureQuery | AggregateQuery

/** A layer as its caller sees it. */
export interface View {
  readonly layer: Layer
  /** The properties that the caller may see. */
  readonly fields: readonly Field[]
  /** The rule that a feature must meet so that the caller may see it. Null for all features. */
  readonly rule: Filter | null
  /** A digest that is equal for callers who may see the same. Cursors are bound to it. */
  readonly digest: string
}

/** A query for features. */
export interface FeatureQuery {
  readonly kind: 'features'
  readonly view: View
  readonly where: Filter | null
  /** Selects only the feature with this key. Absent: any feature. */
  readonly key?: FeatureKey
  readonly orderBy: readonly SortKey[]
  /** The maximum number of rows from `after` on. Null: all. */
  readonly limit: number | null
  /** The query continues after this row. */
  readonly after: RowPosition | null
  readonly outputs: readonly Output[]
  /** Outputs refer to these by index. Absent: one, `AS_STORED`. */
  readonly representations?: readonly Representation[]
  /** Signs the cursors in the outputs. Absent if they contain none. */
  readonly cursorKey?: CursorKey
  /** The properties that the outputs need. Only these are read. */
  readonly properties: readonly Field[]
}

/** A query for figures over all matching features. */
export interface AggregateQuery {
  readonly kind: 'aggregate'
  readonly view: View
  readonly where: Filter | null
  readonly measures: readonly Measure[]
}

/** `count`: the number of features as an integer's text. */
export interface Measure {
  readonly kind: 'count'
}

/** The value that a key is compared with: text in the form of the field's type (`ask/values/`), or of any value of it. */
export type FeatureKey =
  | { readonly kind: 'row'; readonly row: bigint }
  | { readonly kind: 'value' | 'text'; readonly field: Field; readonly text: string }
  /** No feature of the layer can have the requested key. */
  | { readonly kind: 'none' }

export type SortKey = { readonly descending: boolean; readonly nullsFirst: boolean } & (
  | { readonly kind: 'property'; readonly field: Field }
  /** The distance of the feature's geometry. It is null for a feature without a geometry, or with an empty one. */
  | { readonly kind: 'distance'; readonly probe: Probe }
)

/** The probe of a result that is ordered by distance first, the nearest first. Null for another order. */
export function nearestFirst({ orderBy: [key] }: Pick<FeatureQuery, 'orderBy'>): Probe | null {
  return key?.kind === 'distance' && !key.descending && !key.nullsFirst ? key.probe : null
}

/** The end of a batch in the order: the last row's key values as text, in the order of the plan's keys. */
export interface RowPosition {
  /**
   * True stands for a value that is not null and too long to carry. It is read from the row, which the natural order
   * identifies.
   */
  readonly keys: readonly (string | null | true)[]
}

/** The CRS and tolerance of a geometry in the result. */
export interface Representation {
  /** The CRS of the result. Null: the layer's. */
  readonly crs: Crs | null
  /** The tolerance in units of the result's CRS. Null: the geometry is not simplified. */
  readonly simplify: number | null
}

/** The layer's CRS, with every vertex. */
export const AS_STORED: Representation = { crs: null, simplify: null }
