/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
/** Differences that a comparison of texts ignores. Each of them also ignores what NFC ignores. Several may be given. */
export type Collation =
  /** Ignores how a character is composed (Unicode NFC): `é` is equal to `e` with a combining accent. It does not ignore accents. */
  | 'NFC'
  /**
   * Ignores accents and all other marks (Unicode category M). `ø`, `ł` and `ß` have no mark, so they are other letters than `o`, `l` and `ss`. In
   * scripts of India, vowel signs are marks too.
   */
  | 'NOACCENT'
  /** Ignores upper and lower case, character by character: `ß` is not equal to `ss`. `I`, `i`, `İ` and `ı` are equal, and so are `Σ`, `σ` and `ς`. */
  | 'NOCASE';

/**
 * A distance to a geometry. For layers in longitude and latitude, it is in metres on the WGS 84 ellipsoid, also across the antimeridian and the
 * poles. It is exact between points, and otherwise within 0.1 % or 2 mm. Edges are straight in longitude and latitude.
 */
export type DistanceFilter = {
  /**
   * The maximum distance. In longitude and latitude it is in metres: up to 5,000,000 from points, and up to 200,000 from lines and polygons. For
   * other layers it is in units of the CRS.
   */
  readonly distance: number;
  /**
   * The geometry to measure from, in the layer's CRS. It may have another CRS if the layer is not in longitude and latitude. In longitude and
   * latitude, its outline must fit into 64 parts of 200 km; a larger one is refused.
   */
  readonly geometry: GeometryInput;
};

/**
 * A distance as a sort key. For layers in longitude and latitude, it is in metres on the WGS 84 ellipsoid, also across the antimeridian and the
 * poles. For other layers, it is in units of the CRS. Between points it is exact, and otherwise within 0.1 % or 2 mm. More than 19,700 km from
 * lines and polygons it is within 1 %. Edges are straight in longitude and latitude.
 */
export type DistanceOrder = {
  /**
   * The geometry to measure from, in the layer's CRS. It must not be empty. It may have another CRS if the layer is not in longitude and latitude;
   * then every feature is read. In longitude and latitude, its outline must fit into 64 parts of 200 km; a larger one is refused.
   */
  readonly to: GeometryInput;
};

/** The stays that DWELL detects. */
export type DwellInput = {
  /** The seconds for which an object is inside: 0 to 604,800. */
  readonly seconds: number;
  /** The column with the time of an object, a TIMESTAMP with or without a time zone. */
  readonly time: string;
};

/**
 * A filter for features. A feature matches if every given member is true for it. An empty filter matches every feature. A member that is null is
 * refused, here and in every input inside a filter: leave it out, or leave out the value of its variable. The whole filter may be null, which is the
 * same as no filter.
 */
export type FeatureFilter = {
  /** True if all of these filters are true. */
  readonly and?: ReadonlyArray<FeatureFilter> | null | undefined;
  /** True if the geometry intersects this box, including its border. */
  readonly bbox?: readonly number[] | null | undefined;
  /** True if the geometry contains this geometry (OGC contains). */
  readonly contains?: GeometryInput | null | undefined;
  /** True if the interiors intersect in a lower dimension than the larger of the two, and neither contains the other (OGC crosses). */
  readonly crosses?: GeometryInput | null | undefined;
  /** True if the geometry is within a distance of another geometry. */
  readonly dWithin?: DistanceFilter | null | undefined;
  /** True if the geometry has no point in common with this geometry. It uses no index and no statistics: every row is tested. */
  readonly disjoint?: GeometryInput | null | undefined;
  /** True if both are the same set of points, also if they are written differently (OGC equals). */
  readonly equals?: GeometryInput | null | undefined;
  /** True if the geometry intersects this geometry, including its border. */
  readonly intersects?: GeometryInput | null | undefined;
  /** True if this filter is false. A comparison with null is neither true nor false. */
  readonly not?: FeatureFilter | null | undefined;
  /** True if at least one of these filters is true. */
  readonly or?: ReadonlyArray<FeatureFilter> | null | undefined;
  /** True if both have the same dimension, the interiors intersect in that dimension, and each has points outside the other (OGC overlaps). */
  readonly overlaps?: GeometryInput | null | undefined;
  /** True if the comparison of a property is true. */
  readonly property?: PropertyFilter | null | undefined;
  /** True if the geometries have a common point, but their interiors do not intersect (OGC touches). */
  readonly touches?: GeometryInput | null | undefined;
  /** True if the geometry lies within this geometry (OGC within): the interiors intersect, and no part of it is outside. */
  readonly within?: GeometryInput | null | undefined;
};

/** One sort key: exactly one of `property` and `distance`. */
export type FeatureOrder = {
  /** Ascending or descending. */
  readonly direction?: SortDirection | null | undefined;
  /** The distance of the feature to a geometry. It is null for a feature without a geometry. It may be one of the keys, in any place. */
  readonly distance?: DistanceOrder | null | undefined;
  /** The position of nulls, for both directions. */
  readonly nulls?: NullsOrder | null | undefined;
  /** A column of the layer that has an order: not JSON, struct, list or map. */
  readonly property?: string | null | undefined;
};

/** The kinds of events. An object is inside if its geometry intersects the fence, also only its border. Without a geometry, it is outside. */
export type FenceDetection =
  /**
   * The object was outside and is outside, but the line from its former to its new place meets the fence. A place is the centroid. In longitude and
   * latitude, the line goes the short way around the earth.
   */
  | 'CROSS'
  /**
   * The object has entered the fence at least `dwell.seconds` ago and is still inside, by the times of its changes. It is sent once per stay, with the
   * first change that shows it. A stay counts if it begins after the first event of the subscription.
   */
  | 'DWELL'
  /** The object is inside now, and was not before the change, or was not there. */
  | 'ENTER'
  /** The object is not inside any more, or is gone. */
  | 'EXIT'
  /** The object is inside after the change. It is sent with each change, also after ENTER. */
  | 'INSIDE'
  /** The object is outside after the change. It is sent with each change, also after EXIT and CROSS. */
  | 'OUTSIDE'
  /** The object and another one are within the distance of `roam` now, and were not before the change. */
  | 'ROAM';

/** Fences: exactly one of `layer`, `geometry` and `roam`. */
export type FencesInput = {
  /** One fence. */
  readonly geometry?: GeometryInput | null | undefined;
  /**
   * The name of another layer with the same CRS. Each of its features is a fence. A live layer has the version that it had when the object changed; a
   * file is read as it is now.
   */
  readonly layer?: string | null | undefined;
  /**
   * The objects themselves: ROAM is sent for two that are within this distance. In longitude and latitude, it is geodesic, in metres, and at most
   * 1,000,000. For other layers it is in units of the CRS. It is measured between centroids.
   */
  readonly roam?: number | null | undefined;
};

/**
 * A geometry from the client. Give exactly one of `geojson`, `wkt`, `wkb`, `twkb` and `bbox`. A member that is null is refused. It may have at most
 * 25,000 vertices, unless the server is configured otherwise.
 */
export type GeometryInput = {
  /** A box. */
  readonly bbox?: readonly number[] | null | undefined;
  /**
   * The CRS of the coordinates as `AUTHORITY:CODE`, with x or longitude first. Without it, they are in the layer's CRS. Edges are straight in this
   * CRS: they are cut into pieces of at most 1/64 of the geometry's size, and the pieces are transformed.
   */
  readonly crs?: string | null | undefined;
  /** A GeoJSON geometry object. */
  readonly geojson?: unknown;
  /** Tiny well-known binary without a list of ids, in hexadecimal or base64. A text of hexadecimal digits only is read as hexadecimal. */
  readonly twkb?: string | null | undefined;
  /** Well-known binary (ISO or EWKB), in hexadecimal or base64. An SRID n means `crs: "EPSG:n"`. */
  readonly wkb?: string | null | undefined;
  /** Well-known text. `SRID=n;` before it (EWKT) means `crs: "EPSG:n"`. */
  readonly wkt?: string | null | undefined;
};

/** The positions of nulls in a sort. */
export type NullsOrder =
  /** Before every value. */
  | 'FIRST'
  /** After every value. */
  | 'LAST';

/**
 * A comparison of one property. It is true if every given member is true. At least one must be given, and null is refused. Values have the column's
 * JSON type. A comparison with a null property is never true. Inside JSON, a value is compared only with values of the same type; for other types it
 * counts as null.
 */
export type PropertyFilter = {
  /** Between two values, both ends included: `[least, largest]`. */
  readonly between?: ReadonlyArray<unknown> | null | undefined;
  /**
   * Compares texts without some of their differences: both the property and the given texts, in every member of this comparison. It does not change
   * the order of a result.
   */
  readonly collate?: ReadonlyArray<Collation> | null | undefined;
  /** Equal to. */
  readonly eq?: unknown;
  /** Greater than. */
  readonly gt?: unknown;
  /** Greater than or equal to. */
  readonly gte?: unknown;
  /** The list, or the JSON array, has this element. */
  readonly has?: unknown;
  /** The list has all of these elements: at most 10,000. */
  readonly hasAll?: ReadonlyArray<unknown> | null | undefined;
  /** The list has at least one of these elements: at most 10,000. */
  readonly hasAny?: ReadonlyArray<unknown> | null | undefined;
  /** The text matches a pattern as for `like`, but upper and lower case are equal. */
  readonly ilike?: string | null | undefined;
  /** Equal to one of these: at most 10,000. */
  readonly in?: ReadonlyArray<unknown> | null | undefined;
  /** Null (true) or not null (false). */
  readonly isNull?: boolean | null | undefined;
  /**
   * The whole text matches a pattern. `%` is any text, `_` is one character, and a backslash makes the next character literal. At most 1,000
   * characters.
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
   * The path to a member inside the column, from the outside in. Steps are names of struct members, text keys of maps, and names in JSON. A number
   * is an index of a JSON array. At most 16 steps.
   */
  readonly path?: ReadonlyArray<string> | null | undefined;
  /** The text begins with this one. */
  readonly startsWith?: string | null | undefined;
};

/** The directions of a sort. */
export type SortDirection =
  /** Smallest first. */
  | 'ASC'
  /** Largest first. */
  | 'DESC';

export type FencesSubscriptionVariables = Exact<{
  objects: string;
  fences: FencesInput;
  detect?: ReadonlyArray<FenceDetection> | null | undefined;
  dwell?: DwellInput | null | undefined;
  where?: FeatureFilter | null | undefined;
  since?: string | null | undefined;
  maxPerSecond?: number | null | undefined;
}>;


export type FencesSubscription = { readonly fences:
    | { readonly __typename: 'FenceBatch' }
    | { readonly __typename: 'Heartbeat' }
    | { readonly __typename: 'UpToDate' }
   };

export type StreamSubscriptionVariables = Exact<{
  layer: string;
  where?: FeatureFilter | null | undefined;
  orderBy?: ReadonlyArray<FeatureOrder> | null | undefined;
  batchSize?: number | null | undefined;
  limit?: number | null | undefined;
  after?: string | null | undefined;
}>;


export type StreamSubscription = { readonly featureBatches: { readonly count: number } };
