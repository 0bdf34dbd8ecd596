/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
/**
 * A distance to a geometry. On layers in longitude and latitude it is in metres on the WGS 84 ellipsoid, across the antimeridian and the poles:
 * between points exactly, otherwise within 0.1 % or 2 mm. Edges are straight in longitude and latitude.
 */
export type DistanceFilter = {
  /**
   * At most this far. Metres on longitude and latitude: up to 5,000,000 from points and 200,000 from lines and polygons. Units of the CRS on
   * other layers.
   */
  readonly distance: number;
  /**
   * From where, in the CRS of the layer; elsewhere than on longitude and latitude it may name another. On longitude and latitude its outlines
   * fit in 64 parts of 200 km; larger ones are refused.
   */
  readonly geometry: GeometryInput;
};

/** Which features. Every member that is set must hold; an empty filter holds for all. */
export type FeatureFilter = {
  /** All of these hold. */
  readonly and?: ReadonlyArray<FeatureFilter> | null | undefined;
  /** The geometry intersects this box, borders included. */
  readonly bbox?: readonly number[] | null | undefined;
  /** The geometry contains this one (OGC contains). */
  readonly contains?: GeometryInput | null | undefined;
  /** The interiors meet in less than the larger dimension of the two, and neither contains the other (OGC crosses). */
  readonly crosses?: GeometryInput | null | undefined;
  /** The geometry is at most a distance away from this one. */
  readonly dWithin?: DistanceFilter | null | undefined;
  /** The geometry has no point in common with this one. No index or statistics help: every row is tested. */
  readonly disjoint?: GeometryInput | null | undefined;
  /** Both are the same set of points, however they are written. */
  readonly equals?: GeometryInput | null | undefined;
  /** The geometry intersects this one, borders included. */
  readonly intersects?: GeometryInput | null | undefined;
  /** This does not hold (a comparison with null neither holds nor fails to). */
  readonly not?: FeatureFilter | null | undefined;
  /** At least one of these holds. */
  readonly or?: ReadonlyArray<FeatureFilter> | null | undefined;
  /** The interiors meet in the dimension that both have, and each has points outside of the other (OGC overlaps). */
  readonly overlaps?: GeometryInput | null | undefined;
  /** A property compares as told. */
  readonly property?: PropertyFilter | null | undefined;
  /** The borders meet, and the interiors do not. */
  readonly touches?: GeometryInput | null | undefined;
  /** The geometry lies within this one (OGC within): its interior meets this one's, and nothing of it is outside. */
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

/**
 * A geometry given by the client: set exactly one of `geojson`, `wkt`, `wkb`, `twkb` and `bbox`. At most 25,000 vertices, unless the server is
 * set otherwise.
 */
export type GeometryInput = {
  /** A box. */
  readonly bbox?: readonly number[] | null | undefined;
  /**
   * What the coordinates are in, as `AUTHORITY:CODE`, x or longitude first; the layer's CRS, if it is left out. Edges are straight in this CRS:
   * they are cut into pieces of at most 1/64 of the geometry's size, which are then transformed.
   */
  readonly crs?: string | null | undefined;
  /** A GeoJSON geometry object. */
  readonly geojson?: unknown;
  /** Tiny well-known binary without a list of ids, in hexadecimal, or in base64 that is not all hexadecimal digits. */
  readonly twkb?: string | null | undefined;
  /** Well-known binary, ISO or extended (EWKB), in hexadecimal or base64. An SRID n says `crs: "EPSG:n"`. */
  readonly wkb?: string | null | undefined;
  /** Well-known text, also after `SRID=n;` (EWKT), which says `crs: "EPSG:n"`. */
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
 * property never holds. Inside JSON, values are compared with those of their own type, and are null to others.
 */
export type PropertyFilter = {
  /** Between two values, both ends included: `[least, largest]`. */
  readonly between?: ReadonlyArray<unknown> | null | undefined;
  /** Equal to. */
  readonly eq?: unknown;
  /** Greater than. */
  readonly gt?: unknown;
  /** Greater than or equal to. */
  readonly gte?: unknown;
  /** The list has this element; in JSON, the array. */
  readonly has?: unknown;
  /** The list has all of these elements: at most 10,000. */
  readonly hasAll?: ReadonlyArray<unknown> | null | undefined;
  /** The list has at least one of these elements: at most 10,000. */
  readonly hasAny?: ReadonlyArray<unknown> | null | undefined;
  /** As `like`, whatever the letter case. */
  readonly ilike?: string | null | undefined;
  /** Equal to one of these: at most 10,000. */
  readonly in?: ReadonlyArray<unknown> | null | undefined;
  /** Null (true) or not null (false). */
  readonly isNull?: boolean | null | undefined;
  /**
   * The whole text matches a pattern: `%` is any text, `_` one character, and a backslash takes the meaning from what follows it. At most
   * 1,000 characters.
   */
  readonly like?: string | null | undefined;
  /** Less than. */
  readonly lt?: unknown;
  /** Less than or equal to. */
  readonly lte?: unknown;
  /** A column of the layer. */
  readonly name: string;
  /** Not equal to. */
  readonly ne?: unknown;
  /**
   * A member inside the column, by names from the outside in: of structs, of maps with text keys, and of JSON, where a number is a place in an
   * array. At most 16.
   */
  readonly path?: ReadonlyArray<string> | null | undefined;
  /** The text begins with this one. */
  readonly startsWith?: string | null | undefined;
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
