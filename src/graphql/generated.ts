import type { RawJson } from '../delivery/raw-json.ts';
import type { GraphQLResolveInfo, GraphQLScalarType, GraphQLScalarTypeConfig } from 'graphql';
import type { Layer as LayerModel, LayerKey as LayerKeyModel, InvalidFeature as InvalidFeatureModel } from '../model/layer.ts';
import type { NamedColumn, AnyPage, BatchDelivery, GroupPageDelivery, GroupBatchDelivery, PageDelivery } from './delivery.ts';
import type { SnapshotDelivery, ChangeDelivery } from './change-events.ts';
import type { FenceDelivery } from './fence-events.ts';
import type { CellsDelivery } from './viewport-events.ts';
import type { WorkerHealth, ExecutionReport, Explanation as ExplanationModel } from '../engines/engine.ts';
import type { Context } from './context.ts';
export type Maybe<T> = T | null;
export type InputMaybe<T> = Maybe<T>;
export type Omit<T, K extends keyof T> = Pick<T, Exclude<keyof T, K>>;
export type RequireFields<T, K extends keyof T> = Omit<T, K> & { [P in K]-?: NonNullable<T[P]> };
/** All built-in and custom scalars, mapped to their actual values */
export type Scalars = {
  ID: { input: string; output: string | number; }
  String: { input: string; output: string; }
  Boolean: { input: boolean; output: boolean; }
  Int: { input: number; output: number; }
  Float: { input: number; output: number; }
  /**
   * Base64 of a self-contained Arrow IPC stream: a schema, one record batch, an end marker. The geometry column carries GeoArrow
   * extension metadata with its CRS; the column `id` holds `Feature.key`.
   */
  ArrowIPC: { input: RawJson; output: RawJson; }
  /**
   * `[west, south, east, north]` (RFC 7946) in the layer's CRS. In longitude and latitude, a box with west > east crosses the antimeridian. As an
   * argument, it may lie beyond 180 degrees, as maps give it: longitudes are taken modulo 360, and a box of 360 degrees or more is the whole earth.
   * Latitudes beyond 90 count as 90.
   */
  BBox: { input: readonly number[]; output: readonly number[]; }
  /** An integer of any size, as a decimal string. */
  BigInt: { input: bigint; output: bigint | number; }
  /**
   * A signed, opaque position directly after a feature in an ordered result. It is bound to the layer's data, the filter and the order. Pass it
   * as `after` with the same `layer`, `where` and `orderBy`. It is valid on every server with the same data and cursor secret.
   */
  Cursor: { input: string; output: string; }
  /** A date in ISO 8601, such as `2026-05-31`. */
  Date: { input: string; output: string; }
  /** A time in ISO 8601, in UTC, such as `2026-05-31T12:00:00Z`. As an argument, it may have another offset. */
  DateTime: { input: string; output: string; }
  /**
   * A GeoJSON FeatureCollection (RFC 7946). Coordinates are longitude and latitude. Outer rings are counter-clockwise, inner rings clockwise. The
   * geometry is null if a feature has none. A feature's `id` is its `Feature.key`. In an order by `distance` first, each feature has a member
   * `distance`.
   */
  GeoJSON: { input: RawJson; output: RawJson; }
  /** A geometry in the requested encoding: a GeoJSON object, a text (WKT, EWKT) or hexadecimal digits (WKB, EWKB, TWKB). */
  Geometry: { input: unknown; output: unknown; }
  /** Any JSON value. */
  JSON: { input: unknown; output: unknown; }
  /** A time in ISO 8601 without a zone, such as `2026-05-31T12:00:00`: a timestamp of which the source does not name the zone. */
  LocalDateTime: { input: string; output: string; }
};

/** The encodings of an Arrow geometry column. */
export type ArrowGeometry =
  /**
   * GeoArrow's native type, with lists of interleaved coordinates, if the check has proven that all geometries of the layer have one type. WKB
   * if they have several types or measures, or if the check is not complete.
   */
  | 'NATIVE'
  /** Always `geoarrow.wkb`. */
  | 'WKB';

/** A comparison of a whole number of any size. It is true if every given member is true. At least one must be given, and null is refused. */
export type BigIntFilter = {
  /** Between two values, both ends included: `[least, largest]`. */
  readonly between?: InputMaybe<ReadonlyArray<Scalars['BigInt']['input']>>;
  /** Equal to. */
  readonly eq?: InputMaybe<Scalars['BigInt']['input']>;
  /** Greater than. */
  readonly gt?: InputMaybe<Scalars['BigInt']['input']>;
  /** Greater than or equal to. */
  readonly gte?: InputMaybe<Scalars['BigInt']['input']>;
  /** Equal to one of these: at most 10,000. */
  readonly in?: InputMaybe<ReadonlyArray<Scalars['BigInt']['input']>>;
  /** Null (true) or not null (false). */
  readonly isNull?: InputMaybe<Scalars['Boolean']['input']>;
  /** Less than. */
  readonly lt?: InputMaybe<Scalars['BigInt']['input']>;
  /** Less than or equal to. */
  readonly lte?: InputMaybe<Scalars['BigInt']['input']>;
  /** Not equal to. */
  readonly ne?: InputMaybe<Scalars['BigInt']['input']>;
};

/** A test of a list of whole numbers of any size. It is true if every given member is true. At least one must be given, and null is refused. */
export type BigIntListFilter = {
  /** The list has this element. */
  readonly has?: InputMaybe<Scalars['BigInt']['input']>;
  /** The list has all of these elements: at most 10,000. */
  readonly hasAll?: InputMaybe<ReadonlyArray<Scalars['BigInt']['input']>>;
  /** The list has at least one of these elements: at most 10,000. */
  readonly hasAny?: InputMaybe<ReadonlyArray<Scalars['BigInt']['input']>>;
  /** Null (true) or not null (false). */
  readonly isNull?: InputMaybe<Scalars['Boolean']['input']>;
};

/** A comparison of a Boolean value. It is true if every given member is true. At least one must be given, and null is refused. */
export type BooleanFilter = {
  /** Between two values, both ends included: `[least, largest]`. */
  readonly between?: InputMaybe<ReadonlyArray<Scalars['Boolean']['input']>>;
  /** Equal to. */
  readonly eq?: InputMaybe<Scalars['Boolean']['input']>;
  /** Greater than. */
  readonly gt?: InputMaybe<Scalars['Boolean']['input']>;
  /** Greater than or equal to. */
  readonly gte?: InputMaybe<Scalars['Boolean']['input']>;
  /** Equal to one of these: at most 10,000. */
  readonly in?: InputMaybe<ReadonlyArray<Scalars['Boolean']['input']>>;
  /** Null (true) or not null (false). */
  readonly isNull?: InputMaybe<Scalars['Boolean']['input']>;
  /** Less than. */
  readonly lt?: InputMaybe<Scalars['Boolean']['input']>;
  /** Less than or equal to. */
  readonly lte?: InputMaybe<Scalars['Boolean']['input']>;
  /** Not equal to. */
  readonly ne?: InputMaybe<Scalars['Boolean']['input']>;
};

/** A test of a list of Boolean values. It is true if every given member is true. At least one must be given, and null is refused. */
export type BooleanListFilter = {
  /** The list has this element. */
  readonly has?: InputMaybe<Scalars['Boolean']['input']>;
  /** The list has all of these elements: at most 10,000. */
  readonly hasAll?: InputMaybe<ReadonlyArray<Scalars['Boolean']['input']>>;
  /** The list has at least one of these elements: at most 10,000. */
  readonly hasAny?: InputMaybe<ReadonlyArray<Scalars['Boolean']['input']>>;
  /** Null (true) or not null (false). */
  readonly isNull?: InputMaybe<Scalars['Boolean']['input']>;
};

/** A cell of a grid. */
export type Cell = {
  readonly __typename?: 'Cell';
  /** Its centre as a GeoJSON point, in the same CRS. */
  readonly centre: Scalars['Geometry']['output'];
  /** `square/SIZE/I/J`, `hexagon/SIZE/Q/R` or `tile/ZOOM/X/Y`. The same cell has the same id in every layer, and on every server. */
  readonly id: Scalars['ID']['output'];
  /**
   * Its outline as a GeoJSON polygon: in the layer's CRS for SQUARE, otherwise in longitude and latitude. A hexagon at the antimeridian reaches beyond
   * 180 degrees.
   */
  readonly polygon: Scalars['Geometry']['output'];
};

/**
 * A grid of cells. A point belongs to the cell that it lies in. Another geometry belongs to the cell of the centre of its box. The grids of web maps use
 * Web Mercator: longitudes are wrapped at 180 degrees, and latitudes beyond 85.05 degrees count as 85.05.
 */
export type CellGrid = {
  /** The kind of grid. */
  readonly kind: CellKind;
  /** SQUARE: the side of a square in units of the layer's CRS. HEXAGON: the length of an edge in metres of Web Mercator. */
  readonly size?: InputMaybe<Scalars['Float']['input']>;
  /** TILE: the zoom level, from 0 to 30. */
  readonly zoom?: InputMaybe<Scalars['Int']['input']>;
};

/** The kinds of grid. */
export type CellKind =
  /** Hexagons in Web Mercator with an edge in the north and in the south, counted from the centre of one at the origin. */
  | 'HEXAGON'
  /** Squares in the layer's CRS, counted from its origin. */
  | 'SQUARE'
  /** The tiles of web maps (XYZ). */
  | 'TILE';

/**
 * The difference between the version that the client has and a later one, or a part of it. A feature is in it once, in its later form. A
 * feature that was added and removed meanwhile, or is equal again, is not in it.
 */
export type ChangeBatch = {
  readonly __typename?: 'ChangeBatch';
  /** Features that match now and did not match before. */
  readonly added: ChangedFeatures;
  /** The parts of each feature in `updated` that have changed, in the same order. */
  readonly changed: ReadonlyArray<FeatureChange>;
  /** False if more parts of this difference follow. After the last part, the client has exactly `version`. */
  readonly complete: Scalars['Boolean']['output'];
  /**
   * The same as a `GeoJSONSourceDiff` of MapLibre, for `source.updateData()`: `add` has added and updated features, and `remove` has keys. MapLibre
   * replaces a feature with the same id.
   */
  readonly geojsonDiff: Scalars['GeoJSON']['output'];
  /** The keys of features that matched before, and were deleted or do not match now. */
  readonly removed: ReadonlyArray<Scalars['ID']['output']>;
  /** The position after this event. */
  readonly token: Scalars['Cursor']['output'];
  /**
   * Features that matched before, have changed, and match now. If `updated` or `geojsonDiff` select properties or a geometry, a feature is in it only if one
   * of these has changed.
   */
  readonly updated: ChangedFeatures;
  /** The version that the client has after the whole difference. */
  readonly version: Scalars['BigInt']['output'];
};


/**
 * The difference between the version that the client has and a later one, or a part of it. A feature is in it once, in its later form. A
 * feature that was added and removed meanwhile, or is equal again, is not in it.
 */
export type ChangeBatchGeojsonDiffArgs = {
  crs?: InputMaybe<Scalars['String']['input']>;
  only?: InputMaybe<ReadonlyArray<Scalars['String']['input']>>;
  precision?: InputMaybe<Scalars['Int']['input']>;
  simplify?: InputMaybe<Scalars['Float']['input']>;
};

/** An event of `changes`. Each has a token: subscribe with the last one as `since` to continue directly after it. */
export type ChangeEvent = ChangeBatch | Heartbeat | Reset | SnapshotBatch | UpToDate;

/** Features of a difference. */
export type ChangedFeatures = {
  readonly __typename?: 'ChangedFeatures';
  /** The features. */
  readonly features: ReadonlyArray<Feature>;
  /**
   * The features as one GeoJSON FeatureCollection. It is refused if coordinates are not longitude and latitude: then request
   * `crs: "OGC:CRS84"`.
   */
  readonly geojson: Scalars['GeoJSON']['output'];
};


/** Features of a difference. */
export type ChangedFeaturesGeojsonArgs = {
  bbox?: InputMaybe<Scalars['Boolean']['input']>;
  crs?: InputMaybe<Scalars['String']['input']>;
  only?: InputMaybe<ReadonlyArray<Scalars['String']['input']>>;
  precision?: InputMaybe<Scalars['Int']['input']>;
  simplify?: InputMaybe<Scalars['Float']['input']>;
};

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

/** A property of a layer's features. */
export type Column = {
  readonly __typename?: 'Column';
  /** The description from the configuration, or the comment of the column in the source. Null if there is neither. */
  readonly description: Maybe<Scalars['String']['output']>;
  /** The name of its field in the layer's feature type: the configured name, or the column's name in camelCase. */
  readonly graphqlName: Scalars['String']['output'];
  /** The JSON type of its values. It depends on the column's type only, so it is the same for every value. */
  readonly jsonType: JsonType;
  /** The name, as in `Feature.properties`. */
  readonly name: Scalars['String']['output'];
  /** True if values may be null. */
  readonly nullable: Scalars['Boolean']['output'];
  /** The DuckDB type, e.g. `DECIMAL(18,3)`. */
  readonly type: Scalars['String']['output'];
};

/**
 * Figures of a column of a group. Nulls are left out. A result that is not finite is null: NaN is larger than every number, and makes sums and
 * averages null.
 */
export type ColumnAggregates = {
  readonly __typename?: 'ColumnAggregates';
  /** The average of numbers. Null without a value. */
  readonly avg: Maybe<Scalars['Float']['output']>;
  /** The number of values that are not null. */
  readonly count: Scalars['BigInt']['output'];
  /** The exact number of different values. */
  readonly distinct: Scalars['BigInt']['output'];
  /**
   * An estimate of the number of different values (HyperLogLog with 64 registers). It needs little memory. Its standard error is 13 %: two of three
   * estimates are within 13 %, and 95 of 100 within 30 %.
   */
  readonly distinctApproximate: Scalars['BigInt']['output'];
  /** The value of the first feature in an order, which may be null. The natural order breaks ties. */
  readonly first: Maybe<Scalars['JSON']['output']>;
  /**
   * The numbers of values in consecutive bins. A bin includes its lower edge, and the last one both. If all values are equal, there is one bin. Values
   * that are not finite are left out.
   */
  readonly histogram: ReadonlyArray<HistogramBin>;
  /** The value of the last feature in an order, which may be null. The natural order breaks ties. */
  readonly last: Maybe<Scalars['JSON']['output']>;
  /** The largest value. Null without a value. */
  readonly max: Maybe<Scalars['JSON']['output']>;
  /** The least value. Null without a value. */
  readonly min: Maybe<Scalars['JSON']['output']>;
  /**
   * The quantiles at the given shares, as a list. Numbers are interpolated between the two nearest values, as doubles. Of other types, it is the least
   * value with at least that share of the values up to it. Null without a value.
   */
  readonly quantiles: Maybe<Scalars['JSON']['output']>;
  /** The sample standard deviation of numbers. Null for fewer than two values, and for values from 1e150 on. */
  readonly stddev: Maybe<Scalars['Float']['output']>;
  /** The sum of numbers: exact for integers and decimals, as a string. Null without a value. */
  readonly sum: Maybe<Scalars['JSON']['output']>;
  /**
   * The values with the highest counts, the highest first. Of equal counts, the least value is first. Nulls and numbers that are not finite are left
   * out.
   */
  readonly values: ReadonlyArray<ValueCount>;
};


/**
 * Figures of a column of a group. Nulls are left out. A result that is not finite is null: NaN is larger than every number, and makes sums and
 * averages null.
 */
export type ColumnAggregatesFirstArgs = {
  orderBy: ReadonlyArray<FeatureOrder>;
};


/**
 * Figures of a column of a group. Nulls are left out. A result that is not finite is null: NaN is larger than every number, and makes sums and
 * averages null.
 */
export type ColumnAggregatesHistogramArgs = {
  bins?: InputMaybe<Scalars['Int']['input']>;
  kind?: InputMaybe<HistogramKind>;
};


/**
 * Figures of a column of a group. Nulls are left out. A result that is not finite is null: NaN is larger than every number, and makes sums and
 * averages null.
 */
export type ColumnAggregatesLastArgs = {
  orderBy: ReadonlyArray<FeatureOrder>;
};


/**
 * Figures of a column of a group. Nulls are left out. A result that is not finite is null: NaN is larger than every number, and makes sums and
 * averages null.
 */
export type ColumnAggregatesQuantilesArgs = {
  at: ReadonlyArray<Scalars['Float']['input']>;
};


/**
 * Figures of a column of a group. Nulls are left out. A result that is not finite is null: NaN is larger than every number, and makes sums and
 * averages null.
 */
export type ColumnAggregatesValuesArgs = {
  first?: InputMaybe<Scalars['Int']['input']>;
};

/** A property of the features of a new layer. */
export type ColumnInput = {
  /** Letters, digits, `_`, `-` and spaces, at most 63. It begins with a letter or `_`. */
  readonly name: Scalars['String']['input'];
  /**
   * A type as in `Column.type`: BOOLEAN, TINYINT, SMALLINT, INTEGER, BIGINT, UTINYINT, USMALLINT, UINTEGER, UBIGINT, FLOAT, DOUBLE,
   * `DECIMAL(precision,scale)`, VARCHAR, UUID, DATE, TIME, TIMESTAMP, TIMESTAMP WITH TIME ZONE or JSON.
   */
  readonly type: Scalars['String']['input'];
};

/** A coordinate reference system. */
export type Crs = {
  readonly __typename?: 'Crs';
  /** Authority and code, such as `EPSG:3857`. Null if the source has none. */
  readonly code: Maybe<Scalars['String']['output']>;
  /** True if coordinates are longitude and latitude in degrees on WGS 84. */
  readonly isLonLat: Scalars['Boolean']['output'];
  /** Its name in the source. */
  readonly name: Scalars['String']['output'];
};

/** A comparison of a date. It is true if every given member is true. At least one must be given, and null is refused. */
export type DateFilter = {
  /** Between two values, both ends included: `[least, largest]`. */
  readonly between?: InputMaybe<ReadonlyArray<Scalars['Date']['input']>>;
  /** Equal to. */
  readonly eq?: InputMaybe<Scalars['Date']['input']>;
  /** Greater than. */
  readonly gt?: InputMaybe<Scalars['Date']['input']>;
  /** Greater than or equal to. */
  readonly gte?: InputMaybe<Scalars['Date']['input']>;
  /** Equal to one of these: at most 10,000. */
  readonly in?: InputMaybe<ReadonlyArray<Scalars['Date']['input']>>;
  /** Null (true) or not null (false). */
  readonly isNull?: InputMaybe<Scalars['Boolean']['input']>;
  /** Less than. */
  readonly lt?: InputMaybe<Scalars['Date']['input']>;
  /** Less than or equal to. */
  readonly lte?: InputMaybe<Scalars['Date']['input']>;
  /** Not equal to. */
  readonly ne?: InputMaybe<Scalars['Date']['input']>;
};

/** A test of a list of dates. It is true if every given member is true. At least one must be given, and null is refused. */
export type DateListFilter = {
  /** The list has this element. */
  readonly has?: InputMaybe<Scalars['Date']['input']>;
  /** The list has all of these elements: at most 10,000. */
  readonly hasAll?: InputMaybe<ReadonlyArray<Scalars['Date']['input']>>;
  /** The list has at least one of these elements: at most 10,000. */
  readonly hasAny?: InputMaybe<ReadonlyArray<Scalars['Date']['input']>>;
  /** Null (true) or not null (false). */
  readonly isNull?: InputMaybe<Scalars['Boolean']['input']>;
};

/** A comparison of a time in UTC. It is true if every given member is true. At least one must be given, and null is refused. */
export type DateTimeFilter = {
  /** Between two values, both ends included: `[least, largest]`. */
  readonly between?: InputMaybe<ReadonlyArray<Scalars['DateTime']['input']>>;
  /** Equal to. */
  readonly eq?: InputMaybe<Scalars['DateTime']['input']>;
  /** Greater than. */
  readonly gt?: InputMaybe<Scalars['DateTime']['input']>;
  /** Greater than or equal to. */
  readonly gte?: InputMaybe<Scalars['DateTime']['input']>;
  /** Equal to one of these: at most 10,000. */
  readonly in?: InputMaybe<ReadonlyArray<Scalars['DateTime']['input']>>;
  /** Null (true) or not null (false). */
  readonly isNull?: InputMaybe<Scalars['Boolean']['input']>;
  /** Less than. */
  readonly lt?: InputMaybe<Scalars['DateTime']['input']>;
  /** Less than or equal to. */
  readonly lte?: InputMaybe<Scalars['DateTime']['input']>;
  /** Not equal to. */
  readonly ne?: InputMaybe<Scalars['DateTime']['input']>;
};

/** A test of a list of times in UTC. It is true if every given member is true. At least one must be given, and null is refused. */
export type DateTimeListFilter = {
  /** The list has this element. */
  readonly has?: InputMaybe<Scalars['DateTime']['input']>;
  /** The list has all of these elements: at most 10,000. */
  readonly hasAll?: InputMaybe<ReadonlyArray<Scalars['DateTime']['input']>>;
  /** The list has at least one of these elements: at most 10,000. */
  readonly hasAny?: InputMaybe<ReadonlyArray<Scalars['DateTime']['input']>>;
  /** Null (true) or not null (false). */
  readonly isNull?: InputMaybe<Scalars['Boolean']['input']>;
};

/**
 * A distance to a geometry. For layers in longitude and latitude, it is in metres on the WGS 84 ellipsoid, also across the antimeridian and the
 * poles. It is exact between points, and otherwise within 0.1 % or 2 mm. Edges are straight in longitude and latitude.
 */
export type DistanceFilter = {
  /**
   * The maximum distance. In longitude and latitude it is in metres: up to 5,000,000 from points, and up to 200,000 from lines and polygons. For
   * other layers it is in units of the CRS.
   */
  readonly distance: Scalars['Float']['input'];
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
  readonly seconds: Scalars['Float']['input'];
  /** The column with the time of an object, a TIMESTAMP with or without a time zone. */
  readonly time: Scalars['String']['input'];
};

/** Details about the execution of a batch or page. */
export type Execution = {
  readonly __typename?: 'Execution';
  /** One plus the number of executions that started because another one had failed. */
  readonly attempts: Scalars['Int']['output'];
  /** True if an execution failed and another one continued. No feature is lost or sent twice. */
  readonly degraded: Scalars['Boolean']['output'];
  /** Milliseconds since the operation started. */
  readonly elapsedMs: Scalars['Float']['output'];
  /** The engine that gathered the layer's rows, by its name in the configuration. Null, as the next three, for other layers. */
  readonly engine: Maybe<Scalars['String']['output']>;
  /** Milliseconds that it took. 0 if the rows were there already. */
  readonly gatherMs: Maybe<Scalars['Int']['output']>;
  /** The number of rows that it gathered: those that may match. They have been asked the whole filter. */
  readonly gatheredRows: Maybe<Scalars['BigInt']['output']>;
  /** The lane that executed it. */
  readonly lane: Lane;
  /** The parts of the filter that it could not use, such as `a pattern of name`. Rows were gathered without them. */
  readonly notNarrowed: Maybe<ReadonlyArray<Scalars['String']['output']>>;
  /** The reason for the failure. Null if nothing failed. */
  readonly reason: Maybe<Scalars['String']['output']>;
  /** The number of bytes that these requests have read. */
  readonly remoteBytes: Scalars['BigInt']['output'];
  /** The number of parts of remote files that needed no request, because the server had them in memory (`--remote-cache`). */
  readonly remoteCacheHits: Scalars['Int']['output'];
  /**
   * The number of requests to other machines so far, with those that were repeated after a fault. 0 for a layer on this machine. The requests that
   * describe a layer, and those that check if it has changed, belong to no execution.
   */
  readonly remoteRequests: Scalars['Int']['output'];
  /** The number of row groups of the layer's files or table. Null for a table until it is known. */
  readonly rowGroups: Maybe<Scalars['Int']['output']>;
  /**
   * The number of row groups that were read. A row group has some thousand neighbouring features. A filter skips a row group if none of its features
   * can match. If an execution continues inside a row group, that row group is counted again. A stream reports the number with its last batch,
   * unless its features ended with the batch before. Null if it is not known yet, if an execution was stopped before its end (a pause, another
   * client's turn, a failure), or if an index found the rows.
   */
  readonly rowGroupsRead: Maybe<Scalars['Int']['output']>;
  /** The number of rows of a table that were scanned; known when `rowGroupsRead` is. Null for files: the engine counts only their row groups. */
  readonly rowsScanned: Maybe<Scalars['BigInt']['output']>;
};

/** A plan, without the values of the query and without file names. */
export type Explanation = {
  readonly __typename?: 'Explanation';
  /** The rows that another engine would gather first. Null if the layer has no such engine. */
  readonly gathering: Maybe<Gathering>;
  /** The method by which the spatial part of the filter skips rows, or SORTED_COPY. NONE if there is neither. */
  readonly pruning: Pruning;
  /** The columns that are read for the order, the key, the properties and the geometry, without those of the filter. */
  readonly reads: ReadonlyArray<Scalars['String']['output']>;
  /** True if all matching features are sorted before the first one is sent. False if they are sent in the order in which they are read. */
  readonly sorted: Scalars['Boolean']['output'];
  /** The SQL statement. The layer's name stands for the source, and `$1`, `$2`, ... stand for the values. */
  readonly sql: Scalars['String']['output'];
  /** The number of bound values. */
  readonly values: Scalars['Int']['output'];
};

/** A file that is being made for a download, such as `/download/LAYER.gpkg`. */
export type Export = {
  readonly __typename?: 'Export';
  /** Seconds since it was requested. */
  readonly ageSeconds: Scalars['Float']['output'];
  /** Bytes on disk, with temporary data. */
  readonly bytes: Scalars['BigInt']['output'];
  /** The ending of the file. */
  readonly format: Scalars['String']['output'];
  /** The layer's name. */
  readonly layer: Scalars['String']['output'];
  /** The progress of this stage: 0 to 100. Null while it is unknown. */
  readonly percent: Maybe<Scalars['Float']['output']>;
  /** The number of requests that wait for it. */
  readonly requests: Scalars['Int']['output'];
  /** The current stage. */
  readonly stage: ExportStage;
};

/** A stage of an export. */
export type ExportStage =
  /** The features are being read. */
  | 'READING'
  /** Other exports run first. */
  | 'WAITING'
  /** The file is being written. */
  | 'WRITING';

/** Executions that continued in the serial lane. */
export type Fallbacks = {
  readonly __typename?: 'Fallbacks';
  /** The number of these executions since the server started. */
  readonly count: Scalars['Int']['output'];
  /** The reason for the last one. */
  readonly lastReason: Maybe<Scalars['String']['output']>;
  /** The reasons for the last ten, the newest first. */
  readonly lastReasons: ReadonlyArray<Scalars['String']['output']>;
};

/**
 * A geographic feature (OGC) with a geometry and properties. Each layer has its own feature type, which is named after the layer: the features
 * of a layer `observations` have the type `ObservationsFeature`.
 */
export type Feature = {
  /** The box around the geometry. Null if there is no geometry or it is empty. */
  readonly bbox: Maybe<Scalars['BBox']['output']>;
  /** The geometry. Null if the feature has none. */
  readonly geometry: Maybe<Scalars['Geometry']['output']>;
  /**
   * An id that is unique over the features of all layers: the layer's name, a colon and the key, such as `observations:161407`. If keys are row
   * numbers, the first six characters of the layer's fingerprint precede the key, such as `places:3fa9c1-17`. So a replaced file has other ids.
   */
  readonly id: Scalars['ID']['output'];
  /** A key that is unique in the layer; see `Layer.key`. */
  readonly key: Scalars['ID']['output'];
  /** The name of its layer. */
  readonly layer: Scalars['String']['output'];
  /** The values of its properties by column name. */
  readonly properties: Scalars['JSON']['output'];
};


/**
 * A geographic feature (OGC) with a geometry and properties. Each layer has its own feature type, which is named after the layer: the features
 * of a layer `observations` have the type `ObservationsFeature`.
 */
export type FeatureBboxArgs = {
  crs?: InputMaybe<Scalars['String']['input']>;
};


/**
 * A geographic feature (OGC) with a geometry and properties. Each layer has its own feature type, which is named after the layer: the features
 * of a layer `observations` have the type `ObservationsFeature`.
 */
export type FeatureGeometryArgs = {
  as?: InputMaybe<GeometryEncoding>;
  crs?: InputMaybe<Scalars['String']['input']>;
  precision?: InputMaybe<Scalars['Int']['input']>;
  simplify?: InputMaybe<Scalars['Float']['input']>;
};


/**
 * A geographic feature (OGC) with a geometry and properties. Each layer has its own feature type, which is named after the layer: the features
 * of a layer `observations` have the type `ObservationsFeature`.
 */
export type FeaturePropertiesArgs = {
  only?: InputMaybe<ReadonlyArray<Scalars['String']['input']>>;
};

/** One batch of a streamed result. Each encoding is made only if it is selected. */
export type FeatureBatch = {
  readonly __typename?: 'FeatureBatch';
  /** The features as Arrow. */
  readonly arrow: Scalars['ArrowIPC']['output'];
  /** The number of features in this batch. */
  readonly count: Scalars['Int']['output'];
  /** The position directly after the batch's last feature. To resume, subscribe again with it as `after`. */
  readonly cursor: Scalars['Cursor']['output'];
  /** Details about the execution of the batch. */
  readonly execution: Execution;
  /** The features. */
  readonly features: ReadonlyArray<Feature>;
  /**
   * The features as one GeoJSON FeatureCollection. It is refused if coordinates are not longitude and latitude: then request
   * `crs: "OGC:CRS84"`.
   */
  readonly geojson: Scalars['GeoJSON']['output'];
  /** The number of the batch: 0, 1, 2, ... without a gap within one subscription. */
  readonly sequence: Scalars['Int']['output'];
};


/** One batch of a streamed result. Each encoding is made only if it is selected. */
export type FeatureBatchArrowArgs = {
  crs?: InputMaybe<Scalars['String']['input']>;
  geometry?: InputMaybe<ArrowGeometry>;
  only?: InputMaybe<ReadonlyArray<Scalars['String']['input']>>;
  simplify?: InputMaybe<Scalars['Float']['input']>;
};


/** One batch of a streamed result. Each encoding is made only if it is selected. */
export type FeatureBatchGeojsonArgs = {
  bbox?: InputMaybe<Scalars['Boolean']['input']>;
  crs?: InputMaybe<Scalars['String']['input']>;
  only?: InputMaybe<ReadonlyArray<Scalars['String']['input']>>;
  precision?: InputMaybe<Scalars['Int']['input']>;
  simplify?: InputMaybe<Scalars['Float']['input']>;
};

/** The parts of a feature that differ between two versions. */
export type FeatureChange = {
  readonly __typename?: 'FeatureChange';
  /** True if the geometry has changed. */
  readonly geometry: Scalars['Boolean']['output'];
  /** `Feature.key`. */
  readonly key: Scalars['ID']['output'];
  /** The names of the columns whose values have changed, as in `Column.name`. Also those that `updated` does not select. */
  readonly properties: ReadonlyArray<Scalars['String']['output']>;
};

/** One page of features. */
export type FeatureConnection = {
  readonly __typename?: 'FeatureConnection';
  /** The features as Arrow. */
  readonly arrow: Scalars['ArrowIPC']['output'];
  /** The number of features in this page. */
  readonly count: Scalars['Int']['output'];
  /** The features, each with its cursor. */
  readonly edges: ReadonlyArray<FeatureEdge>;
  /** Details about the execution of the page. */
  readonly execution: Execution;
  /** The plan of this page. It depends on the rest of the selection, and shows why a query is slow. */
  readonly explain: Explanation;
  /** The features. */
  readonly features: ReadonlyArray<Feature>;
  /**
   * The features as one GeoJSON FeatureCollection. It is refused if coordinates are not longitude and latitude: then request
   * `crs: "OGC:CRS84"`.
   */
  readonly geojson: Scalars['GeoJSON']['output'];
  /** The position of this page in the result. */
  readonly pageInfo: PageInfo;
  /** The number of features that match `where`. It needs a separate query, which runs only if this field is selected. */
  readonly totalCount: Scalars['BigInt']['output'];
};


/** One page of features. */
export type FeatureConnectionArrowArgs = {
  crs?: InputMaybe<Scalars['String']['input']>;
  geometry?: InputMaybe<ArrowGeometry>;
  only?: InputMaybe<ReadonlyArray<Scalars['String']['input']>>;
  simplify?: InputMaybe<Scalars['Float']['input']>;
};


/** One page of features. */
export type FeatureConnectionGeojsonArgs = {
  bbox?: InputMaybe<Scalars['Boolean']['input']>;
  crs?: InputMaybe<Scalars['String']['input']>;
  only?: InputMaybe<ReadonlyArray<Scalars['String']['input']>>;
  precision?: InputMaybe<Scalars['Int']['input']>;
  simplify?: InputMaybe<Scalars['Float']['input']>;
};

/** A feature in a page. */
export type FeatureEdge = {
  readonly __typename?: 'FeatureEdge';
  /** The position directly after the feature. The next page can start there. */
  readonly cursor: Scalars['Cursor']['output'];
  /**
   * The distance of the feature, if the result is ordered by `distance` first: metres in longitude and latitude, otherwise units of the CRS. Null
   * for another order, and for a feature without a geometry.
   */
  readonly distance: Maybe<Scalars['Float']['output']>;
  /** The feature. */
  readonly node: Feature;
};

/** A fault of a feature in a mutation. */
export type FeatureError = {
  readonly __typename?: 'FeatureError';
  /** The code, as in the `extensions` of an error. */
  readonly code: Scalars['String']['output'];
  /** The index of the feature in `features`, from 0. */
  readonly index: Scalars['Int']['output'];
  readonly message: Scalars['String']['output'];
};

/**
 * A filter for features. A feature matches if every given member is true for it. An empty filter matches every feature. A member that is null is
 * refused, here and in every input inside a filter: leave it out, or leave out the value of its variable. The whole filter may be null, which is the
 * same as no filter.
 */
export type FeatureFilter = {
  /** True if all of these filters are true. */
  readonly and?: InputMaybe<ReadonlyArray<FeatureFilter>>;
  /** True if the geometry intersects this box, including its border. */
  readonly bbox?: InputMaybe<Scalars['BBox']['input']>;
  /** True if the geometry contains this geometry (OGC contains). */
  readonly contains?: InputMaybe<GeometryInput>;
  /** True if the interiors intersect in a lower dimension than the larger of the two, and neither contains the other (OGC crosses). */
  readonly crosses?: InputMaybe<GeometryInput>;
  /** True if the geometry is within a distance of another geometry. */
  readonly dWithin?: InputMaybe<DistanceFilter>;
  /** True if the geometry has no point in common with this geometry. It uses no index and no statistics: every row is tested. */
  readonly disjoint?: InputMaybe<GeometryInput>;
  /** True if both are the same set of points, also if they are written differently (OGC equals). */
  readonly equals?: InputMaybe<GeometryInput>;
  /** True if the geometry intersects this geometry, including its border. */
  readonly intersects?: InputMaybe<GeometryInput>;
  /** True if this filter is false. A comparison with null is neither true nor false. */
  readonly not?: InputMaybe<FeatureFilter>;
  /** True if at least one of these filters is true. */
  readonly or?: InputMaybe<ReadonlyArray<FeatureFilter>>;
  /** True if both have the same dimension, the interiors intersect in that dimension, and each has points outside the other (OGC overlaps). */
  readonly overlaps?: InputMaybe<GeometryInput>;
  /** True if the comparison of a property is true. */
  readonly property?: InputMaybe<PropertyFilter>;
  /** True if the geometries have a common point, but their interiors do not intersect (OGC touches). */
  readonly touches?: InputMaybe<GeometryInput>;
  /** True if the geometry lies within this geometry (OGC within): the interiors intersect, and no part of it is outside. */
  readonly within?: InputMaybe<GeometryInput>;
};

/** A feature to write. */
export type FeatureInput = {
  /** Two-dimensional, in the CRS of the layer. Null: the feature has no geometry. */
  readonly geometry?: InputMaybe<GeometryInput>;
  /** Its `Feature.key`, at most 200 characters. */
  readonly key: Scalars['ID']['input'];
  /**
   * An object with values by the names of the columns. A value has the JSON type of its column, as in `Column.jsonType`; integers of 64 bits and wide
   * decimals may be strings. A value must be exact: 1.5 is no INTEGER.
   */
  readonly properties?: InputMaybe<Scalars['JSON']['input']>;
};

/** One sort key: exactly one of `property` and `distance`. */
export type FeatureOrder = {
  /** Ascending or descending. */
  readonly direction?: InputMaybe<SortDirection>;
  /** The distance of the feature to a geometry. It is null for a feature without a geometry. It may be one of the keys, in any place. */
  readonly distance?: InputMaybe<DistanceOrder>;
  /** The position of nulls, for both directions. */
  readonly nulls?: InputMaybe<NullsOrder>;
  /** A column of the layer that has an order: not JSON, struct, list or map. */
  readonly property?: InputMaybe<Scalars['String']['input']>;
};

/** New values of features. */
export type FeatureSetInput = {
  /** A geometry as in `FeatureInput`. Null removes the geometry. */
  readonly geometry?: InputMaybe<GeometryInput>;
  /** New values by the names of the columns. Other columns stay unchanged. */
  readonly properties?: InputMaybe<Scalars['JSON']['input']>;
};

/** Some events, in the order of the changes. */
export type FenceBatch = {
  readonly __typename?: 'FenceBatch';
  /** The number of events. */
  readonly count: Scalars['Int']['output'];
  /** The events. */
  readonly events: ReadonlyArray<FenceEvent>;
  /** The position after this batch. */
  readonly token: Scalars['Cursor']['output'];
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

/** One change of an object, seen from one fence. */
export type FenceEvent = {
  readonly __typename?: 'FenceEvent';
  /** The kind of event. */
  readonly detect: FenceDetection;
  /** The distance between both objects of ROAM, in metres or in units of the CRS. Null for other events. */
  readonly distance: Maybe<Scalars['Float']['output']>;
  /** The key of the fence, or of the other object. Null for a fence that is a geometry. */
  readonly fence: Maybe<Scalars['ID']['output']>;
  /** The object after the change, or before it if it is gone. */
  readonly object: Feature;
  /** The version of the store that the change has made. */
  readonly version: Scalars['BigInt']['output'];
};

/** A message of `fences`. Each has a token: subscribe with the last one as `since` to continue directly after it. */
export type FenceUpdate = FenceBatch | Heartbeat | UpToDate;

/** Fences: exactly one of `layer`, `geometry` and `roam`. */
export type FencesInput = {
  /** One fence. */
  readonly geometry?: InputMaybe<GeometryInput>;
  /**
   * The name of another layer with the same CRS. Each of its features is a fence. A live layer has the version that it had when the object changed; a
   * file is read as it is now.
   */
  readonly layer?: InputMaybe<Scalars['String']['input']>;
  /**
   * The objects themselves: ROAM is sent for two that are within this distance. In longitude and latitude, it is geodesic, in metres, and at most
   * 1,000,000. For other layers it is in units of the CRS. It is measured between centroids.
   */
  readonly roam?: InputMaybe<Scalars['Float']['input']>;
};

/** A comparison of a number. It is true if every given member is true. At least one must be given, and null is refused. */
export type FloatFilter = {
  /** Between two values, both ends included: `[least, largest]`. */
  readonly between?: InputMaybe<ReadonlyArray<Scalars['Float']['input']>>;
  /** Equal to. */
  readonly eq?: InputMaybe<Scalars['Float']['input']>;
  /** Greater than. */
  readonly gt?: InputMaybe<Scalars['Float']['input']>;
  /** Greater than or equal to. */
  readonly gte?: InputMaybe<Scalars['Float']['input']>;
  /** Equal to one of these: at most 10,000. */
  readonly in?: InputMaybe<ReadonlyArray<Scalars['Float']['input']>>;
  /** Null (true) or not null (false). */
  readonly isNull?: InputMaybe<Scalars['Boolean']['input']>;
  /** Less than. */
  readonly lt?: InputMaybe<Scalars['Float']['input']>;
  /** Less than or equal to. */
  readonly lte?: InputMaybe<Scalars['Float']['input']>;
  /** Not equal to. */
  readonly ne?: InputMaybe<Scalars['Float']['input']>;
};

/** A test of a list of numbers. It is true if every given member is true. At least one must be given, and null is refused. */
export type FloatListFilter = {
  /** The list has this element. */
  readonly has?: InputMaybe<Scalars['Float']['input']>;
  /** The list has all of these elements: at most 10,000. */
  readonly hasAll?: InputMaybe<ReadonlyArray<Scalars['Float']['input']>>;
  /** The list has at least one of these elements: at most 10,000. */
  readonly hasAny?: InputMaybe<ReadonlyArray<Scalars['Float']['input']>>;
  /** Null (true) or not null (false). */
  readonly isNull?: InputMaybe<Scalars['Boolean']['input']>;
};

/** The rows that another engine would gather for a query. */
export type Gathering = {
  readonly __typename?: 'Gathering';
  /** The condition in SQL of that engine, with `?` for values. Null: all rows of the layer. */
  readonly condition: Maybe<Scalars['String']['output']>;
  /** The engine's name in the configuration. */
  readonly engine: Scalars['String']['output'];
  /** The parts of the filter that it cannot use. Rows are gathered without them. */
  readonly notNarrowed: ReadonlyArray<Scalars['String']['output']>;
};

/** An engine of the configuration that gathers the rows of layers. */
export type GatheringEngine = {
  readonly __typename?: 'GatheringEngine';
  /** Bytes of these result sets. */
  readonly bytes: Scalars['BigInt']['output'];
  /** Gatherings that run or wait, of this server. */
  readonly gatherings: Scalars['Int']['output'];
  /** Its kind. */
  readonly kind: GatheringEngineKind;
  /** Its name in the configuration. */
  readonly name: Scalars['String']['output'];
  /** Result sets in its folder, of all servers. */
  readonly resultSets: Scalars['Int']['output'];
  /** The outcome of its last request. */
  readonly state: GatheringEngineState;
  /** Its version. Null until it has answered. */
  readonly version: Maybe<Scalars['String']['output']>;
};

/** A kind of engine that gathers rows. */
export type GatheringEngineKind =
  /** The Connect server of Apache Spark. */
  | 'SPARK_CONNECT';

/** The state of an engine that gathers rows. */
export type GatheringEngineState =
  /** It answered. */
  | 'READY'
  /** It did not answer. */
  | 'UNAVAILABLE'
  /** It has not been asked yet. */
  | 'UNKNOWN';

/**
 * Figures of the geometry of a group. Features are left out if they have no geometry, an empty one, or one that cannot be read. Results are in the
 * layer's CRS and on its plane.
 */
export type GeometryAggregates = {
  readonly __typename?: 'GeometryAggregates';
  /**
   * The centre of mass of the geometries with the highest dimension, as in PostGIS: polygons by area, otherwise lines by length, otherwise points by
   * number.
   */
  readonly centroid: Maybe<Scalars['Geometry']['output']>;
  /**
   * The convex hull of all geometries. The features of the aggregate may have at most 500,000 vertices, unless the server is configured
   * otherwise.
   */
  readonly convexHull: Maybe<Scalars['Geometry']['output']>;
  /** The box around all geometries. It never crosses the antimeridian. */
  readonly extent: Maybe<Scalars['BBox']['output']>;
  /**
   * The union of all geometries. Invalid geometries are repaired first. The features of the aggregate may have at most 500,000 vertices, unless the
   * server is configured otherwise.
   */
  readonly union: Maybe<Scalars['Geometry']['output']>;
};


/**
 * Figures of the geometry of a group. Features are left out if they have no geometry, an empty one, or one that cannot be read. Results are in the
 * layer's CRS and on its plane.
 */
export type GeometryAggregatesCentroidArgs = {
  as?: InputMaybe<GeometryEncoding>;
  precision?: InputMaybe<Scalars['Int']['input']>;
};


/**
 * Figures of the geometry of a group. Features are left out if they have no geometry, an empty one, or one that cannot be read. Results are in the
 * layer's CRS and on its plane.
 */
export type GeometryAggregatesConvexHullArgs = {
  as?: InputMaybe<GeometryEncoding>;
  precision?: InputMaybe<Scalars['Int']['input']>;
};


/**
 * Figures of the geometry of a group. Features are left out if they have no geometry, an empty one, or one that cannot be read. Results are in the
 * layer's CRS and on its plane.
 */
export type GeometryAggregatesUnionArgs = {
  as?: InputMaybe<GeometryEncoding>;
  precision?: InputMaybe<Scalars['Int']['input']>;
};

/** The encodings of a geometry. */
export type GeometryEncoding =
  /** Well-known binary with PostGIS's extensions and its number of the CRS, if there is one, in hexadecimal. */
  | 'EWKB'
  /** Well-known text after `SRID=n;`, where n is PostGIS's number of the CRS. Without `SRID=n;` if the CRS has no number. */
  | 'EWKT'
  /** A GeoJSON geometry object. */
  | 'GEOJSON'
  /**
   * Tiny well-known binary, in hexadecimal. Coordinates are rounded to `precision` digits. Null for a geometry with numbers that are not finite or
   * that need more than 51 bits. An empty point within a MultiPoint is omitted.
   */
  | 'TWKB'
  /** Well-known binary (ISO), little endian, in hexadecimal. */
  | 'WKB'
  /** Well-known text (ISO). */
  | 'WKT';

/** A filter by geometry. It is true if every given member is true. At least one must be given, and null is refused. */
export type GeometryFilter = {
  /** True if the geometry intersects this box, including its border. */
  readonly bbox?: InputMaybe<Scalars['BBox']['input']>;
  /** True if the geometry contains this geometry (OGC contains). */
  readonly contains?: InputMaybe<GeometryInput>;
  /** True if the interiors intersect in a lower dimension than the larger of the two, and neither contains the other (OGC crosses). */
  readonly crosses?: InputMaybe<GeometryInput>;
  /** True if the geometry is within a distance of another geometry. */
  readonly dWithin?: InputMaybe<DistanceFilter>;
  /** True if the geometry has no point in common with this geometry. It uses no index and no statistics: every row is tested. */
  readonly disjoint?: InputMaybe<GeometryInput>;
  /** True if both are the same set of points, also if they are written differently (OGC equals). */
  readonly equals?: InputMaybe<GeometryInput>;
  /** True if the geometry intersects this geometry, including its border. */
  readonly intersects?: InputMaybe<GeometryInput>;
  /** True if both have the same dimension, the interiors intersect in that dimension, and each has points outside the other (OGC overlaps). */
  readonly overlaps?: InputMaybe<GeometryInput>;
  /** True if the geometries have a common point, but their interiors do not intersect (OGC touches). */
  readonly touches?: InputMaybe<GeometryInput>;
  /** True if the geometry lies within this geometry (OGC within): the interiors intersect, and no part of it is outside. */
  readonly within?: InputMaybe<GeometryInput>;
};

/**
 * A geometry from the client. Give exactly one of `geojson`, `wkt`, `wkb`, `twkb` and `bbox`. A member that is null is refused. It may have at most
 * 25,000 vertices, unless the server is configured otherwise.
 */
export type GeometryInput = {
  /** A box. */
  readonly bbox?: InputMaybe<Scalars['BBox']['input']>;
  /**
   * The CRS of the coordinates as `AUTHORITY:CODE`, with x or longitude first. Without it, they are in the layer's CRS. Edges are straight in this
   * CRS: they are cut into pieces of at most 1/64 of the geometry's size, and the pieces are transformed.
   */
  readonly crs?: InputMaybe<Scalars['String']['input']>;
  /** A GeoJSON geometry object. */
  readonly geojson?: InputMaybe<Scalars['JSON']['input']>;
  /** Tiny well-known binary without a list of ids, in hexadecimal or base64. A text of hexadecimal digits only is read as hexadecimal. */
  readonly twkb?: InputMaybe<Scalars['String']['input']>;
  /** Well-known binary (ISO or EWKB), in hexadecimal or base64. An SRID n means `crs: "EPSG:n"`. */
  readonly wkb?: InputMaybe<Scalars['String']['input']>;
  /** Well-known text. `SRID=n;` before it (EWKT) means `crs: "EPSG:n"`. */
  readonly wkt?: InputMaybe<Scalars['String']['input']>;
};

/** The geometry types of OGC Simple Features. */
export type GeometryType =
  | 'GeometryCollection'
  | 'LineString'
  | 'MultiLineString'
  | 'MultiPoint'
  | 'MultiPolygon'
  | 'Point'
  | 'Polygon';

/** Features with equal keys, and their figures. Only the selected figures are computed. */
export type Group = {
  readonly __typename?: 'Group';
  /** The cell. Null without `cell`, and for features without a geometry or with an empty one. */
  readonly cell: Maybe<Cell>;
  /** Figures of a column. */
  readonly column: ColumnAggregates;
  /** The number of features. */
  readonly count: Scalars['BigInt']['output'];
  /** Figures of the geometry. */
  readonly geometry: GeometryAggregates;
  /** The keys of `groupBy` by the name of their column. The names of a path are joined by dots: `names.primary`. */
  readonly keys: Scalars['JSON']['output'];
  /**
   * The start of the bucket of `time[index]`, in UTC. For a timestamp without a zone it is a local time without `Z`, and for a date it is a date. Null
   * for features without a time, for an infinite time, and if there is no such bucket.
   */
  readonly time: Maybe<Scalars['DateTime']['output']>;
};


/** Features with equal keys, and their figures. Only the selected figures are computed. */
export type GroupColumnArgs = {
  name: Scalars['String']['input'];
  path?: InputMaybe<ReadonlyArray<Scalars['String']['input']>>;
};


/** Features with equal keys, and their figures. Only the selected figures are computed. */
export type GroupTimeArgs = {
  index?: InputMaybe<Scalars['Int']['input']>;
};

/** One batch of streamed groups. */
export type GroupBatch = {
  readonly __typename?: 'GroupBatch';
  /** The number of groups in this batch. */
  readonly count: Scalars['Int']['output'];
  /** The position directly after the batch's last group. To resume, subscribe again with it as `after`. */
  readonly cursor: Scalars['Cursor']['output'];
  /** Details about the execution of the batch. */
  readonly execution: Execution;
  /** The groups. */
  readonly rows: ReadonlyArray<Group>;
  /** The number of the batch: 0, 1, 2, ... without a gap within one subscription. */
  readonly sequence: Scalars['Int']['output'];
};

/**
 * A comparison of one term of a group. It is true if every given member is true. At least one must be given, and null is refused. A comparison with
 * null is never true.
 */
export type GroupCondition = {
  /** Between two values, both ends included: `[least, largest]`. */
  readonly between?: InputMaybe<ReadonlyArray<Scalars['JSON']['input']>>;
  /**
   * Compares texts without some of their differences: both the property and the given texts, in every member of this comparison. It does not change
   * the order of a result.
   */
  readonly collate?: InputMaybe<ReadonlyArray<Collation>>;
  /** The column of the term. */
  readonly column?: InputMaybe<Scalars['String']['input']>;
  /** Equal to. */
  readonly eq?: InputMaybe<Scalars['JSON']['input']>;
  /** Greater than. */
  readonly gt?: InputMaybe<Scalars['JSON']['input']>;
  /** Greater than or equal to. */
  readonly gte?: InputMaybe<Scalars['JSON']['input']>;
  /** Null (true) or not null (false). */
  readonly isNull?: InputMaybe<Scalars['Boolean']['input']>;
  /** Less than. */
  readonly lt?: InputMaybe<Scalars['JSON']['input']>;
  /** Less than or equal to. */
  readonly lte?: InputMaybe<Scalars['JSON']['input']>;
  /** Not equal to. */
  readonly ne?: InputMaybe<Scalars['JSON']['input']>;
  /** The term. */
  readonly of: GroupTerm;
  /** The path to a member inside the column, as in `PropertyFilter`. */
  readonly path?: InputMaybe<ReadonlyArray<Scalars['String']['input']>>;
};

/** One page of groups. */
export type GroupConnection = {
  readonly __typename?: 'GroupConnection';
  /** The number of groups in this page. */
  readonly count: Scalars['Int']['output'];
  /** Details about the execution of the page. */
  readonly execution: Execution;
  /** The position of this page in the result. */
  readonly pageInfo: PageInfo;
  /** The groups. */
  readonly rows: ReadonlyArray<Group>;
  /** The number of groups that meet `having`. It needs a separate query, which runs only if this field is selected. */
  readonly totalCount: Scalars['BigInt']['output'];
};

/** A column whose values are keys of groups. */
export type GroupKey = {
  /** A column of the layer that has an order: not a struct, list or map. A value inside JSON is a key by its text. */
  readonly column: Scalars['String']['input'];
  /** The path to a member inside the column, as in `PropertyFilter`. */
  readonly path?: InputMaybe<ReadonlyArray<Scalars['String']['input']>>;
};

/** One term of the order of groups. */
export type GroupOrder = {
  /** The term. */
  readonly by: GroupTerm;
  /** The column of the term. */
  readonly column?: InputMaybe<Scalars['String']['input']>;
  /** Ascending or descending. */
  readonly direction?: InputMaybe<SortDirection>;
  /** The position of nulls, for both directions. */
  readonly nulls?: InputMaybe<NullsOrder>;
  /** The path to a member inside the column, as in `PropertyFilter`. */
  readonly path?: InputMaybe<ReadonlyArray<Scalars['String']['input']>>;
};

/** The terms by which groups are sorted and selected. */
export type GroupTerm =
  /** The average of `column`. */
  | 'AVG'
  /** The number of features. With `column`, the number of its values that are not null. */
  | 'COUNT'
  /** The number of different values of `column`. */
  | 'DISTINCT'
  /** An estimate of the number of different values of `column`. */
  | 'DISTINCT_APPROXIMATE'
  /** A key of `groupBy`: `column` and `path` name it. */
  | 'KEY'
  /** The largest value of `column`. */
  | 'MAX'
  /** The least value of `column`. */
  | 'MIN'
  /** The sample standard deviation of `column`. */
  | 'STDDEV'
  /** The sum of `column`. */
  | 'SUM'
  /** The start of a bucket of `time`: `column` names it. Without it, the first. */
  | 'TIME';

/** The state of the server and its workers. */
export type Health = {
  readonly __typename?: 'Health';
  /** Engines of the configuration that gather the rows of layers. */
  readonly engines: ReadonlyArray<GatheringEngine>;
  /** The delay of the server's event loop in milliseconds: the 99th percentile since the last reading. */
  readonly eventLoopDelayMs: Scalars['Float']['output'];
  /** Files that are being made for downloads: those that run, then those that wait, in their order. */
  readonly exports: ReadonlyArray<Export>;
  /** Executions that continued in the serial lane. */
  readonly fallbacks: Fallbacks;
  /** The memory use of the normal lane's workers, relative to the nearest limit. Above 0.8, unless configured otherwise, new work starts in the serial lane. */
  readonly memory: MemoryShare;
  /** Layers that are being prepared, by name. The last copy of a changed file is served meanwhile. */
  readonly preparations: ReadonlyArray<Preparation>;
  /** Sources that are not served, or only in part, with the reason. */
  readonly problems: ReadonlyArray<Problem>;
  /** The number of executions that wait for a worker. */
  readonly queued: Scalars['Int']['output'];
  /** True if workers serve, and the files of the start are prepared. The preparation of a file that is added later does not change it. */
  readonly ready: Scalars['Boolean']['output'];
  /** Resident memory of the server process, without its workers. */
  readonly rssBytes: Scalars['BigInt']['output'];
  /** The server that answers: its `--server-name`, or an id that is made at its start. The header `x-geoduck-server` of each response has it too. */
  readonly server: Scalars['String']['output'];
  /** The origin of the spatial extension: `configured`, `installed`, `repository` or `package`. */
  readonly spatialExtension: Scalars['String']['output'];
  /** The number of streams per state. */
  readonly streams: StreamCounts;
  /** Seconds since it started. */
  readonly uptimeSeconds: Scalars['Float']['output'];
  /** This server's version. */
  readonly version: Scalars['String']['output'];
  /** One entry per worker process. */
  readonly workers: ReadonlyArray<Worker>;
};

/** Nothing that matches has changed for 5 seconds. The token may be newer than the one before. */
export type Heartbeat = {
  readonly __typename?: 'Heartbeat';
  /** The position after this event. */
  readonly token: Scalars['Cursor']['output'];
  /** The version that the client has. */
  readonly version: Scalars['BigInt']['output'];
};

/** A bin of a histogram. */
export type HistogramBin = {
  readonly __typename?: 'HistogramBin';
  /** The number of values. */
  readonly count: Scalars['BigInt']['output'];
  /** The lower edge. */
  readonly from: Scalars['Float']['output'];
  /** The upper edge. */
  readonly to: Scalars['Float']['output'];
};

/** The kinds of edges of a histogram. */
export type HistogramKind =
  /** Edges at equal distances from the least to the largest value. */
  | 'EQUAL_WIDTH'
  /** Edges at quantiles, so that bins have about equal counts. Equal edges are one, so there may be fewer bins. */
  | 'QUANTILE';

/** A comparison of a whole number. It is true if every given member is true. At least one must be given, and null is refused. */
export type IntFilter = {
  /** Between two values, both ends included: `[least, largest]`. */
  readonly between?: InputMaybe<ReadonlyArray<Scalars['Int']['input']>>;
  /** Equal to. */
  readonly eq?: InputMaybe<Scalars['Int']['input']>;
  /** Greater than. */
  readonly gt?: InputMaybe<Scalars['Int']['input']>;
  /** Greater than or equal to. */
  readonly gte?: InputMaybe<Scalars['Int']['input']>;
  /** Equal to one of these: at most 10,000. */
  readonly in?: InputMaybe<ReadonlyArray<Scalars['Int']['input']>>;
  /** Null (true) or not null (false). */
  readonly isNull?: InputMaybe<Scalars['Boolean']['input']>;
  /** Less than. */
  readonly lt?: InputMaybe<Scalars['Int']['input']>;
  /** Less than or equal to. */
  readonly lte?: InputMaybe<Scalars['Int']['input']>;
  /** Not equal to. */
  readonly ne?: InputMaybe<Scalars['Int']['input']>;
};

/** A test of a list of whole numbers. It is true if every given member is true. At least one must be given, and null is refused. */
export type IntListFilter = {
  /** The list has this element. */
  readonly has?: InputMaybe<Scalars['Int']['input']>;
  /** The list has all of these elements: at most 10,000. */
  readonly hasAll?: InputMaybe<ReadonlyArray<Scalars['Int']['input']>>;
  /** The list has at least one of these elements: at most 10,000. */
  readonly hasAny?: InputMaybe<ReadonlyArray<Scalars['Int']['input']>>;
  /** Null (true) or not null (false). */
  readonly isNull?: InputMaybe<Scalars['Boolean']['input']>;
};

/** A feature whose geometry breaks a rule. */
export type InvalidFeature = {
  readonly __typename?: 'InvalidFeature';
  /** The key, as in `Feature.key`. */
  readonly key: Scalars['ID']['output'];
  /** The rule that it breaks. */
  readonly reason: Scalars['String']['output'];
};

/**
 * A comparison of a value inside JSON or a map. It is true if every given member is true. At least one must be given, and null is refused. Inside
 * JSON, a value is compared only with values of the same type; for other types it counts as null.
 */
export type JsonFilter = {
  /** Between two values, both ends included: `[least, largest]`. */
  readonly between?: InputMaybe<ReadonlyArray<Scalars['JSON']['input']>>;
  /**
   * Compares texts without some of their differences: both the property and the given texts, in every member of this comparison. It does not change
   * the order of a result.
   */
  readonly collate?: InputMaybe<ReadonlyArray<Collation>>;
  /** Equal to. */
  readonly eq?: InputMaybe<Scalars['JSON']['input']>;
  /** Greater than. */
  readonly gt?: InputMaybe<Scalars['JSON']['input']>;
  /** Greater than or equal to. */
  readonly gte?: InputMaybe<Scalars['JSON']['input']>;
  /** The list, or the JSON array, has this element. */
  readonly has?: InputMaybe<Scalars['JSON']['input']>;
  /** The list has all of these elements: at most 10,000. */
  readonly hasAll?: InputMaybe<ReadonlyArray<Scalars['JSON']['input']>>;
  /** The list has at least one of these elements: at most 10,000. */
  readonly hasAny?: InputMaybe<ReadonlyArray<Scalars['JSON']['input']>>;
  /** The text matches a pattern as for `like`, but upper and lower case are equal. */
  readonly ilike?: InputMaybe<Scalars['String']['input']>;
  /** Equal to one of these: at most 10,000. */
  readonly in?: InputMaybe<ReadonlyArray<Scalars['JSON']['input']>>;
  /** Null (true) or not null (false). */
  readonly isNull?: InputMaybe<Scalars['Boolean']['input']>;
  /** The whole text matches a pattern, as in `StringFilter`. */
  readonly like?: InputMaybe<Scalars['String']['input']>;
  /** Less than. */
  readonly lt?: InputMaybe<Scalars['JSON']['input']>;
  /** Less than or equal to. */
  readonly lte?: InputMaybe<Scalars['JSON']['input']>;
  /** Not equal to. */
  readonly ne?: InputMaybe<Scalars['JSON']['input']>;
  /** The path to the value, from the outside in. Steps are names in JSON and keys of a map. A number is an index of a JSON array. At most 16 steps. */
  readonly path?: InputMaybe<ReadonlyArray<Scalars['String']['input']>>;
  /** The text begins with this one. */
  readonly startsWith?: InputMaybe<Scalars['String']['input']>;
};

/** The JSON type of a column's values. */
export type JsonType =
  /** The JSON value that is stored. */
  | 'ANY'
  /** An array: a list. */
  | 'ARRAY'
  /** true or false. */
  | 'BOOLEAN'
  /** A number that a double can represent exactly. NaN and infinities are null. */
  | 'NUMBER'
  /** An object: a struct or a map. */
  | 'OBJECT'
  /** A string: text, ISO 8601 times, UUIDs, base64 blobs, and numbers that a double cannot represent exactly. */
  | 'STRING';

/** A group of workers. */
export type Lane =
  /** The lane where every execution starts. */
  | 'NORMAL'
  /** One execution at a time, with less memory. Executions continue here after memory or IO errors. */
  | 'SERIAL';

/** A collection of features with one geometry column, or the rows of a table without geometry. */
export type Layer = {
  readonly __typename?: 'Layer';
  /** The result of the geometry check. Null before the check, and for a TABLE, which has no geometry to check. */
  readonly check: Maybe<LayerCheck>;
  /** The properties of its features, in the source's order. */
  readonly columns: ReadonlyArray<Column>;
  /** The CRS of the coordinates. Null if the source has none. */
  readonly crs: Maybe<Crs>;
  /** The description, if the configuration has one. */
  readonly description: Maybe<Scalars['String']['output']>;
  /** The box around all features, in the layer's CRS. Null if it is unknown or there is none. */
  readonly extent: Maybe<Scalars['BBox']['output']>;
  /** The number of features. Null while the exact number is unknown. */
  readonly featureCount: Maybe<Scalars['BigInt']['output']>;
  /** Identifies the layer's data and configuration. Servers with the same data and configuration return the same fingerprint. */
  readonly fingerprint: Scalars['String']['output'];
  /** The name of the geometry column in the source. Null for a TABLE. */
  readonly geometryColumn: Maybe<Scalars['String']['output']>;
  /** The geometry types that the check found. Before the check: the types that the source declares. */
  readonly geometryTypes: ReadonlyArray<GeometryType>;
  /** The name of its typed root field: the configured name, or the layer's name in camelCase. */
  readonly graphqlName: Scalars['String']['output'];
  /** True if coordinates have a height. Null while this is unknown. */
  readonly hasZ: Maybe<Scalars['Boolean']['output']>;
  /** True for a live layer, which mutations write, and whose changes can be followed. */
  readonly isLive: Scalars['Boolean']['output'];
  /** The origin of `Feature.key`. */
  readonly key: LayerKey;
  /** The kind of the layer. While the layer is PREPARING, its kind may not be known yet, and is FEATURES. */
  readonly kind: LayerKind;
  /** A name with the ending or folder of the file, or with the database of the table. The layer has both names. It may be the same as `name`. */
  readonly longName: Scalars['String']['output'];
  /**
   * A unique name: the configured name, or the shortest name of the file or table that no other layer asks for. It changes to `longName` when another
   * layer asks for it.
   */
  readonly name: Scalars['String']['output'];
  /** The treatment of features whose geometry is invalid. */
  readonly onInvalid: OnInvalid;
  /** The progress of its preparation. Null unless the state is PREPARING. */
  readonly preparation: Maybe<Preparation>;
  /** The method by which a spatial filter skips rows. */
  readonly pruning: Pruning;
  /** Its state: whether it is prepared and checked. */
  readonly state: LayerState;
  /** The title for people, if the configuration has one. */
  readonly title: Maybe<Scalars['String']['output']>;
};

/** A change of a layer. */
export type LayerChange = {
  readonly __typename?: 'LayerChange';
  /** The kind of the change. */
  readonly kind: LayerChangeKind;
  /** The layer as it is now. Null if it was removed. */
  readonly layer: Maybe<Layer>;
  /** The layer's name. */
  readonly name: Scalars['String']['output'];
};

/** The kind of a layer's change. */
export type LayerChangeKind =
  /** The layer is new. */
  | 'ADDED'
  /** The data are the same, and the check has proven their description: `state` is READY. */
  | 'CHECKED'
  /** The layer has other data or another configuration, and another fingerprint if its data are other. Cursors of the old data are CURSOR_EXPIRED. */
  | 'NEW_VERSION'
  /** The layer is not served any more. */
  | 'REMOVED';

/** The result of a scan of every geometry of a layer. */
export type LayerCheck = {
  readonly __typename?: 'LayerCheck';
  /** The number of features with an empty geometry. */
  readonly emptyGeometries: Scalars['BigInt']['output'];
  /** The first ten of these features. */
  readonly firstInvalid: ReadonlyArray<InvalidFeature>;
  /**
   * The number of features of the source whose geometry breaks a rule of OGC Simple Features, such as a polygon that crosses itself.
   * `Layer.onInvalid` describes how they are treated.
   */
  readonly invalid: Scalars['BigInt']['output'];
  /** The number of features without a geometry. */
  readonly nullGeometries: Scalars['BigInt']['output'];
  /** The number of features with a measure. */
  readonly withM: Scalars['BigInt']['output'];
  /** The number of features with a height. */
  readonly withZ: Scalars['BigInt']['output'];
};

/** The origin of the keys of a layer. */
export type LayerKey = {
  readonly __typename?: 'LayerKey';
  /** The column, if the kind is COLUMN. */
  readonly column: Maybe<Scalars['String']['output']>;
  /** The kind of origin: a column or row numbers. */
  readonly kind: LayerKeyKind;
};

/** The kinds of origin of keys. */
export type LayerKeyKind =
  /** Keys are values of a primary key or of a column that was proven unique. A key stays the same when the data changes. */
  | 'COLUMN'
  /**
   * Keys are row numbers in the source, from 0. They are valid as long as the fingerprint stays the same, so `Feature.id` also contains the first
   * six characters of the fingerprint.
   */
  | 'ROW_NUMBER';

/** The kinds of layers. */
export type LayerKind =
  /** Features with a geometry column. The geometry of a feature may still be null. */
  | 'FEATURES'
  /**
   * Rows of a table without geometry. `Feature.geometry` and `bbox` are null. Arguments that concern a geometry are BAD_INPUT: spatial filters, `crs`,
   * `simplify`, `bbox` of `geojson`, and `geometry: WKB` of `arrow`.
   */
  | 'TABLE';

/** The state of a layer. */
export type LayerState =
  /** The layer can be queried. Its check is still running. */
  | 'CHECKING'
  /** The layer cannot be queried yet: its file is being copied to GeoParquet. Nothing else is known about it. */
  | 'PREPARING'
  /** The layer can be queried. The check has proven its description. */
  | 'READY';

/** A comparison of a time without a zone. It is true if every given member is true. At least one must be given, and null is refused. */
export type LocalDateTimeFilter = {
  /** Between two values, both ends included: `[least, largest]`. */
  readonly between?: InputMaybe<ReadonlyArray<Scalars['LocalDateTime']['input']>>;
  /** Equal to. */
  readonly eq?: InputMaybe<Scalars['LocalDateTime']['input']>;
  /** Greater than. */
  readonly gt?: InputMaybe<Scalars['LocalDateTime']['input']>;
  /** Greater than or equal to. */
  readonly gte?: InputMaybe<Scalars['LocalDateTime']['input']>;
  /** Equal to one of these: at most 10,000. */
  readonly in?: InputMaybe<ReadonlyArray<Scalars['LocalDateTime']['input']>>;
  /** Null (true) or not null (false). */
  readonly isNull?: InputMaybe<Scalars['Boolean']['input']>;
  /** Less than. */
  readonly lt?: InputMaybe<Scalars['LocalDateTime']['input']>;
  /** Less than or equal to. */
  readonly lte?: InputMaybe<Scalars['LocalDateTime']['input']>;
  /** Not equal to. */
  readonly ne?: InputMaybe<Scalars['LocalDateTime']['input']>;
};

/** A test of a list of times without a zone. It is true if every given member is true. At least one must be given, and null is refused. */
export type LocalDateTimeListFilter = {
  /** The list has this element. */
  readonly has?: InputMaybe<Scalars['LocalDateTime']['input']>;
  /** The list has all of these elements: at most 10,000. */
  readonly hasAll?: InputMaybe<ReadonlyArray<Scalars['LocalDateTime']['input']>>;
  /** The list has at least one of these elements: at most 10,000. */
  readonly hasAny?: InputMaybe<ReadonlyArray<Scalars['LocalDateTime']['input']>>;
  /** Null (true) or not null (false). */
  readonly isNull?: InputMaybe<Scalars['Boolean']['input']>;
};

/** The kinds of memory limit. */
export type MemoryLimit =
  /** The process's address space: RLIMIT_AS, as set by `ulimit -v`. */
  | 'ADDRESS_SPACE'
  /** The limit of the control group, such as a container's, without the file cache. */
  | 'CONTROL_GROUP'
  /** The maximum resident memory of a worker by its configuration. */
  | 'RESIDENT';

/** The highest memory use of all workers, relative to their limits. */
export type MemoryShare = {
  readonly __typename?: 'MemoryShare';
  /** The limit. Null if none is known. */
  readonly limit: Maybe<MemoryLimit>;
  /** The share of the limit: 0 to 1, or more if the limit is exceeded. 0 if it is unknown. */
  readonly share: Scalars['Float']['output'];
};

/** One line of `duckdb_memory()`. */
export type MemoryUse = {
  readonly __typename?: 'MemoryUse';
  /** Bytes of memory. */
  readonly memoryBytes: Scalars['BigInt']['output'];
  /** The purpose of the memory. */
  readonly tag: Scalars['String']['output'];
  /** Bytes of temporary files. */
  readonly tempBytes: Scalars['BigInt']['output'];
};

/**
 * Writes to live layers. The server must allow it (`--live`, `--writes`), and beyond this machine a client needs the write token. Send mutations by
 * POST or over a WebSocket. Each mutation is atomic: it writes all of its features, or none. It is answered when it is on the disk, and then every
 * query sees it.
 */
export type Mutation = {
  readonly __typename?: 'Mutation';
  /** Creates a live layer without features. The error BAD_INPUT says if the name is taken, or what is wrong with a column. */
  readonly createLayer: Layer;
  /** Removes features, by their keys or by a filter: exactly one of `keys` and `where`. */
  readonly deleteFeatures: WriteResult;
  /**
   * Moves the box of a `viewport` subscription. It writes nothing. With several servers and a proxy, send it over the WebSocket of the subscription.
   * False if this server has no such viewport: it has ended, or is on another server.
   */
  readonly moveViewport: Scalars['Boolean']['output'];
  /**
   * Changes the features that match a filter: at most 5,000. What `set` leaves out stays unchanged. No other mutation runs between the filter and the
   * change.
   */
  readonly updateFeatures: WriteResult;
  /**
   * Adds features, and replaces features that have the same keys. A replaced feature keeps nothing: a property that is missing becomes null. If a
   * feature is wrong, `errors` says so, and nothing is written.
   */
  readonly upsertFeatures: WriteResult;
};


/**
 * Writes to live layers. The server must allow it (`--live`, `--writes`), and beyond this machine a client needs the write token. Send mutations by
 * POST or over a WebSocket. Each mutation is atomic: it writes all of its features, or none. It is answered when it is on the disk, and then every
 * query sees it.
 */
export type MutationCreateLayerArgs = {
  columns: ReadonlyArray<ColumnInput>;
  crs?: InputMaybe<Scalars['String']['input']>;
  idempotencyKey?: InputMaybe<Scalars['String']['input']>;
  name: Scalars['String']['input'];
};


/**
 * Writes to live layers. The server must allow it (`--live`, `--writes`), and beyond this machine a client needs the write token. Send mutations by
 * POST or over a WebSocket. Each mutation is atomic: it writes all of its features, or none. It is answered when it is on the disk, and then every
 * query sees it.
 */
export type MutationDeleteFeaturesArgs = {
  idempotencyKey?: InputMaybe<Scalars['String']['input']>;
  keys?: InputMaybe<ReadonlyArray<Scalars['ID']['input']>>;
  layer: Scalars['String']['input'];
  where?: InputMaybe<FeatureFilter>;
};


/**
 * Writes to live layers. The server must allow it (`--live`, `--writes`), and beyond this machine a client needs the write token. Send mutations by
 * POST or over a WebSocket. Each mutation is atomic: it writes all of its features, or none. It is answered when it is on the disk, and then every
 * query sees it.
 */
export type MutationMoveViewportArgs = {
  bbox: Scalars['BBox']['input'];
  id: Scalars['ID']['input'];
};


/**
 * Writes to live layers. The server must allow it (`--live`, `--writes`), and beyond this machine a client needs the write token. Send mutations by
 * POST or over a WebSocket. Each mutation is atomic: it writes all of its features, or none. It is answered when it is on the disk, and then every
 * query sees it.
 */
export type MutationUpdateFeaturesArgs = {
  idempotencyKey?: InputMaybe<Scalars['String']['input']>;
  layer: Scalars['String']['input'];
  set: FeatureSetInput;
  where: FeatureFilter;
};


/**
 * Writes to live layers. The server must allow it (`--live`, `--writes`), and beyond this machine a client needs the write token. Send mutations by
 * POST or over a WebSocket. Each mutation is atomic: it writes all of its features, or none. It is answered when it is on the disk, and then every
 * query sees it.
 */
export type MutationUpsertFeaturesArgs = {
  features: ReadonlyArray<FeatureInput>;
  idempotencyKey?: InputMaybe<Scalars['String']['input']>;
  layer: Scalars['String']['input'];
};

/** An object with a globally unique id. */
export type Node = {
  /** An id that is unique over all objects of the server. */
  readonly id: Scalars['ID']['output'];
};

/** A test of a value that has no order and no members to compare. Null is refused. */
export type NullFilter = {
  /** Null (true) or not null (false). */
  readonly isNull?: InputMaybe<Scalars['Boolean']['input']>;
};

/** The positions of nulls in a sort. */
export type NullsOrder =
  /** Before every value. */
  | 'FIRST'
  /** After every value. */
  | 'LAST';

/** The treatments of features whose geometry is invalid by OGC's rules, such as a polygon that crosses itself. */
export type OnInvalid =
  /** They are excluded everywhere, also from counts. */
  | 'DROP'
  /** They are served unchanged. */
  | 'FLAG'
  /** They are served with a repaired geometry as soon as the layer is READY. The repaired geometry has no M values. */
  | 'REPAIR';

/** The position of a page in a result. Paging goes forward only. */
export type PageInfo = {
  readonly __typename?: 'PageInfo';
  /** The position directly after the page's last feature. Pass it as `after` for the next page. Null for an empty page. */
  readonly endCursor: Maybe<Scalars['Cursor']['output']>;
  /** True if there are features after this page. */
  readonly hasNextPage: Scalars['Boolean']['output'];
  /** True if `after` was given. */
  readonly hasPreviousPage: Scalars['Boolean']['output'];
  /** The position directly after the page's first feature. Null for an empty page. */
  readonly startCursor: Maybe<Scalars['Cursor']['output']>;
};

/**
 * The progress of copying a GeoPackage, Shapefile, FlatGeobuf, GeoJSON or CSV file to GeoParquet. The copy is made once: the next start uses it
 * again.
 */
export type Preparation = {
  readonly __typename?: 'Preparation';
  /** The layer's name. */
  readonly layer: Scalars['String']['output'];
  /** The progress over all stages: 0 to 100. */
  readonly percent: Scalars['Float']['output'];
  /** The number of features that this stage has processed. */
  readonly rows: Scalars['BigInt']['output'];
  /** Features per second in this stage. Null while it is unknown. */
  readonly rowsPerSecond: Maybe<Scalars['Float']['output']>;
  /** The estimated remaining time in seconds. Null while it is unknown. */
  readonly secondsLeft: Maybe<Scalars['Float']['output']>;
  /** The current stage. */
  readonly stage: PreparationStage;
  /** The number of all features. Null while it is unknown. */
  readonly total: Maybe<Scalars['BigInt']['output']>;
};

/** A stage of the preparation of a file. */
export type PreparationStage =
  /** A copy of its remote files is being downloaded. They are read where they are, or from the copy before, until then. */
  | 'DOWNLOADING'
  /** The file is being read. */
  | 'READING'
  /** The file waits: files are prepared one after the other, the smallest first. */
  | 'WAITING'
  /** Its features are being sorted along a Hilbert curve and written. */
  | 'WRITING';

/** A source that is not served, or only in part. */
export type Problem = {
  readonly __typename?: 'Problem';
  /** The reason. */
  readonly reason: Scalars['String']['output'];
  /** The file's name. */
  readonly source: Scalars['String']['output'];
};

/**
 * A comparison of one property. It is true if every given member is true. At least one must be given, and null is refused. Values have the column's
 * JSON type. A comparison with a null property is never true. Inside JSON, a value is compared only with values of the same type; for other types it
 * counts as null.
 */
export type PropertyFilter = {
  /** Between two values, both ends included: `[least, largest]`. */
  readonly between?: InputMaybe<ReadonlyArray<Scalars['JSON']['input']>>;
  /**
   * Compares texts without some of their differences: both the property and the given texts, in every member of this comparison. It does not change
   * the order of a result.
   */
  readonly collate?: InputMaybe<ReadonlyArray<Collation>>;
  /** Equal to. */
  readonly eq?: InputMaybe<Scalars['JSON']['input']>;
  /** Greater than. */
  readonly gt?: InputMaybe<Scalars['JSON']['input']>;
  /** Greater than or equal to. */
  readonly gte?: InputMaybe<Scalars['JSON']['input']>;
  /** The list, or the JSON array, has this element. */
  readonly has?: InputMaybe<Scalars['JSON']['input']>;
  /** The list has all of these elements: at most 10,000. */
  readonly hasAll?: InputMaybe<ReadonlyArray<Scalars['JSON']['input']>>;
  /** The list has at least one of these elements: at most 10,000. */
  readonly hasAny?: InputMaybe<ReadonlyArray<Scalars['JSON']['input']>>;
  /** The text matches a pattern as for `like`, but upper and lower case are equal. */
  readonly ilike?: InputMaybe<Scalars['String']['input']>;
  /** Equal to one of these: at most 10,000. */
  readonly in?: InputMaybe<ReadonlyArray<Scalars['JSON']['input']>>;
  /** Null (true) or not null (false). */
  readonly isNull?: InputMaybe<Scalars['Boolean']['input']>;
  /**
   * The whole text matches a pattern. `%` is any text, `_` is one character, and a backslash makes the next character literal. At most 1,000
   * characters.
   */
  readonly like?: InputMaybe<Scalars['String']['input']>;
  /** Less than. */
  readonly lt?: InputMaybe<Scalars['JSON']['input']>;
  /** Less than or equal to. */
  readonly lte?: InputMaybe<Scalars['JSON']['input']>;
  /** A column of the layer. */
  readonly name: Scalars['String']['input'];
  /** Not equal to. */
  readonly ne?: InputMaybe<Scalars['JSON']['input']>;
  /**
   * The path to a member inside the column, from the outside in. Steps are names of struct members, text keys of maps, and names in JSON. A number
   * is an index of a JSON array. At most 16 steps.
   */
  readonly path?: InputMaybe<ReadonlyArray<Scalars['String']['input']>>;
  /** The text begins with this one. */
  readonly startsWith?: InputMaybe<Scalars['String']['input']>;
};

/** The methods by which a spatial filter skips rows. */
export type Pruning =
  /** The filter first compares the boxes of a covering column (GeoParquet 1.1) or of the columns xmin, ymin, xmax and ymax. Row groups outside are not read. */
  | 'COVERING_COLUMN'
  /** Every row is tested. */
  | 'NONE'
  /** The filter uses statistics of the geometry column. */
  | 'ROW_GROUP_STATISTICS'
  /** The filter uses a spatial index of the table. */
  | 'RTREE'
  /** The rows are read from a copy of the table that is sorted by a column of the filter or of the order. No layer has this value, only a plan. */
  | 'SORTED_COPY';

export type Query = {
  readonly __typename?: 'Query';
  /**
   * Groups of a layer's features with figures, such as counts and sums. Without `groupBy`, `time` and `cell` there is exactly one group, also if
   * no feature matches.
   */
  readonly aggregate: GroupConnection;
  /** One feature. Null if the layer has no feature with this id. */
  readonly feature: Maybe<Feature>;
  /** One page of a layer's features. For a whole layer, or a result of unknown size, subscribe to `featureBatches`. */
  readonly features: FeatureConnection;
  /** The state of the server and its workers. It answers even while every worker is busy. */
  readonly health: Health;
  /** One layer. Null if no layer has this name. If several layers ask for it, the error LAYER_NOT_FOUND names them. */
  readonly layer: Maybe<Layer>;
  /** All layers, sorted by name. */
  readonly layers: ReadonlyArray<Layer>;
  /**
   * The features that are nearest to a geometry, the nearest first: `features` in the order of `distance`, without features that have no
   * geometry. `edges { distance }` has their distances. Features of equal distance are in the natural order of the source.
   */
  readonly nearest: FeatureConnection;
  /**
   * One feature by `Feature.id`. Null if the layer is not served, if it has no such feature, or if the id contains a row number of a file that
   * has been replaced.
   */
  readonly node: Maybe<Node>;
  /**
   * The addresses of a layer's vector tiles, with a signed filter in them. A map cannot send a filter with each tile. Tiles without a filter
   * have the same addresses without `filter`.
   */
  readonly tiles: Tiles;
};


export type QueryAggregateArgs = {
  after?: InputMaybe<Scalars['Cursor']['input']>;
  cell?: InputMaybe<CellGrid>;
  deadline?: InputMaybe<Scalars['Float']['input']>;
  first?: InputMaybe<Scalars['Int']['input']>;
  groupBy?: InputMaybe<ReadonlyArray<GroupKey>>;
  having?: InputMaybe<ReadonlyArray<GroupCondition>>;
  layer: Scalars['String']['input'];
  orderBy?: InputMaybe<ReadonlyArray<GroupOrder>>;
  time?: InputMaybe<ReadonlyArray<TimeBucket>>;
  where?: InputMaybe<FeatureFilter>;
};


export type QueryFeatureArgs = {
  id: Scalars['ID']['input'];
  layer: Scalars['String']['input'];
};


export type QueryFeaturesArgs = {
  after?: InputMaybe<Scalars['Cursor']['input']>;
  deadline?: InputMaybe<Scalars['Float']['input']>;
  first?: InputMaybe<Scalars['Int']['input']>;
  layer: Scalars['String']['input'];
  orderBy?: InputMaybe<ReadonlyArray<FeatureOrder>>;
  where?: InputMaybe<FeatureFilter>;
};


export type QueryLayerArgs = {
  name: Scalars['String']['input'];
};


export type QueryNearestArgs = {
  after?: InputMaybe<Scalars['Cursor']['input']>;
  deadline?: InputMaybe<Scalars['Float']['input']>;
  first?: InputMaybe<Scalars['Int']['input']>;
  layer: Scalars['String']['input'];
  maxDistance?: InputMaybe<Scalars['Float']['input']>;
  to: GeometryInput;
  where?: InputMaybe<FeatureFilter>;
};


export type QueryNodeArgs = {
  id: Scalars['ID']['input'];
};


export type QueryTilesArgs = {
  layer: Scalars['String']['input'];
  where?: InputMaybe<FeatureFilter>;
};

/**
 * Drop all features: a snapshot follows. It is the first event without `since`. It is also sent if the server cannot continue from the client's token:
 * the changes since then are not kept any more, or the store is another one.
 */
export type Reset = {
  readonly __typename?: 'Reset';
  /** The position at the begin of the snapshot. */
  readonly token: Scalars['Cursor']['output'];
};

/** Some features of the layer at the version of the snapshot. Each feature is in one batch. */
export type SnapshotBatch = {
  readonly __typename?: 'SnapshotBatch';
  /** The number of features in this batch. */
  readonly count: Scalars['Int']['output'];
  /** The features. */
  readonly features: ReadonlyArray<Feature>;
  /**
   * The features as one GeoJSON FeatureCollection. It is refused if coordinates are not longitude and latitude: then request
   * `crs: "OGC:CRS84"`.
   */
  readonly geojson: Scalars['GeoJSON']['output'];
  /** The position after this event. */
  readonly token: Scalars['Cursor']['output'];
  /** The version of the layer that the snapshot has. */
  readonly version: Scalars['BigInt']['output'];
};


/** Some features of the layer at the version of the snapshot. Each feature is in one batch. */
export type SnapshotBatchGeojsonArgs = {
  bbox?: InputMaybe<Scalars['Boolean']['input']>;
  crs?: InputMaybe<Scalars['String']['input']>;
  only?: InputMaybe<ReadonlyArray<Scalars['String']['input']>>;
  precision?: InputMaybe<Scalars['Int']['input']>;
  simplify?: InputMaybe<Scalars['Float']['input']>;
};

/** The directions of a sort. */
export type SortDirection =
  /** Smallest first. */
  | 'ASC'
  /** Largest first. */
  | 'DESC';

/** The number of streams per state. */
export type StreamCounts = {
  readonly __typename?: 'StreamCounts';
  /** Streams that wait for their client, and have no worker. */
  readonly parked: Scalars['Int']['output'];
  /** Streams that have a worker. */
  readonly running: Scalars['Int']['output'];
  /** Streams that wait for a worker. */
  readonly waiting: Scalars['Int']['output'];
};

/** A comparison of a text. It is true if every given member is true. At least one must be given, and null is refused. */
export type StringFilter = {
  /** Between two values, both ends included: `[least, largest]`. */
  readonly between?: InputMaybe<ReadonlyArray<Scalars['String']['input']>>;
  /**
   * Compares texts without some of their differences: both the property and the given texts, in every member of this comparison. It does not change
   * the order of a result.
   */
  readonly collate?: InputMaybe<ReadonlyArray<Collation>>;
  /** Equal to. */
  readonly eq?: InputMaybe<Scalars['String']['input']>;
  /** Greater than. */
  readonly gt?: InputMaybe<Scalars['String']['input']>;
  /** Greater than or equal to. */
  readonly gte?: InputMaybe<Scalars['String']['input']>;
  /** The text matches a pattern as for `like`, but upper and lower case are equal. */
  readonly ilike?: InputMaybe<Scalars['String']['input']>;
  /** Equal to one of these: at most 10,000. */
  readonly in?: InputMaybe<ReadonlyArray<Scalars['String']['input']>>;
  /** Null (true) or not null (false). */
  readonly isNull?: InputMaybe<Scalars['Boolean']['input']>;
  /**
   * The whole text matches a pattern. `%` is any text, `_` is one character, and a backslash makes the next character literal. At most 1,000
   * characters.
   */
  readonly like?: InputMaybe<Scalars['String']['input']>;
  /** Less than. */
  readonly lt?: InputMaybe<Scalars['String']['input']>;
  /** Less than or equal to. */
  readonly lte?: InputMaybe<Scalars['String']['input']>;
  /** Not equal to. */
  readonly ne?: InputMaybe<Scalars['String']['input']>;
  /** The text begins with this one. */
  readonly startsWith?: InputMaybe<Scalars['String']['input']>;
};

/** A test of a list of strings. It is true if every given member is true. At least one must be given, and null is refused. */
export type StringListFilter = {
  /**
   * Compares texts without some of their differences: both the property and the given texts, in every member of this comparison. It does not change
   * the order of a result.
   */
  readonly collate?: InputMaybe<ReadonlyArray<Collation>>;
  /** The list has this element. */
  readonly has?: InputMaybe<Scalars['String']['input']>;
  /** The list has all of these elements: at most 10,000. */
  readonly hasAll?: InputMaybe<ReadonlyArray<Scalars['String']['input']>>;
  /** The list has at least one of these elements: at most 10,000. */
  readonly hasAny?: InputMaybe<ReadonlyArray<Scalars['String']['input']>>;
  /** Null (true) or not null (false). */
  readonly isNull?: InputMaybe<Scalars['Boolean']['input']>;
};

export type Subscription = {
  readonly __typename?: 'Subscription';
  /**
   * The groups of `aggregate`, delivered batch by batch as the client reads. The operation completes only after every group has arrived. Otherwise
   * it ends with an error that carries the cursor to resume from. To resume, the engine computes all groups again.
   */
  readonly aggregateBatches: GroupBatch;
  /**
   * A live layer, and then its changes as they happen: `Reset`, a snapshot in batches at one version, `UpToDate`, and differences. No change is lost,
   * and none arrives twice. A client that reads slowly gets one difference for all that it has missed. The subscription has no end. It also follows a
   * file: when that is replaced, the difference to the new data follows, or `Reset` and a snapshot of it.
   */
  readonly changes: ChangeEvent;
  /**
   * One result, delivered batch by batch as the client reads. The operation completes only after every feature has arrived. Otherwise it ends
   * with an error that carries the cursor to resume from.
   */
  readonly featureBatches: FeatureBatch;
  /**
   * Detects which objects of a live layer enter, leave or cross which fences, as it happens. Every change counts, also if an object is changed twice
   * between two messages. No event is lost, and none arrives twice. The subscription has no end.
   */
  readonly fences: FenceUpdate;
  /** Sends `health` repeatedly. */
  readonly health: Health;
  /**
   * Sends an event when a layer is added, has new data, is checked, or is removed. The server sees changed files at once, unless it runs with
   * `--watch false`; then it sees them when the layer is queried. A client that reads slowly gets one event per layer, the newest.
   */
  readonly layerChanged: LayerChange;
  /**
   * The features of a live layer in a box that moves: `moveViewport` moves it. It sends what enters, leaves and changes, and no feature that stays. If
   * the box has too many features, it sends cells with their numbers instead. The subscription has no end.
   */
  readonly viewport: ViewportEvent;
};


export type SubscriptionAggregateBatchesArgs = {
  after?: InputMaybe<Scalars['Cursor']['input']>;
  batchSize?: InputMaybe<Scalars['Int']['input']>;
  cell?: InputMaybe<CellGrid>;
  deadline?: InputMaybe<Scalars['Float']['input']>;
  groupBy?: InputMaybe<ReadonlyArray<GroupKey>>;
  having?: InputMaybe<ReadonlyArray<GroupCondition>>;
  layer: Scalars['String']['input'];
  limit?: InputMaybe<Scalars['Int']['input']>;
  orderBy?: InputMaybe<ReadonlyArray<GroupOrder>>;
  time?: InputMaybe<ReadonlyArray<TimeBucket>>;
  where?: InputMaybe<FeatureFilter>;
};


export type SubscriptionChangesArgs = {
  batchSize?: InputMaybe<Scalars['Int']['input']>;
  layer: Scalars['String']['input'];
  maxPerSecond?: InputMaybe<Scalars['Float']['input']>;
  since?: InputMaybe<Scalars['Cursor']['input']>;
  where?: InputMaybe<FeatureFilter>;
};


export type SubscriptionFeatureBatchesArgs = {
  after?: InputMaybe<Scalars['Cursor']['input']>;
  batchSize?: InputMaybe<Scalars['Int']['input']>;
  deadline?: InputMaybe<Scalars['Float']['input']>;
  layer: Scalars['String']['input'];
  limit?: InputMaybe<Scalars['Int']['input']>;
  orderBy?: InputMaybe<ReadonlyArray<FeatureOrder>>;
  where?: InputMaybe<FeatureFilter>;
};


export type SubscriptionFencesArgs = {
  detect?: InputMaybe<ReadonlyArray<FenceDetection>>;
  dwell?: InputMaybe<DwellInput>;
  fences: FencesInput;
  maxPerSecond?: InputMaybe<Scalars['Float']['input']>;
  objects: Scalars['String']['input'];
  since?: InputMaybe<Scalars['Cursor']['input']>;
  where?: InputMaybe<FeatureFilter>;
};


export type SubscriptionHealthArgs = {
  everyMs?: InputMaybe<Scalars['Int']['input']>;
};


export type SubscriptionLayerChangedArgs = {
  fingerprint?: InputMaybe<Scalars['String']['input']>;
  layer?: InputMaybe<Scalars['String']['input']>;
};


export type SubscriptionViewportArgs = {
  batchSize?: InputMaybe<Scalars['Int']['input']>;
  bbox: Scalars['BBox']['input'];
  layer: Scalars['String']['input'];
  maxFeatures?: InputMaybe<Scalars['Int']['input']>;
  maxPerSecond?: InputMaybe<Scalars['Float']['input']>;
  since?: InputMaybe<Scalars['Cursor']['input']>;
  where?: InputMaybe<FeatureFilter>;
};

/** The addresses of vector tiles, as paths of this server with its base path. */
export type Tiles = {
  readonly __typename?: 'Tiles';
  /** The path of the description of the tiles (TileJSON 3.0.0), which maps accept as the URL of a source. */
  readonly tileJson: Scalars['String']['output'];
  /** The path of a tile (Mapbox Vector Tile 2.1), with `{z}`, `{x}` and `{y}` for its place. */
  readonly url: Scalars['String']['output'];
};

/**
 * Buckets of time of equal length on the calendar or the clock. Months and years begin on the first day of a month, weeks on Mondays. Multiples of
 * months are counted from January 2000, and multiples of weeks, days, hours, minutes and seconds from Monday, 3 January 2000.
 */
export type TimeBucket = {
  /** A column of dates or timestamps. */
  readonly column: Scalars['String']['input'];
  /** The length of a bucket as an ISO 8601 duration: `PT15M`, `PT1H`, `P1D`, `P1W`, `P1M`, `P3M`, `P1Y`. A date takes whole days or months. */
  readonly every: Scalars['String']['input'];
  /** The path to a member inside the column, as in `PropertyFilter`. */
  readonly path?: InputMaybe<ReadonlyArray<Scalars['String']['input']>>;
  /**
   * The time zone in which days and months begin, as an IANA name such as `Europe/Berlin`. It is for moments. A date, or a timestamp without a
   * zone, has none.
   */
  readonly timeZone?: InputMaybe<Scalars['String']['input']>;
};

/** The client has all features at this version. From now on, changes follow as they happen. It is sent once, and again after each `Reset`. */
export type UpToDate = {
  readonly __typename?: 'UpToDate';
  /** The position after this event. */
  readonly token: Scalars['Cursor']['output'];
  /** The version that the client has. */
  readonly version: Scalars['BigInt']['output'];
};

/** A value with its count. */
export type ValueCount = {
  readonly __typename?: 'ValueCount';
  /** The number of features that have it. */
  readonly count: Scalars['BigInt']['output'];
  /** The value. */
  readonly value: Scalars['JSON']['output'];
};

/**
 * A comparison of a value that is written as a string, such as a UUID, a time of day or a long decimal. It is true if every given member is true. At
 * least one must be given, and null is refused.
 */
export type ValueFilter = {
  /** Between two values, both ends included: `[least, largest]`. */
  readonly between?: InputMaybe<ReadonlyArray<Scalars['String']['input']>>;
  /** Equal to. */
  readonly eq?: InputMaybe<Scalars['String']['input']>;
  /** Greater than. */
  readonly gt?: InputMaybe<Scalars['String']['input']>;
  /** Greater than or equal to. */
  readonly gte?: InputMaybe<Scalars['String']['input']>;
  /** Equal to one of these: at most 10,000. */
  readonly in?: InputMaybe<ReadonlyArray<Scalars['String']['input']>>;
  /** Null (true) or not null (false). */
  readonly isNull?: InputMaybe<Scalars['Boolean']['input']>;
  /** Less than. */
  readonly lt?: InputMaybe<Scalars['String']['input']>;
  /** Less than or equal to. */
  readonly lte?: InputMaybe<Scalars['String']['input']>;
  /** Not equal to. */
  readonly ne?: InputMaybe<Scalars['String']['input']>;
};

/** The numbers of features in cells of the box: before a snapshot, or instead of features. */
export type ViewportCells = {
  readonly __typename?: 'ViewportCells';
  /** The box. */
  readonly bbox: Scalars['BBox']['output'];
  /** True if the box has too many features: the client drops its features, and the cells are all that it gets. False if a snapshot follows. */
  readonly coarse: Scalars['Boolean']['output'];
  /**
   * The cells that have features: tiles of web maps, or squares if the layer is not in degrees, at most 2,048. A feature counts in the cell that the centre of its box lies
   * in, which may be outside of the box of the viewport.
   */
  readonly rows: ReadonlyArray<Group>;
  /** The position after this event. */
  readonly token: Scalars['Cursor']['output'];
  /** The number of features in the box. */
  readonly totalCount: Scalars['BigInt']['output'];
  /** The version of the layer that the numbers have. */
  readonly version: Scalars['BigInt']['output'];
};

/**
 * An event of `viewport`. `ChangeBatch` has what enters, leaves and changes. Each event has a token: subscribe with the last one as `since` to
 * continue after it.
 */
export type ViewportEvent = ChangeBatch | Heartbeat | Reset | SnapshotBatch | ViewportCells | ViewportOpened | ViewportReached;

/** The first event. */
export type ViewportOpened = {
  readonly __typename?: 'ViewportOpened';
  /** For `moveViewport`. Only this subscription has it. */
  readonly id: Scalars['ID']['output'];
  /** The position of the client, which has not changed. */
  readonly token: Scalars['Cursor']['output'];
};

/** The client has exactly the features of the box at this version. It is sent after each snapshot and each move. */
export type ViewportReached = {
  readonly __typename?: 'ViewportReached';
  /** The box that the client has. */
  readonly bbox: Scalars['BBox']['output'];
  /** The position after this event. */
  readonly token: Scalars['Cursor']['output'];
  /** The version that the client has. */
  readonly version: Scalars['BigInt']['output'];
};

/** A worker process: one DuckDB instance. */
export type Worker = {
  readonly __typename?: 'Worker';
  /** The time of these figures. */
  readonly at: Maybe<Scalars['DateTime']['output']>;
  /** The number of its processes that have died since the server started. */
  readonly deaths: Scalars['Int']['output'];
  /** DuckDB's version. */
  readonly duckdbVersion: Maybe<Scalars['String']['output']>;
  /** Its lane. */
  readonly lane: Lane;
  /** `duckdb_memory()`, largest first, at most ten. */
  readonly memory: ReadonlyArray<MemoryUse>;
  /** `current_setting('memory_limit')`, as the worker read it back. */
  readonly memoryLimit: Maybe<Scalars['String']['output']>;
  /** The process id. Null while there is no process, or it starts. */
  readonly pid: Maybe<Scalars['Int']['output']>;
  /** Resident memory of the process. */
  readonly rssBytes: Maybe<Scalars['BigInt']['output']>;
  /** The spatial extension's version. */
  readonly spatialVersion: Maybe<Scalars['String']['output']>;
  /** Its state. */
  readonly state: WorkerState;
  /** `current_setting('threads')`, as the worker read it back. */
  readonly threads: Maybe<Scalars['Int']['output']>;
};

/** The state of a worker process. */
export type WorkerState =
  /** No process runs. It starts when an operation needs it. */
  | 'ASLEEP'
  /** Running an execution. */
  | 'BUSY'
  /** It could not start, and will be started again. */
  | 'FAILED'
  /** Waiting for work. */
  | 'IDLE'
  /** Opening its instance. */
  | 'STARTING';

/** The outcome of a mutation. */
export type WriteResult = {
  readonly __typename?: 'WriteResult';
  /** The faults of the features. If there is any, nothing was written. */
  readonly errors: ReadonlyArray<FeatureError>;
  /** The version of the store with this mutation. If nothing was written, the current version of the layer. */
  readonly version: Scalars['BigInt']['output'];
  /** Features that were added, replaced or removed. */
  readonly written: Scalars['Int']['output'];
};



export type ResolverTypeWrapper<T> = Promise<T> | T;


export type ResolverWithResolve<TResult, TParent, TContext, TArgs> = {
  resolve: ResolverFn<TResult, TParent, TContext, TArgs>;
};
export type Resolver<TResult, TParent = Record<PropertyKey, never>, TContext = Record<PropertyKey, never>, TArgs = Record<PropertyKey, never>> = ResolverFn<TResult, TParent, TContext, TArgs> | ResolverWithResolve<TResult, TParent, TContext, TArgs>;

export type ResolverFn<TResult, TParent, TContext, TArgs> = (
  parent: TParent,
  args: TArgs,
  context: TContext,
  info: GraphQLResolveInfo
) => Promise<TResult> | TResult;

export type SubscriptionSubscribeFn<TResult, TParent, TContext, TArgs> = (
  parent: TParent,
  args: TArgs,
  context: TContext,
  info: GraphQLResolveInfo
) => AsyncIterable<TResult> | Promise<AsyncIterable<TResult>>;

export type SubscriptionResolveFn<TResult, TParent, TContext, TArgs> = (
  parent: TParent,
  args: TArgs,
  context: TContext,
  info: GraphQLResolveInfo
) => TResult | Promise<TResult>;

export interface SubscriptionSubscriberObject<TResult, TKey extends string, TParent, TContext, TArgs> {
  subscribe: SubscriptionSubscribeFn<{ [key in TKey]: TResult }, TParent, TContext, TArgs>;
  resolve?: SubscriptionResolveFn<TResult, { [key in TKey]: TResult }, TContext, TArgs>;
}

export interface SubscriptionResolverObject<TResult, TParent, TContext, TArgs> {
  subscribe: SubscriptionSubscribeFn<any, TParent, TContext, TArgs>;
  resolve: SubscriptionResolveFn<TResult, any, TContext, TArgs>;
}

export type SubscriptionObject<TResult, TKey extends string, TParent, TContext, TArgs> =
  | SubscriptionSubscriberObject<TResult, TKey, TParent, TContext, TArgs>
  | SubscriptionResolverObject<TResult, TParent, TContext, TArgs>;

export type SubscriptionResolver<TResult, TKey extends string, TParent = Record<PropertyKey, never>, TContext = Record<PropertyKey, never>, TArgs = Record<PropertyKey, never>> =
  | ((...args: any[]) => SubscriptionObject<TResult, TKey, TParent, TContext, TArgs>)
  | SubscriptionObject<TResult, TKey, TParent, TContext, TArgs>;

export type TypeResolveFn<TTypes, TParent = Record<PropertyKey, never>, TContext = Record<PropertyKey, never>> = (
  parent: TParent,
  context: TContext,
  info: GraphQLResolveInfo
) => Maybe<TTypes> | Promise<Maybe<TTypes>>;

export type IsTypeOfResolverFn<T = Record<PropertyKey, never>, TContext = Record<PropertyKey, never>> = (obj: T, context: TContext, info: GraphQLResolveInfo) => boolean | Promise<boolean>;

export type NextResolverFn<T> = () => Promise<T>;

export type DirectiveResolverFn<TResult = Record<PropertyKey, never>, TParent = Record<PropertyKey, never>, TContext = Record<PropertyKey, never>, TArgs = Record<PropertyKey, never>> = (
  next: NextResolverFn<TResult>,
  parent: TParent,
  args: TArgs,
  context: TContext,
  info: GraphQLResolveInfo
) => TResult | Promise<TResult>;



/** Mapping of union types */
export type ResolversUnionTypes<_RefType extends Record<string, unknown>> = {
  ChangeEvent:
    | ( ChangeDelivery )
    | ( Heartbeat )
    | ( Reset )
    | ( SnapshotDelivery )
    | ( UpToDate )
  ;
  FenceUpdate:
    | ( FenceDelivery )
    | ( Heartbeat )
    | ( UpToDate )
  ;
  ViewportEvent:
    | ( ChangeDelivery )
    | ( Heartbeat )
    | ( Reset )
    | ( SnapshotDelivery )
    | ( CellsDelivery )
    | ( ViewportOpened )
    | ( ViewportReached )
  ;
};

/** Mapping of interface types */
export type ResolversInterfaceTypes<_RefType extends Record<string, unknown>> = {
  Feature: never;
  Node: never;
};

/** Mapping between all available schema types and the resolvers types */
export type ResolversTypes = {
  ArrowGeometry: ArrowGeometry;
  ArrowIPC: ResolverTypeWrapper<Scalars['ArrowIPC']['output']>;
  BBox: ResolverTypeWrapper<Scalars['BBox']['output']>;
  BigInt: ResolverTypeWrapper<Scalars['BigInt']['output']>;
  BigIntFilter: BigIntFilter;
  BigIntListFilter: BigIntListFilter;
  Boolean: ResolverTypeWrapper<Scalars['Boolean']['output']>;
  BooleanFilter: BooleanFilter;
  BooleanListFilter: BooleanListFilter;
  Cell: ResolverTypeWrapper<Cell>;
  CellGrid: CellGrid;
  CellKind: CellKind;
  ChangeBatch: ResolverTypeWrapper<ChangeDelivery>;
  ChangeEvent: ResolverTypeWrapper<ResolversUnionTypes<ResolversTypes>['ChangeEvent']>;
  ChangedFeatures: ResolverTypeWrapper<PageDelivery>;
  Collation: Collation;
  Column: ResolverTypeWrapper<NamedColumn>;
  ColumnAggregates: ResolverTypeWrapper<ColumnAggregates>;
  ColumnInput: ColumnInput;
  Crs: ResolverTypeWrapper<Crs>;
  Cursor: ResolverTypeWrapper<Scalars['Cursor']['output']>;
  Date: ResolverTypeWrapper<Scalars['Date']['output']>;
  DateFilter: DateFilter;
  DateListFilter: DateListFilter;
  DateTime: ResolverTypeWrapper<Scalars['DateTime']['output']>;
  DateTimeFilter: DateTimeFilter;
  DateTimeListFilter: DateTimeListFilter;
  DistanceFilter: DistanceFilter;
  DistanceOrder: DistanceOrder;
  DwellInput: DwellInput;
  Execution: ResolverTypeWrapper<ExecutionReport>;
  Explanation: ResolverTypeWrapper<ExplanationModel>;
  Export: ResolverTypeWrapper<Export>;
  ExportStage: ExportStage;
  Fallbacks: ResolverTypeWrapper<Fallbacks>;
  Feature: ResolverTypeWrapper<ResolversInterfaceTypes<ResolversTypes>['Feature']>;
  FeatureBatch: ResolverTypeWrapper<BatchDelivery>;
  FeatureChange: ResolverTypeWrapper<FeatureChange>;
  FeatureConnection: ResolverTypeWrapper<AnyPage>;
  FeatureEdge: ResolverTypeWrapper<Omit<FeatureEdge, 'node'> & { node: ResolversTypes['Feature'] }>;
  FeatureError: ResolverTypeWrapper<FeatureError>;
  FeatureFilter: FeatureFilter;
  FeatureInput: FeatureInput;
  FeatureOrder: FeatureOrder;
  FeatureSetInput: FeatureSetInput;
  FenceBatch: ResolverTypeWrapper<FenceDelivery>;
  FenceDetection: FenceDetection;
  FenceEvent: ResolverTypeWrapper<Omit<FenceEvent, 'object'> & { object: ResolversTypes['Feature'] }>;
  FenceUpdate: ResolverTypeWrapper<ResolversUnionTypes<ResolversTypes>['FenceUpdate']>;
  FencesInput: FencesInput;
  Float: ResolverTypeWrapper<Scalars['Float']['output']>;
  FloatFilter: FloatFilter;
  FloatListFilter: FloatListFilter;
  Gathering: ResolverTypeWrapper<Gathering>;
  GatheringEngine: ResolverTypeWrapper<GatheringEngine>;
  GatheringEngineKind: GatheringEngineKind;
  GatheringEngineState: GatheringEngineState;
  GeoJSON: ResolverTypeWrapper<Scalars['GeoJSON']['output']>;
  Geometry: ResolverTypeWrapper<Scalars['Geometry']['output']>;
  GeometryAggregates: ResolverTypeWrapper<GeometryAggregates>;
  GeometryEncoding: GeometryEncoding;
  GeometryFilter: GeometryFilter;
  GeometryInput: GeometryInput;
  GeometryType: GeometryType;
  Group: ResolverTypeWrapper<Group>;
  GroupBatch: ResolverTypeWrapper<GroupBatchDelivery>;
  GroupCondition: GroupCondition;
  GroupConnection: ResolverTypeWrapper<GroupPageDelivery>;
  GroupKey: GroupKey;
  GroupOrder: GroupOrder;
  GroupTerm: GroupTerm;
  Health: ResolverTypeWrapper<Omit<Health, 'workers'> & { workers: ReadonlyArray<ResolversTypes['Worker']> }>;
  Heartbeat: ResolverTypeWrapper<Heartbeat>;
  HistogramBin: ResolverTypeWrapper<HistogramBin>;
  HistogramKind: HistogramKind;
  ID: ResolverTypeWrapper<Scalars['ID']['output']>;
  Int: ResolverTypeWrapper<Scalars['Int']['output']>;
  IntFilter: IntFilter;
  IntListFilter: IntListFilter;
  InvalidFeature: ResolverTypeWrapper<InvalidFeatureModel>;
  JSON: ResolverTypeWrapper<Scalars['JSON']['output']>;
  JSONFilter: JsonFilter;
  JsonType: JsonType;
  Lane: Lane;
  Layer: ResolverTypeWrapper<LayerModel>;
  LayerChange: ResolverTypeWrapper<Omit<LayerChange, 'layer'> & { layer?: Maybe<ResolversTypes['Layer']> }>;
  LayerChangeKind: LayerChangeKind;
  LayerCheck: ResolverTypeWrapper<Omit<LayerCheck, 'firstInvalid'> & { firstInvalid: ReadonlyArray<ResolversTypes['InvalidFeature']> }>;
  LayerKey: ResolverTypeWrapper<LayerKeyModel>;
  LayerKeyKind: LayerKeyKind;
  LayerKind: LayerKind;
  LayerState: LayerState;
  LocalDateTime: ResolverTypeWrapper<Scalars['LocalDateTime']['output']>;
  LocalDateTimeFilter: LocalDateTimeFilter;
  LocalDateTimeListFilter: LocalDateTimeListFilter;
  MemoryLimit: MemoryLimit;
  MemoryShare: ResolverTypeWrapper<MemoryShare>;
  MemoryUse: ResolverTypeWrapper<MemoryUse>;
  Mutation: ResolverTypeWrapper<Record<PropertyKey, never>>;
  Node: ResolverTypeWrapper<ResolversInterfaceTypes<ResolversTypes>['Node']>;
  NullFilter: NullFilter;
  NullsOrder: NullsOrder;
  OnInvalid: OnInvalid;
  PageInfo: ResolverTypeWrapper<PageInfo>;
  Preparation: ResolverTypeWrapper<Preparation>;
  PreparationStage: PreparationStage;
  Problem: ResolverTypeWrapper<Problem>;
  PropertyFilter: PropertyFilter;
  Pruning: Pruning;
  Query: ResolverTypeWrapper<Record<PropertyKey, never>>;
  Reset: ResolverTypeWrapper<Reset>;
  SnapshotBatch: ResolverTypeWrapper<SnapshotDelivery>;
  SortDirection: SortDirection;
  StreamCounts: ResolverTypeWrapper<StreamCounts>;
  String: ResolverTypeWrapper<Scalars['String']['output']>;
  StringFilter: StringFilter;
  StringListFilter: StringListFilter;
  Subscription: ResolverTypeWrapper<Record<PropertyKey, never>>;
  Tiles: ResolverTypeWrapper<Tiles>;
  TimeBucket: TimeBucket;
  UpToDate: ResolverTypeWrapper<UpToDate>;
  ValueCount: ResolverTypeWrapper<ValueCount>;
  ValueFilter: ValueFilter;
  ViewportCells: ResolverTypeWrapper<CellsDelivery>;
  ViewportEvent: ResolverTypeWrapper<ResolversUnionTypes<ResolversTypes>['ViewportEvent']>;
  ViewportOpened: ResolverTypeWrapper<ViewportOpened>;
  ViewportReached: ResolverTypeWrapper<ViewportReached>;
  Worker: ResolverTypeWrapper<WorkerHealth>;
  WorkerState: WorkerState;
  WriteResult: ResolverTypeWrapper<WriteResult>;
};

/** Mapping between all available schema types and the resolvers parents */
export type ResolversParentTypes = {
  ArrowIPC: Scalars['ArrowIPC']['output'];
  BBox: Scalars['BBox']['output'];
  BigInt: Scalars['BigInt']['output'];
  BigIntFilter: BigIntFilter;
  BigIntListFilter: BigIntListFilter;
  Boolean: Scalars['Boolean']['output'];
  BooleanFilter: BooleanFilter;
  BooleanListFilter: BooleanListFilter;
  Cell: Cell;
  CellGrid: CellGrid;
  ChangeBatch: ChangeDelivery;
  ChangeEvent: ResolversUnionTypes<ResolversParentTypes>['ChangeEvent'];
  ChangedFeatures: PageDelivery;
  Column: NamedColumn;
  ColumnAggregates: ColumnAggregates;
  ColumnInput: ColumnInput;
  Crs: Crs;
  Cursor: Scalars['Cursor']['output'];
  Date: Scalars['Date']['output'];
  DateFilter: DateFilter;
  DateListFilter: DateListFilter;
  DateTime: Scalars['DateTime']['output'];
  DateTimeFilter: DateTimeFilter;
  DateTimeListFilter: DateTimeListFilter;
  DistanceFilter: DistanceFilter;
  DistanceOrder: DistanceOrder;
  DwellInput: DwellInput;
  Execution: ExecutionReport;
  Explanation: ExplanationModel;
  Export: Export;
  Fallbacks: Fallbacks;
  Feature: ResolversInterfaceTypes<ResolversParentTypes>['Feature'];
  FeatureBatch: BatchDelivery;
  FeatureChange: FeatureChange;
  FeatureConnection: AnyPage;
  FeatureEdge: Omit<FeatureEdge, 'node'> & { node: ResolversParentTypes['Feature'] };
  FeatureError: FeatureError;
  FeatureFilter: FeatureFilter;
  FeatureInput: FeatureInput;
  FeatureOrder: FeatureOrder;
  FeatureSetInput: FeatureSetInput;
  FenceBatch: FenceDelivery;
  FenceEvent: Omit<FenceEvent, 'object'> & { object: ResolversParentTypes['Feature'] };
  FenceUpdate: ResolversUnionTypes<ResolversParentTypes>['FenceUpdate'];
  FencesInput: FencesInput;
  Float: Scalars['Float']['output'];
  FloatFilter: FloatFilter;
  FloatListFilter: FloatListFilter;
  Gathering: Gathering;
  GatheringEngine: GatheringEngine;
  GeoJSON: Scalars['GeoJSON']['output'];
  Geometry: Scalars['Geometry']['output'];
  GeometryAggregates: GeometryAggregates;
  GeometryFilter: GeometryFilter;
  GeometryInput: GeometryInput;
  Group: Group;
  GroupBatch: GroupBatchDelivery;
  GroupCondition: GroupCondition;
  GroupConnection: GroupPageDelivery;
  GroupKey: GroupKey;
  GroupOrder: GroupOrder;
  Health: Omit<Health, 'workers'> & { workers: ReadonlyArray<ResolversParentTypes['Worker']> };
  Heartbeat: Heartbeat;
  HistogramBin: HistogramBin;
  ID: Scalars['ID']['output'];
  Int: Scalars['Int']['output'];
  IntFilter: IntFilter;
  IntListFilter: IntListFilter;
  InvalidFeature: InvalidFeatureModel;
  JSON: Scalars['JSON']['output'];
  JSONFilter: JsonFilter;
  Layer: LayerModel;
  LayerChange: Omit<LayerChange, 'layer'> & { layer?: Maybe<ResolversParentTypes['Layer']> };
  LayerCheck: Omit<LayerCheck, 'firstInvalid'> & { firstInvalid: ReadonlyArray<ResolversParentTypes['InvalidFeature']> };
  LayerKey: LayerKeyModel;
  LocalDateTime: Scalars['LocalDateTime']['output'];
  LocalDateTimeFilter: LocalDateTimeFilter;
  LocalDateTimeListFilter: LocalDateTimeListFilter;
  MemoryShare: MemoryShare;
  MemoryUse: MemoryUse;
  Mutation: Record<PropertyKey, never>;
  Node: ResolversInterfaceTypes<ResolversParentTypes>['Node'];
  NullFilter: NullFilter;
  PageInfo: PageInfo;
  Preparation: Preparation;
  Problem: Problem;
  PropertyFilter: PropertyFilter;
  Query: Record<PropertyKey, never>;
  Reset: Reset;
  SnapshotBatch: SnapshotDelivery;
  StreamCounts: StreamCounts;
  String: Scalars['String']['output'];
  StringFilter: StringFilter;
  StringListFilter: StringListFilter;
  Subscription: Record<PropertyKey, never>;
  Tiles: Tiles;
  TimeBucket: TimeBucket;
  UpToDate: UpToDate;
  ValueCount: ValueCount;
  ValueFilter: ValueFilter;
  ViewportCells: CellsDelivery;
  ViewportEvent: ResolversUnionTypes<ResolversParentTypes>['ViewportEvent'];
  ViewportOpened: ViewportOpened;
  ViewportReached: ViewportReached;
  Worker: WorkerHealth;
  WriteResult: WriteResult;
};

export interface ArrowIpcScalarConfig extends GraphQLScalarTypeConfig<ResolversTypes['ArrowIPC'], any> {
  name: 'ArrowIPC';
}

export interface BBoxScalarConfig extends GraphQLScalarTypeConfig<ResolversTypes['BBox'], any> {
  name: 'BBox';
}

export interface BigIntScalarConfig extends GraphQLScalarTypeConfig<ResolversTypes['BigInt'], any> {
  name: 'BigInt';
}

export type CellResolvers<ContextType = Context, ParentType extends ResolversParentTypes['Cell'] = ResolversParentTypes['Cell']> = {
  centre?: Resolver<ResolversTypes['Geometry'], ParentType, ContextType>;
  id?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  polygon?: Resolver<ResolversTypes['Geometry'], ParentType, ContextType>;
};

export type ChangeBatchResolvers<ContextType = Context, ParentType extends ResolversParentTypes['ChangeBatch'] = ResolversParentTypes['ChangeBatch']> = {
  added?: Resolver<ResolversTypes['ChangedFeatures'], ParentType, ContextType>;
  changed?: Resolver<ReadonlyArray<ResolversTypes['FeatureChange']>, ParentType, ContextType>;
  complete?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  geojsonDiff?: Resolver<ResolversTypes['GeoJSON'], ParentType, ContextType, RequireFields<ChangeBatchGeojsonDiffArgs, 'precision'>>;
  removed?: Resolver<ReadonlyArray<ResolversTypes['ID']>, ParentType, ContextType>;
  token?: Resolver<ResolversTypes['Cursor'], ParentType, ContextType>;
  updated?: Resolver<ResolversTypes['ChangedFeatures'], ParentType, ContextType>;
  version?: Resolver<ResolversTypes['BigInt'], ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type ChangeEventResolvers<ContextType = Context, ParentType extends ResolversParentTypes['ChangeEvent'] = ResolversParentTypes['ChangeEvent']> = {
  __resolveType: TypeResolveFn<'ChangeBatch' | 'Heartbeat' | 'Reset' | 'SnapshotBatch' | 'UpToDate', ParentType, ContextType>;
};

export type ChangedFeaturesResolvers<ContextType = Context, ParentType extends ResolversParentTypes['ChangedFeatures'] = ResolversParentTypes['ChangedFeatures']> = {
  features?: Resolver<ReadonlyArray<ResolversTypes['Feature']>, ParentType, ContextType>;
  geojson?: Resolver<ResolversTypes['GeoJSON'], ParentType, ContextType, RequireFields<ChangedFeaturesGeojsonArgs, 'bbox' | 'precision'>>;
};

export type ColumnResolvers<ContextType = Context, ParentType extends ResolversParentTypes['Column'] = ResolversParentTypes['Column']> = {
  description?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  graphqlName?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  jsonType?: Resolver<ResolversTypes['JsonType'], ParentType, ContextType>;
  name?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  nullable?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  type?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
};

export type ColumnAggregatesResolvers<ContextType = Context, ParentType extends ResolversParentTypes['ColumnAggregates'] = ResolversParentTypes['ColumnAggregates']> = {
  avg?: Resolver<Maybe<ResolversTypes['Float']>, ParentType, ContextType>;
  count?: Resolver<ResolversTypes['BigInt'], ParentType, ContextType>;
  distinct?: Resolver<ResolversTypes['BigInt'], ParentType, ContextType>;
  distinctApproximate?: Resolver<ResolversTypes['BigInt'], ParentType, ContextType>;
  first?: Resolver<Maybe<ResolversTypes['JSON']>, ParentType, ContextType, RequireFields<ColumnAggregatesFirstArgs, 'orderBy'>>;
  histogram?: Resolver<ReadonlyArray<ResolversTypes['HistogramBin']>, ParentType, ContextType, RequireFields<ColumnAggregatesHistogramArgs, 'bins' | 'kind'>>;
  last?: Resolver<Maybe<ResolversTypes['JSON']>, ParentType, ContextType, RequireFields<ColumnAggregatesLastArgs, 'orderBy'>>;
  max?: Resolver<Maybe<ResolversTypes['JSON']>, ParentType, ContextType>;
  min?: Resolver<Maybe<ResolversTypes['JSON']>, ParentType, ContextType>;
  quantiles?: Resolver<Maybe<ResolversTypes['JSON']>, ParentType, ContextType, RequireFields<ColumnAggregatesQuantilesArgs, 'at'>>;
  stddev?: Resolver<Maybe<ResolversTypes['Float']>, ParentType, ContextType>;
  sum?: Resolver<Maybe<ResolversTypes['JSON']>, ParentType, ContextType>;
  values?: Resolver<ReadonlyArray<ResolversTypes['ValueCount']>, ParentType, ContextType, RequireFields<ColumnAggregatesValuesArgs, 'first'>>;
};

export type CrsResolvers<ContextType = Context, ParentType extends ResolversParentTypes['Crs'] = ResolversParentTypes['Crs']> = {
  code?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  isLonLat?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  name?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
};

export interface CursorScalarConfig extends GraphQLScalarTypeConfig<ResolversTypes['Cursor'], any> {
  name: 'Cursor';
}

export interface DateScalarConfig extends GraphQLScalarTypeConfig<ResolversTypes['Date'], any> {
  name: 'Date';
}

export interface DateTimeScalarConfig extends GraphQLScalarTypeConfig<ResolversTypes['DateTime'], any> {
  name: 'DateTime';
}

export type ExecutionResolvers<ContextType = Context, ParentType extends ResolversParentTypes['Execution'] = ResolversParentTypes['Execution']> = {
  attempts?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  degraded?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  elapsedMs?: Resolver<ResolversTypes['Float'], ParentType, ContextType>;
  engine?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  gatherMs?: Resolver<Maybe<ResolversTypes['Int']>, ParentType, ContextType>;
  gatheredRows?: Resolver<Maybe<ResolversTypes['BigInt']>, ParentType, ContextType>;
  lane?: Resolver<ResolversTypes['Lane'], ParentType, ContextType>;
  notNarrowed?: Resolver<Maybe<ReadonlyArray<ResolversTypes['String']>>, ParentType, ContextType>;
  reason?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  remoteBytes?: Resolver<ResolversTypes['BigInt'], ParentType, ContextType>;
  remoteCacheHits?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  remoteRequests?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  rowGroups?: Resolver<Maybe<ResolversTypes['Int']>, ParentType, ContextType>;
  rowGroupsRead?: Resolver<Maybe<ResolversTypes['Int']>, ParentType, ContextType>;
  rowsScanned?: Resolver<Maybe<ResolversTypes['BigInt']>, ParentType, ContextType>;
};

export type ExplanationResolvers<ContextType = Context, ParentType extends ResolversParentTypes['Explanation'] = ResolversParentTypes['Explanation']> = {
  gathering?: Resolver<Maybe<ResolversTypes['Gathering']>, ParentType, ContextType>;
  pruning?: Resolver<ResolversTypes['Pruning'], ParentType, ContextType>;
  reads?: Resolver<ReadonlyArray<ResolversTypes['String']>, ParentType, ContextType>;
  sorted?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  sql?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  values?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
};

export type ExportResolvers<ContextType = Context, ParentType extends ResolversParentTypes['Export'] = ResolversParentTypes['Export']> = {
  ageSeconds?: Resolver<ResolversTypes['Float'], ParentType, ContextType>;
  bytes?: Resolver<ResolversTypes['BigInt'], ParentType, ContextType>;
  format?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  layer?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  percent?: Resolver<Maybe<ResolversTypes['Float']>, ParentType, ContextType>;
  requests?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  stage?: Resolver<ResolversTypes['ExportStage'], ParentType, ContextType>;
};

export type FallbacksResolvers<ContextType = Context, ParentType extends ResolversParentTypes['Fallbacks'] = ResolversParentTypes['Fallbacks']> = {
  count?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  lastReason?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  lastReasons?: Resolver<ReadonlyArray<ResolversTypes['String']>, ParentType, ContextType>;
};

export type FeatureResolvers<ContextType = Context, ParentType extends ResolversParentTypes['Feature'] = ResolversParentTypes['Feature']> = {
  __resolveType: TypeResolveFn<null, ParentType, ContextType>;
};

export type FeatureBatchResolvers<ContextType = Context, ParentType extends ResolversParentTypes['FeatureBatch'] = ResolversParentTypes['FeatureBatch']> = {
  arrow?: Resolver<ResolversTypes['ArrowIPC'], ParentType, ContextType, RequireFields<FeatureBatchArrowArgs, 'geometry'>>;
  count?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  cursor?: Resolver<ResolversTypes['Cursor'], ParentType, ContextType>;
  execution?: Resolver<ResolversTypes['Execution'], ParentType, ContextType>;
  features?: Resolver<ReadonlyArray<ResolversTypes['Feature']>, ParentType, ContextType>;
  geojson?: Resolver<ResolversTypes['GeoJSON'], ParentType, ContextType, RequireFields<FeatureBatchGeojsonArgs, 'bbox' | 'precision'>>;
  sequence?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
};

export type FeatureChangeResolvers<ContextType = Context, ParentType extends ResolversParentTypes['FeatureChange'] = ResolversParentTypes['FeatureChange']> = {
  geometry?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  key?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  properties?: Resolver<ReadonlyArray<ResolversTypes['String']>, ParentType, ContextType>;
};

export type FeatureConnectionResolvers<ContextType = Context, ParentType extends ResolversParentTypes['FeatureConnection'] = ResolversParentTypes['FeatureConnection']> = {
  arrow?: Resolver<ResolversTypes['ArrowIPC'], ParentType, ContextType, RequireFields<FeatureConnectionArrowArgs, 'geometry'>>;
  count?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  edges?: Resolver<ReadonlyArray<ResolversTypes['FeatureEdge']>, ParentType, ContextType>;
  execution?: Resolver<ResolversTypes['Execution'], ParentType, ContextType>;
  explain?: Resolver<ResolversTypes['Explanation'], ParentType, ContextType>;
  features?: Resolver<ReadonlyArray<ResolversTypes['Feature']>, ParentType, ContextType>;
  geojson?: Resolver<ResolversTypes['GeoJSON'], ParentType, ContextType, RequireFields<FeatureConnectionGeojsonArgs, 'bbox' | 'precision'>>;
  pageInfo?: Resolver<ResolversTypes['PageInfo'], ParentType, ContextType>;
  totalCount?: Resolver<ResolversTypes['BigInt'], ParentType, ContextType>;
};

export type FeatureEdgeResolvers<ContextType = Context, ParentType extends ResolversParentTypes['FeatureEdge'] = ResolversParentTypes['FeatureEdge']> = {
  cursor?: Resolver<ResolversTypes['Cursor'], ParentType, ContextType>;
  distance?: Resolver<Maybe<ResolversTypes['Float']>, ParentType, ContextType>;
  node?: Resolver<ResolversTypes['Feature'], ParentType, ContextType>;
};

export type FeatureErrorResolvers<ContextType = Context, ParentType extends ResolversParentTypes['FeatureError'] = ResolversParentTypes['FeatureError']> = {
  code?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  index?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  message?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
};

export type FenceBatchResolvers<ContextType = Context, ParentType extends ResolversParentTypes['FenceBatch'] = ResolversParentTypes['FenceBatch']> = {
  count?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  events?: Resolver<ReadonlyArray<ResolversTypes['FenceEvent']>, ParentType, ContextType>;
  token?: Resolver<ResolversTypes['Cursor'], ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type FenceEventResolvers<ContextType = Context, ParentType extends ResolversParentTypes['FenceEvent'] = ResolversParentTypes['FenceEvent']> = {
  detect?: Resolver<ResolversTypes['FenceDetection'], ParentType, ContextType>;
  distance?: Resolver<Maybe<ResolversTypes['Float']>, ParentType, ContextType>;
  fence?: Resolver<Maybe<ResolversTypes['ID']>, ParentType, ContextType>;
  object?: Resolver<ResolversTypes['Feature'], ParentType, ContextType>;
  version?: Resolver<ResolversTypes['BigInt'], ParentType, ContextType>;
};

export type FenceUpdateResolvers<ContextType = Context, ParentType extends ResolversParentTypes['FenceUpdate'] = ResolversParentTypes['FenceUpdate']> = {
  __resolveType: TypeResolveFn<'FenceBatch' | 'Heartbeat' | 'UpToDate', ParentType, ContextType>;
};

export type GatheringResolvers<ContextType = Context, ParentType extends ResolversParentTypes['Gathering'] = ResolversParentTypes['Gathering']> = {
  condition?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  engine?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  notNarrowed?: Resolver<ReadonlyArray<ResolversTypes['String']>, ParentType, ContextType>;
};

export type GatheringEngineResolvers<ContextType = Context, ParentType extends ResolversParentTypes['GatheringEngine'] = ResolversParentTypes['GatheringEngine']> = {
  bytes?: Resolver<ResolversTypes['BigInt'], ParentType, ContextType>;
  gatherings?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  kind?: Resolver<ResolversTypes['GatheringEngineKind'], ParentType, ContextType>;
  name?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  resultSets?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  state?: Resolver<ResolversTypes['GatheringEngineState'], ParentType, ContextType>;
  version?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
};

export interface GeoJsonScalarConfig extends GraphQLScalarTypeConfig<ResolversTypes['GeoJSON'], any> {
  name: 'GeoJSON';
}

export interface GeometryScalarConfig extends GraphQLScalarTypeConfig<ResolversTypes['Geometry'], any> {
  name: 'Geometry';
}

export type GeometryAggregatesResolvers<ContextType = Context, ParentType extends ResolversParentTypes['GeometryAggregates'] = ResolversParentTypes['GeometryAggregates']> = {
  centroid?: Resolver<Maybe<ResolversTypes['Geometry']>, ParentType, ContextType, RequireFields<GeometryAggregatesCentroidArgs, 'as' | 'precision'>>;
  convexHull?: Resolver<Maybe<ResolversTypes['Geometry']>, ParentType, ContextType, RequireFields<GeometryAggregatesConvexHullArgs, 'as' | 'precision'>>;
  extent?: Resolver<Maybe<ResolversTypes['BBox']>, ParentType, ContextType>;
  union?: Resolver<Maybe<ResolversTypes['Geometry']>, ParentType, ContextType, RequireFields<GeometryAggregatesUnionArgs, 'as' | 'precision'>>;
};

export type GroupResolvers<ContextType = Context, ParentType extends ResolversParentTypes['Group'] = ResolversParentTypes['Group']> = {
  cell?: Resolver<Maybe<ResolversTypes['Cell']>, ParentType, ContextType>;
  column?: Resolver<ResolversTypes['ColumnAggregates'], ParentType, ContextType, RequireFields<GroupColumnArgs, 'name'>>;
  count?: Resolver<ResolversTypes['BigInt'], ParentType, ContextType>;
  geometry?: Resolver<ResolversTypes['GeometryAggregates'], ParentType, ContextType>;
  keys?: Resolver<ResolversTypes['JSON'], ParentType, ContextType>;
  time?: Resolver<Maybe<ResolversTypes['DateTime']>, ParentType, ContextType, RequireFields<GroupTimeArgs, 'index'>>;
};

export type GroupBatchResolvers<ContextType = Context, ParentType extends ResolversParentTypes['GroupBatch'] = ResolversParentTypes['GroupBatch']> = {
  count?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  cursor?: Resolver<ResolversTypes['Cursor'], ParentType, ContextType>;
  execution?: Resolver<ResolversTypes['Execution'], ParentType, ContextType>;
  rows?: Resolver<ReadonlyArray<ResolversTypes['Group']>, ParentType, ContextType>;
  sequence?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
};

export type GroupConnectionResolvers<ContextType = Context, ParentType extends ResolversParentTypes['GroupConnection'] = ResolversParentTypes['GroupConnection']> = {
  count?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  execution?: Resolver<ResolversTypes['Execution'], ParentType, ContextType>;
  pageInfo?: Resolver<ResolversTypes['PageInfo'], ParentType, ContextType>;
  rows?: Resolver<ReadonlyArray<ResolversTypes['Group']>, ParentType, ContextType>;
  totalCount?: Resolver<ResolversTypes['BigInt'], ParentType, ContextType>;
};

export type HealthResolvers<ContextType = Context, ParentType extends ResolversParentTypes['Health'] = ResolversParentTypes['Health']> = {
  engines?: Resolver<ReadonlyArray<ResolversTypes['GatheringEngine']>, ParentType, ContextType>;
  eventLoopDelayMs?: Resolver<ResolversTypes['Float'], ParentType, ContextType>;
  exports?: Resolver<ReadonlyArray<ResolversTypes['Export']>, ParentType, ContextType>;
  fallbacks?: Resolver<ResolversTypes['Fallbacks'], ParentType, ContextType>;
  memory?: Resolver<ResolversTypes['MemoryShare'], ParentType, ContextType>;
  preparations?: Resolver<ReadonlyArray<ResolversTypes['Preparation']>, ParentType, ContextType>;
  problems?: Resolver<ReadonlyArray<ResolversTypes['Problem']>, ParentType, ContextType>;
  queued?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  ready?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  rssBytes?: Resolver<ResolversTypes['BigInt'], ParentType, ContextType>;
  server?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  spatialExtension?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  streams?: Resolver<ResolversTypes['StreamCounts'], ParentType, ContextType>;
  uptimeSeconds?: Resolver<ResolversTypes['Float'], ParentType, ContextType>;
  version?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  workers?: Resolver<ReadonlyArray<ResolversTypes['Worker']>, ParentType, ContextType>;
};

export type HeartbeatResolvers<ContextType = Context, ParentType extends ResolversParentTypes['Heartbeat'] = ResolversParentTypes['Heartbeat']> = {
  token?: Resolver<ResolversTypes['Cursor'], ParentType, ContextType>;
  version?: Resolver<ResolversTypes['BigInt'], ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type HistogramBinResolvers<ContextType = Context, ParentType extends ResolversParentTypes['HistogramBin'] = ResolversParentTypes['HistogramBin']> = {
  count?: Resolver<ResolversTypes['BigInt'], ParentType, ContextType>;
  from?: Resolver<ResolversTypes['Float'], ParentType, ContextType>;
  to?: Resolver<ResolversTypes['Float'], ParentType, ContextType>;
};

export type InvalidFeatureResolvers<ContextType = Context, ParentType extends ResolversParentTypes['InvalidFeature'] = ResolversParentTypes['InvalidFeature']> = {
  key?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  reason?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
};

export interface JsonScalarConfig extends GraphQLScalarTypeConfig<ResolversTypes['JSON'], any> {
  name: 'JSON';
}

export type LayerResolvers<ContextType = Context, ParentType extends ResolversParentTypes['Layer'] = ResolversParentTypes['Layer']> = {
  check?: Resolver<Maybe<ResolversTypes['LayerCheck']>, ParentType, ContextType>;
  columns?: Resolver<ReadonlyArray<ResolversTypes['Column']>, ParentType, ContextType>;
  crs?: Resolver<Maybe<ResolversTypes['Crs']>, ParentType, ContextType>;
  description?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  extent?: Resolver<Maybe<ResolversTypes['BBox']>, ParentType, ContextType>;
  featureCount?: Resolver<Maybe<ResolversTypes['BigInt']>, ParentType, ContextType>;
  fingerprint?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  geometryColumn?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  geometryTypes?: Resolver<ReadonlyArray<ResolversTypes['GeometryType']>, ParentType, ContextType>;
  graphqlName?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  hasZ?: Resolver<Maybe<ResolversTypes['Boolean']>, ParentType, ContextType>;
  isLive?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  key?: Resolver<ResolversTypes['LayerKey'], ParentType, ContextType>;
  kind?: Resolver<ResolversTypes['LayerKind'], ParentType, ContextType>;
  longName?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  name?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  onInvalid?: Resolver<ResolversTypes['OnInvalid'], ParentType, ContextType>;
  preparation?: Resolver<Maybe<ResolversTypes['Preparation']>, ParentType, ContextType>;
  pruning?: Resolver<ResolversTypes['Pruning'], ParentType, ContextType>;
  state?: Resolver<ResolversTypes['LayerState'], ParentType, ContextType>;
  title?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
};

export type LayerChangeResolvers<ContextType = Context, ParentType extends ResolversParentTypes['LayerChange'] = ResolversParentTypes['LayerChange']> = {
  kind?: Resolver<ResolversTypes['LayerChangeKind'], ParentType, ContextType>;
  layer?: Resolver<Maybe<ResolversTypes['Layer']>, ParentType, ContextType>;
  name?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
};

export type LayerCheckResolvers<ContextType = Context, ParentType extends ResolversParentTypes['LayerCheck'] = ResolversParentTypes['LayerCheck']> = {
  emptyGeometries?: Resolver<ResolversTypes['BigInt'], ParentType, ContextType>;
  firstInvalid?: Resolver<ReadonlyArray<ResolversTypes['InvalidFeature']>, ParentType, ContextType>;
  invalid?: Resolver<ResolversTypes['BigInt'], ParentType, ContextType>;
  nullGeometries?: Resolver<ResolversTypes['BigInt'], ParentType, ContextType>;
  withM?: Resolver<ResolversTypes['BigInt'], ParentType, ContextType>;
  withZ?: Resolver<ResolversTypes['BigInt'], ParentType, ContextType>;
};

export type LayerKeyResolvers<ContextType = Context, ParentType extends ResolversParentTypes['LayerKey'] = ResolversParentTypes['LayerKey']> = {
  column?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  kind?: Resolver<ResolversTypes['LayerKeyKind'], ParentType, ContextType>;
};

export interface LocalDateTimeScalarConfig extends GraphQLScalarTypeConfig<ResolversTypes['LocalDateTime'], any> {
  name: 'LocalDateTime';
}

export type MemoryShareResolvers<ContextType = Context, ParentType extends ResolversParentTypes['MemoryShare'] = ResolversParentTypes['MemoryShare']> = {
  limit?: Resolver<Maybe<ResolversTypes['MemoryLimit']>, ParentType, ContextType>;
  share?: Resolver<ResolversTypes['Float'], ParentType, ContextType>;
};

export type MemoryUseResolvers<ContextType = Context, ParentType extends ResolversParentTypes['MemoryUse'] = ResolversParentTypes['MemoryUse']> = {
  memoryBytes?: Resolver<ResolversTypes['BigInt'], ParentType, ContextType>;
  tag?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  tempBytes?: Resolver<ResolversTypes['BigInt'], ParentType, ContextType>;
};

export type MutationResolvers<ContextType = Context, ParentType extends ResolversParentTypes['Mutation'] = ResolversParentTypes['Mutation']> = {
  createLayer?: Resolver<ResolversTypes['Layer'], ParentType, ContextType, RequireFields<MutationCreateLayerArgs, 'columns' | 'crs' | 'name'>>;
  deleteFeatures?: Resolver<ResolversTypes['WriteResult'], ParentType, ContextType, RequireFields<MutationDeleteFeaturesArgs, 'layer'>>;
  moveViewport?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType, RequireFields<MutationMoveViewportArgs, 'bbox' | 'id'>>;
  updateFeatures?: Resolver<ResolversTypes['WriteResult'], ParentType, ContextType, RequireFields<MutationUpdateFeaturesArgs, 'layer' | 'set' | 'where'>>;
  upsertFeatures?: Resolver<ResolversTypes['WriteResult'], ParentType, ContextType, RequireFields<MutationUpsertFeaturesArgs, 'features' | 'layer'>>;
};

export type NodeResolvers<ContextType = Context, ParentType extends ResolversParentTypes['Node'] = ResolversParentTypes['Node']> = {
  __resolveType: TypeResolveFn<null, ParentType, ContextType>;
};

export type PageInfoResolvers<ContextType = Context, ParentType extends ResolversParentTypes['PageInfo'] = ResolversParentTypes['PageInfo']> = {
  endCursor?: Resolver<Maybe<ResolversTypes['Cursor']>, ParentType, ContextType>;
  hasNextPage?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  hasPreviousPage?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  startCursor?: Resolver<Maybe<ResolversTypes['Cursor']>, ParentType, ContextType>;
};

export type PreparationResolvers<ContextType = Context, ParentType extends ResolversParentTypes['Preparation'] = ResolversParentTypes['Preparation']> = {
  layer?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  percent?: Resolver<ResolversTypes['Float'], ParentType, ContextType>;
  rows?: Resolver<ResolversTypes['BigInt'], ParentType, ContextType>;
  rowsPerSecond?: Resolver<Maybe<ResolversTypes['Float']>, ParentType, ContextType>;
  secondsLeft?: Resolver<Maybe<ResolversTypes['Float']>, ParentType, ContextType>;
  stage?: Resolver<ResolversTypes['PreparationStage'], ParentType, ContextType>;
  total?: Resolver<Maybe<ResolversTypes['BigInt']>, ParentType, ContextType>;
};

export type ProblemResolvers<ContextType = Context, ParentType extends ResolversParentTypes['Problem'] = ResolversParentTypes['Problem']> = {
  reason?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  source?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
};

export type QueryResolvers<ContextType = Context, ParentType extends ResolversParentTypes['Query'] = ResolversParentTypes['Query']> = {
  aggregate?: Resolver<ResolversTypes['GroupConnection'], ParentType, ContextType, RequireFields<QueryAggregateArgs, 'first' | 'layer'>>;
  feature?: Resolver<Maybe<ResolversTypes['Feature']>, ParentType, ContextType, RequireFields<QueryFeatureArgs, 'id' | 'layer'>>;
  features?: Resolver<ResolversTypes['FeatureConnection'], ParentType, ContextType, RequireFields<QueryFeaturesArgs, 'first' | 'layer'>>;
  health?: Resolver<ResolversTypes['Health'], ParentType, ContextType>;
  layer?: Resolver<Maybe<ResolversTypes['Layer']>, ParentType, ContextType, RequireFields<QueryLayerArgs, 'name'>>;
  layers?: Resolver<ReadonlyArray<ResolversTypes['Layer']>, ParentType, ContextType>;
  nearest?: Resolver<ResolversTypes['FeatureConnection'], ParentType, ContextType, RequireFields<QueryNearestArgs, 'first' | 'layer' | 'to'>>;
  node?: Resolver<Maybe<ResolversTypes['Node']>, ParentType, ContextType, RequireFields<QueryNodeArgs, 'id'>>;
  tiles?: Resolver<ResolversTypes['Tiles'], ParentType, ContextType, RequireFields<QueryTilesArgs, 'layer'>>;
};

export type ResetResolvers<ContextType = Context, ParentType extends ResolversParentTypes['Reset'] = ResolversParentTypes['Reset']> = {
  token?: Resolver<ResolversTypes['Cursor'], ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type SnapshotBatchResolvers<ContextType = Context, ParentType extends ResolversParentTypes['SnapshotBatch'] = ResolversParentTypes['SnapshotBatch']> = {
  count?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  features?: Resolver<ReadonlyArray<ResolversTypes['Feature']>, ParentType, ContextType>;
  geojson?: Resolver<ResolversTypes['GeoJSON'], ParentType, ContextType, RequireFields<SnapshotBatchGeojsonArgs, 'bbox' | 'precision'>>;
  token?: Resolver<ResolversTypes['Cursor'], ParentType, ContextType>;
  version?: Resolver<ResolversTypes['BigInt'], ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type StreamCountsResolvers<ContextType = Context, ParentType extends ResolversParentTypes['StreamCounts'] = ResolversParentTypes['StreamCounts']> = {
  parked?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  running?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  waiting?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
};

export type SubscriptionResolvers<ContextType = Context, ParentType extends ResolversParentTypes['Subscription'] = ResolversParentTypes['Subscription']> = {
  aggregateBatches?: SubscriptionResolver<ResolversTypes['GroupBatch'], "aggregateBatches", ParentType, ContextType, RequireFields<SubscriptionAggregateBatchesArgs, 'batchSize' | 'layer'>>;
  changes?: SubscriptionResolver<ResolversTypes['ChangeEvent'], "changes", ParentType, ContextType, RequireFields<SubscriptionChangesArgs, 'batchSize' | 'layer' | 'maxPerSecond'>>;
  featureBatches?: SubscriptionResolver<ResolversTypes['FeatureBatch'], "featureBatches", ParentType, ContextType, RequireFields<SubscriptionFeatureBatchesArgs, 'batchSize' | 'layer'>>;
  fences?: SubscriptionResolver<ResolversTypes['FenceUpdate'], "fences", ParentType, ContextType, RequireFields<SubscriptionFencesArgs, 'fences' | 'maxPerSecond' | 'objects'>>;
  health?: SubscriptionResolver<ResolversTypes['Health'], "health", ParentType, ContextType, RequireFields<SubscriptionHealthArgs, 'everyMs'>>;
  layerChanged?: SubscriptionResolver<ResolversTypes['LayerChange'], "layerChanged", ParentType, ContextType, Partial<SubscriptionLayerChangedArgs>>;
  viewport?: SubscriptionResolver<ResolversTypes['ViewportEvent'], "viewport", ParentType, ContextType, RequireFields<SubscriptionViewportArgs, 'batchSize' | 'bbox' | 'layer' | 'maxFeatures' | 'maxPerSecond'>>;
};

export type TilesResolvers<ContextType = Context, ParentType extends ResolversParentTypes['Tiles'] = ResolversParentTypes['Tiles']> = {
  tileJson?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  url?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
};

export type UpToDateResolvers<ContextType = Context, ParentType extends ResolversParentTypes['UpToDate'] = ResolversParentTypes['UpToDate']> = {
  token?: Resolver<ResolversTypes['Cursor'], ParentType, ContextType>;
  version?: Resolver<ResolversTypes['BigInt'], ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type ValueCountResolvers<ContextType = Context, ParentType extends ResolversParentTypes['ValueCount'] = ResolversParentTypes['ValueCount']> = {
  count?: Resolver<ResolversTypes['BigInt'], ParentType, ContextType>;
  value?: Resolver<ResolversTypes['JSON'], ParentType, ContextType>;
};

export type ViewportCellsResolvers<ContextType = Context, ParentType extends ResolversParentTypes['ViewportCells'] = ResolversParentTypes['ViewportCells']> = {
  bbox?: Resolver<ResolversTypes['BBox'], ParentType, ContextType>;
  coarse?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  rows?: Resolver<ReadonlyArray<ResolversTypes['Group']>, ParentType, ContextType>;
  token?: Resolver<ResolversTypes['Cursor'], ParentType, ContextType>;
  totalCount?: Resolver<ResolversTypes['BigInt'], ParentType, ContextType>;
  version?: Resolver<ResolversTypes['BigInt'], ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type ViewportEventResolvers<ContextType = Context, ParentType extends ResolversParentTypes['ViewportEvent'] = ResolversParentTypes['ViewportEvent']> = {
  __resolveType: TypeResolveFn<'ChangeBatch' | 'Heartbeat' | 'Reset' | 'SnapshotBatch' | 'ViewportCells' | 'ViewportOpened' | 'ViewportReached', ParentType, ContextType>;
};

export type ViewportOpenedResolvers<ContextType = Context, ParentType extends ResolversParentTypes['ViewportOpened'] = ResolversParentTypes['ViewportOpened']> = {
  id?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  token?: Resolver<ResolversTypes['Cursor'], ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type ViewportReachedResolvers<ContextType = Context, ParentType extends ResolversParentTypes['ViewportReached'] = ResolversParentTypes['ViewportReached']> = {
  bbox?: Resolver<ResolversTypes['BBox'], ParentType, ContextType>;
  token?: Resolver<ResolversTypes['Cursor'], ParentType, ContextType>;
  version?: Resolver<ResolversTypes['BigInt'], ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type WorkerResolvers<ContextType = Context, ParentType extends ResolversParentTypes['Worker'] = ResolversParentTypes['Worker']> = {
  at?: Resolver<Maybe<ResolversTypes['DateTime']>, ParentType, ContextType>;
  deaths?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  duckdbVersion?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  lane?: Resolver<ResolversTypes['Lane'], ParentType, ContextType>;
  memory?: Resolver<ReadonlyArray<ResolversTypes['MemoryUse']>, ParentType, ContextType>;
  memoryLimit?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  pid?: Resolver<Maybe<ResolversTypes['Int']>, ParentType, ContextType>;
  rssBytes?: Resolver<Maybe<ResolversTypes['BigInt']>, ParentType, ContextType>;
  spatialVersion?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  state?: Resolver<ResolversTypes['WorkerState'], ParentType, ContextType>;
  threads?: Resolver<Maybe<ResolversTypes['Int']>, ParentType, ContextType>;
};

export type WriteResultResolvers<ContextType = Context, ParentType extends ResolversParentTypes['WriteResult'] = ResolversParentTypes['WriteResult']> = {
  errors?: Resolver<ReadonlyArray<ResolversTypes['FeatureError']>, ParentType, ContextType>;
  version?: Resolver<ResolversTypes['BigInt'], ParentType, ContextType>;
  written?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
};

export type Resolvers<ContextType = Context> = {
  ArrowIPC?: GraphQLScalarType;
  BBox?: GraphQLScalarType;
  BigInt?: GraphQLScalarType;
  Cell?: CellResolvers<ContextType>;
  ChangeBatch?: ChangeBatchResolvers<ContextType>;
  ChangeEvent?: ChangeEventResolvers<ContextType>;
  ChangedFeatures?: ChangedFeaturesResolvers<ContextType>;
  Column?: ColumnResolvers<ContextType>;
  ColumnAggregates?: ColumnAggregatesResolvers<ContextType>;
  Crs?: CrsResolvers<ContextType>;
  Cursor?: GraphQLScalarType;
  Date?: GraphQLScalarType;
  DateTime?: GraphQLScalarType;
  Execution?: ExecutionResolvers<ContextType>;
  Explanation?: ExplanationResolvers<ContextType>;
  Export?: ExportResolvers<ContextType>;
  Fallbacks?: FallbacksResolvers<ContextType>;
  Feature?: FeatureResolvers<ContextType>;
  FeatureBatch?: FeatureBatchResolvers<ContextType>;
  FeatureChange?: FeatureChangeResolvers<ContextType>;
  FeatureConnection?: FeatureConnectionResolvers<ContextType>;
  FeatureEdge?: FeatureEdgeResolvers<ContextType>;
  FeatureError?: FeatureErrorResolvers<ContextType>;
  FenceBatch?: FenceBatchResolvers<ContextType>;
  FenceEvent?: FenceEventResolvers<ContextType>;
  FenceUpdate?: FenceUpdateResolvers<ContextType>;
  Gathering?: GatheringResolvers<ContextType>;
  GatheringEngine?: GatheringEngineResolvers<ContextType>;
  GeoJSON?: GraphQLScalarType;
  Geometry?: GraphQLScalarType;
  GeometryAggregates?: GeometryAggregatesResolvers<ContextType>;
  Group?: GroupResolvers<ContextType>;
  GroupBatch?: GroupBatchResolvers<ContextType>;
  GroupConnection?: GroupConnectionResolvers<ContextType>;
  Health?: HealthResolvers<ContextType>;
  Heartbeat?: HeartbeatResolvers<ContextType>;
  HistogramBin?: HistogramBinResolvers<ContextType>;
  InvalidFeature?: InvalidFeatureResolvers<ContextType>;
  JSON?: GraphQLScalarType;
  Layer?: LayerResolvers<ContextType>;
  LayerChange?: LayerChangeResolvers<ContextType>;
  LayerCheck?: LayerCheckResolvers<ContextType>;
  LayerKey?: LayerKeyResolvers<ContextType>;
  LocalDateTime?: GraphQLScalarType;
  MemoryShare?: MemoryShareResolvers<ContextType>;
  MemoryUse?: MemoryUseResolvers<ContextType>;
  Mutation?: MutationResolvers<ContextType>;
  Node?: NodeResolvers<ContextType>;
  PageInfo?: PageInfoResolvers<ContextType>;
  Preparation?: PreparationResolvers<ContextType>;
  Problem?: ProblemResolvers<ContextType>;
  Query?: QueryResolvers<ContextType>;
  Reset?: ResetResolvers<ContextType>;
  SnapshotBatch?: SnapshotBatchResolvers<ContextType>;
  StreamCounts?: StreamCountsResolvers<ContextType>;
  Subscription?: SubscriptionResolvers<ContextType>;
  Tiles?: TilesResolvers<ContextType>;
  UpToDate?: UpToDateResolvers<ContextType>;
  ValueCount?: ValueCountResolvers<ContextType>;
  ViewportCells?: ViewportCellsResolvers<ContextType>;
  ViewportEvent?: ViewportEventResolvers<ContextType>;
  ViewportOpened?: ViewportOpenedResolvers<ContextType>;
  ViewportReached?: ViewportReachedResolvers<ContextType>;
  Worker?: WorkerResolvers<ContextType>;
  WriteResult?: WriteResultResolvers<ContextType>;
};

