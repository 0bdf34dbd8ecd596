/** A question about one layer, as `graphql/` asks it and `plan/` compiles it. */

import type { Output } from '../encode/batch.ts'
import type { CursorKey } from './cursor-seal.ts'
import type { Crs, Layer } from './layer.ts'
import type { Filter } from './predicate.ts'

/** A geometry as the client gave it: exactly one member beside `crs` is set. It takes the layer's CRS unless it names one, as EWKT and EWKB may. */
export interface GeometryInput {
  readonly geojson?: unknown
  readonly wkt?: string | null | undefined
  /** Hexadecimal or base64. */
  readonly wkb?: string | null | undefined
  readonly twkb?: string | null | undefined
  readonly bbox?: readonly number[] | null | undefined
  /** `AUTHORITY:CODE` */
  readonly crs?: string | null | undefined
}

export interface DistanceFilter {
  readonly geometry: GeometryInput
  /** Metres on longitude and latitude, units of the CRS on others. */
  readonly distance: number
}

/** A comparison of one property; every member that is set must hold. Values are JSON, checked against the column's type. */
export interface PropertyFilter {
  readonly name: string
  /** Members of a struct, map or JSON value, from the outside in. */
  readonly path?: readonly string[] | null | undefined
  readonly eq?: unknown
  readonly ne?: unknown
  readonly lt?: unknown
  readonly lte?: unknown
  readonly gt?: unknown
  readonly gte?: unknown
  readonly in?: readonly unknown[] | null | undefined
  readonly between?: readonly unknown[] | null | undefined
  readonly like?: string | null | undefined
  readonly ilike?: string | null | undefined
  readonly startsWith?: string | null | undefined
  readonly has?: unknown
  readonly hasAny?: readonly unknown[] | null | undefined
  readonly hasAll?: readonly unknown[] | null | undefined
  readonly isNull?: boolean | null | undefined
}

/** Every member that is set must hold; an empty filter holds for every feature. */
export interface FeatureFilter {
  readonly and?: readonly FeatureFilter[] | null | undefined
  readonly or?: readonly FeatureFilter[] | null | undefined
  readonly not?: FeatureFilter | null | undefined
  /** west, south, east, north; west > east crosses the antimeridian. */
  readonly bbox?: readonly number[] | null | undefined
  readonly intersects?: GeometryInput | null | undefined
  readonly within?: GeometryInput | null | undefined
  readonly contains?: GeometryInput | null | undefined
  readonly disjoint?: GeometryInput | null | undefined
  readonly touches?: GeometryInput | null | undefined
  readonly crosses?: GeometryInput | null | undefined
  readonly overlaps?: GeometryInput | null | undefined
  readonly equals?: GeometryInput | null | undefined
  readonly dWithin?: DistanceFilter | null | undefined
  readonly property?: PropertyFilter | null | undefined
}

export interface FeatureOrder {
  readonly property: string
  readonly direction?: 'ASC' | 'DESC' | null | undefined
  /** Default: nulls last in both directions. */
  readonly nulls?: 'FIRST' | 'LAST' | null | undefined
}

/** Where in the order a batch ended: the last row's key values as text, in the order of the plan's keys. */
export interface Position {
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

export interface FeatureQuery {
  readonly layer: Layer
  readonly where: Filter | null
  /** Only the feature of this key, in the text that `Feature.key` has; a text that no key of the layer can have matches none. Left out: any. */
  readonly key?: string
  readonly orderBy: readonly FeatureOrder[]
  /** Most rows in all, from `after` on; null = all. */
  readonly limit: number | null
  /** Go on behind this row. */
  readonly after: Position | null
  readonly outputs: readonly Output[]
  /** Outputs name them by their index in this list. Left out: one, `AS_STORED`. */
  readonly representations?: readonly Representation[]
  /** Signs the cursors that outputs hold. Left out: they hold none. */
  readonly cursorKey?: CursorKey
  /** Properties that the outputs need; null = all. Only these are read. */
  readonly properties: readonly string[] | null
}
