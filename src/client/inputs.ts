/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
/** Which features. Every member that is set must hold; an empty filter holds for all. */
export type FeatureFilter = {
  /** All of these hold. */
  readonly and?: ReadonlyArray<FeatureFilter> | null | undefined;
  /** The geometry intersects this box, borders included. */
  readonly bbox?: readonly number[] | null | undefined;
  /** The geometry intersects this one, borders included. */
  readonly intersects?: GeometryInput | null | undefined;
  /** This does not hold (a comparison with null neither holds nor fails to). */
  readonly not?: FeatureFilter | null | undefined;
  /** At least one of these holds. */
  readonly or?: ReadonlyArray<FeatureFilter> | null | undefined;
  /** A property compares as told. */
  readonly property?: PropertyFilter | null | undefined;
  /** The geometry lies within this one (OGC within). */
  readonly within?: GeometryInput | null | undefined;
};

/** One sort key. */
export type FeatureOrder = {
  /** Ascending or descending. */
  readonly direction?: SortDirection | null | undefined;
  /** Where nulls go, whatever the direction. */
  readonly nulls?: NullsOrder | null | undefined;
  /** A column of the layer that has an order: not JSON, struct, list or map. */
  readonly property: string;
};

/** A geometry given by the client, in the layer's CRS: set exactly one member. */
export type GeometryInput = {
  /** A box. */
  readonly bbox?: readonly number[] | null | undefined;
  /** A GeoJSON geometry object. */
  readonly geojson?: unknown;
  /** Well-known text. */
  readonly wkt?: string | null | undefined;
};

/** Where nulls go in a sort. */
export type NullsOrder =
  /** Before every value. */
  | 'FIRST'
  /** Behind every value. */
  | 'LAST';

/**
 * A comparison of one property: every member that is set must hold. Values are of the column's JSON type; a comparison with a null
 * property never holds.
 */
export type PropertyFilter = {
  /** Equal to. */
  readonly eq?: unknown;
  /** Greater than. */
  readonly gt?: unknown;
  /** Greater than or equal to. */
  readonly gte?: unknown;
  /** Equal to one of these: at most 10,000. */
  readonly in?: ReadonlyArray<unknown> | null | undefined;
  /** Null (true) or not null (false). */
  readonly isNull?: boolean | null | undefined;
  /** Less than. */
  readonly lt?: unknown;
  /** Less than or equal to. */
  readonly lte?: unknown;
  /** A column of the layer. */
  readonly name: string;
  /** Not equal to. */
  readonly ne?: unknown;
};

/** Which way a sort goes. */
export type SortDirection =
  /** Smallest first. */
  | 'ASC'
  /** Largest first. */
  | 'DESC';

export type StreamSubscriptionVariables = Exact<{
  layer: string;
  where?: FeatureFilter | null | undefined;
  orderBy?: ReadonlyArray<FeatureOrder> | null | undefined;
  batchSize?: number | null | undefined;
  limit?: number | null | undefined;
  after?: string | null | undefined;
}>;


export type StreamSubscription = { readonly featureBatches: { readonly count: number } };
