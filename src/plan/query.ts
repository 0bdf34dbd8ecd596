/** A question about one layer, as `graphql/` asks it and `plan/` compiles it. */
import type { Layer } from '../catalog/layer.ts'
import type { Output } from '../results/batch.ts'

/** A geometry as the client gave it: exactly one member is set. It takes the layer's CRS. */
export interface GeometryInput {
  readonly geojson?: unknown
  readonly wkt?: string | null | undefined
  readonly bbox?: readonly number[] | null | undefined
}

/** A comparison of one property; every member that is set must hold. Values are JSON, checked against the column's type. */
export interface PropertyFilter {
  readonly name: string
  readonly eq?: unknown
  readonly ne?: unknown
  readonly lt?: unknown
  readonly lte?: unknown
  readonly gt?: unknown
  readonly gte?: unknown
  readonly in?: readonly unknown[] | null | undefined
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
  readonly keys: readonly (string | null)[]
}

export interface FeatureQuery {
  readonly layer: Layer
  readonly where: FeatureFilter | null
  /** Only the feature of this id, in the text that `Feature.id` has; a text that no id of the layer can have matches none. Left out: any. */
  readonly id?: string
  readonly orderBy: readonly FeatureOrder[]
  /** Most rows in all, from `after` on; null = all. */
  readonly limit: number | null
  /** Go on behind this row. */
  readonly after: Position | null
  readonly outputs: readonly Output[]
  /** Properties that the outputs need; null = all. Only these are read. */
  readonly properties: readonly string[] | null
}
