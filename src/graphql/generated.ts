import type { RawJson } from '../delivery/raw-json.ts';
import type { GraphQLResolveInfo, GraphQLScalarType, GraphQLScalarTypeConfig } from 'graphql';
import type { Layer as LayerModel, Field as FieldModel, LayerKey as LayerKeyModel, InvalidFeature as InvalidFeatureModel } from '../model/layer.ts';
import type { AnyPage, BatchDelivery } from './delivery.ts';
import type { WorkerHealth } from '../engines/engine.ts';
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
  /** `[west, south, east, north]` (RFC 7946), in the layer's CRS. For longitude/latitude west > east is a box across the antimeridian. */
  BBox: { input: readonly number[]; output: readonly number[]; }
  /** An integer of any size, as a decimal string. */
  BigInt: { input: bigint; output: bigint | number; }
  /**
   * Opaque place in an ordered result, right after a feature. Signed, bound to the layer's data, the filter and the order: pass it back as
   * `after` with the same `layer`, `where` and `orderBy`. It holds on any server with the same data and cursor secret.
   */
  Cursor: { input: string; output: string; }
  /** A moment in ISO 8601, UTC. */
  DateTime: { input: string; output: string; }
  /**
   * A GeoJSON FeatureCollection by RFC 7946: longitude, latitude; outer rings counter-clockwise, inner ones clockwise; a null geometry where a
   * feature has none. A feature's `id` is its `Feature.key`.
   */
  GeoJSON: { input: RawJson; output: RawJson; }
  /** A geometry in the encoding that was asked for: a GeoJSON object, or a string of text (WKT, EWKT) or of hexadecimal digits (WKB, EWKB, TWKB). */
  Geometry: { input: unknown; output: unknown; }
  /** Any JSON value. */
  JSON: { input: unknown; output: unknown; }
};

/** How an Arrow geometry column is written. */
export type ArrowGeometry =
  /**
   * In GeoArrow's native type where the layer's geometries are proven to be of one: coordinates in lists, interleaved. As WKB where they are of
   * several types, or have measures, or the layer has not been scanned yet.
   */
  | 'NATIVE'
  /** As `geoarrow.wkb`, always. */
  | 'WKB';

/** A property of a layer's features. */
export type Column = {
  readonly __typename?: 'Column';
  /** How its values are written in JSON: set by the type, the same for every value. */
  readonly jsonType: JsonType;
  /** As in `Feature.properties`. */
  readonly name: Scalars['String']['output'];
  /** Whether it may be null. */
  readonly nullable: Scalars['Boolean']['output'];
  /** The DuckDB type, e.g. `DECIMAL(18,3)`. */
  readonly type: Scalars['String']['output'];
};

/** Coordinate reference system. */
export type Crs = {
  readonly __typename?: 'Crs';
  /** Authority and code, e.g. `EPSG:3857`; null if the source gives none. */
  readonly code: Maybe<Scalars['String']['output']>;
  /** Whether coordinates are longitude and latitude in degrees on WGS 84. */
  readonly isLonLat: Scalars['Boolean']['output'];
  /** Its name in the source. */
  readonly name: Scalars['String']['output'];
};

/**
 * A distance to a geometry. On layers in longitude and latitude it is in metres on the WGS 84 ellipsoid, across the antimeridian and the poles:
 * between points exactly, otherwise within 0.1 % or 2 mm. Edges are straight in longitude and latitude.
 */
export type DistanceFilter = {
  /**
   * At most this far. Metres on longitude and latitude: up to 5,000,000 from points and 200,000 from lines and polygons. Units of the CRS on
   * other layers.
   */
  readonly distance: Scalars['Float']['input'];
  /**
   * From where, in the CRS of the layer; elsewhere than on longitude and latitude it may name another. On longitude and latitude its outlines
   * fit in 64 parts of 200 km; larger ones are refused.
   */
  readonly geometry: GeometryInput;
};

/** How a batch or page came to be. */
export type Execution = {
  readonly __typename?: 'Execution';
  /** Executions so far that began because one had failed, plus one. */
  readonly attempts: Scalars['Int']['output'];
  /** Whether something failed on the way and it went on elsewhere. No feature is lost or doubled by that. */
  readonly degraded: Scalars['Boolean']['output'];
  /** Milliseconds since the operation was asked. */
  readonly elapsedMs: Scalars['Float']['output'];
  /** Which lane ran it. */
  readonly lane: Lane;
  /** What failed, if something did. */
  readonly reason: Maybe<Scalars['String']['output']>;
  /** Row groups that the layer's files or table have, read or not. Null: not yet known, of a table. */
  readonly rowGroups: Maybe<Scalars['Int']['output']>;
  /**
   * How many of the row groups were read: some thousand neighbouring features each, which a filter by place or by a property leaves unread where
   * none of them can match. One that is gone on with is counted again. A stream tells it with its last batch, unless the features ended with the
   * one before. Null: not yet known, or never, because an execution was stopped before its end (a pause, another client's turn, a failure)
   * or an index found the rows.
   */
  readonly rowGroupsRead: Maybe<Scalars['Int']['output']>;
  /** Rows of a table that were looked at, known when `rowGroupsRead` is. Null: of files, of which the engine counts row groups only. */
  readonly rowsScanned: Maybe<Scalars['BigInt']['output']>;
};

/** A plan, without the values of the question and without the names of files. */
export type Explanation = {
  readonly __typename?: 'Explanation';
  /** How the spatial part of the filter leaves rows unread; NONE too where there is no such part. */
  readonly pruning: Pruning;
  /** The columns that are read beside those of the filter: of the order, the key, properties, the geometry. */
  readonly reads: ReadonlyArray<Scalars['String']['output']>;
  /** Whether every feature that matches is sorted before the first leaves; else they leave as they are read. */
  readonly sorted: Scalars['Boolean']['output'];
  /** The statement that runs. The source is written as the layer's name, values are `$1`, `$2`, ... */
  readonly sql: Scalars['String']['output'];
  /** How many values are bound. */
  readonly values: Scalars['Int']['output'];
};

/** Executions that went on in the serial lane. */
export type Fallbacks = {
  readonly __typename?: 'Fallbacks';
  /** Since the server started. */
  readonly count: Scalars['Int']['output'];
  /** Why the last one did. */
  readonly lastReason: Maybe<Scalars['String']['output']>;
  /** Why the last ten did, newest first. */
  readonly lastReasons: ReadonlyArray<Scalars['String']['output']>;
};

/**
 * A thing with a place and properties (OGC). Each layer's features have a type of their own, which is made from its name: those of a layer
 * `observations` are of type `ObservationsFeature`.
 */
export type Feature = {
  /** The box around the geometry; null if it has none or is empty. */
  readonly bbox: Maybe<Scalars['BBox']['output']>;
  /** Where it is; null if it has no geometry. */
  readonly geometry: Maybe<Scalars['Geometry']['output']>;
  /**
   * Unique among the features of all layers: the layer's name, a colon, and the key, e.g. `observations:161407`. Where keys are numbers of rows,
   * the first six characters of the layer's fingerprint stand before them, e.g. `places:3fa9c1-17`: a file that has been replaced has other ids.
   */
  readonly id: Scalars['ID']['output'];
  /** Unique in the layer; see `Layer.key`. */
  readonly key: Scalars['ID']['output'];
  /** The name of its layer. */
  readonly layer: Scalars['String']['output'];
  /** Its attributes by column name. */
  readonly properties: Scalars['JSON']['output'];
};


/**
 * A thing with a place and properties (OGC). Each layer's features have a type of their own, which is made from its name: those of a layer
 * `observations` are of type `ObservationsFeature`.
 */
export type FeatureBboxArgs = {
  crs?: InputMaybe<Scalars['String']['input']>;
};


/**
 * A thing with a place and properties (OGC). Each layer's features have a type of their own, which is made from its name: those of a layer
 * `observations` are of type `ObservationsFeature`.
 */
export type FeatureGeometryArgs = {
  as?: InputMaybe<GeometryEncoding>;
  crs?: InputMaybe<Scalars['String']['input']>;
  precision?: InputMaybe<Scalars['Int']['input']>;
  simplify?: InputMaybe<Scalars['Float']['input']>;
};


/**
 * A thing with a place and properties (OGC). Each layer's features have a type of their own, which is made from its name: those of a layer
 * `observations` are of type `ObservationsFeature`.
 */
export type FeaturePropertiesArgs = {
  only?: InputMaybe<ReadonlyArray<Scalars['String']['input']>>;
};

/** One batch of a streamed result. Each encoding is made only if it is selected. */
export type FeatureBatch = {
  readonly __typename?: 'FeatureBatch';
  /** The features as Arrow. */
  readonly arrow: Scalars['ArrowIPC']['output'];
  /** Features in this batch. */
  readonly count: Scalars['Int']['output'];
  /** Right after the batch's last feature: subscribe again with it as `after` to go on. */
  readonly cursor: Scalars['Cursor']['output'];
  /** How the batch came to be. */
  readonly execution: Execution;
  /** The features. */
  readonly features: ReadonlyArray<Feature>;
  /**
   * The features as one GeoJSON FeatureCollection. It is refused where coordinates are not longitude and latitude: ask for
   * `crs: "OGC:CRS84"`.
   */
  readonly geojson: Scalars['GeoJSON']['output'];
  /** 0, 1, 2, ... without a gap within one subscription. */
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

/** One page of features. */
export type FeatureConnection = {
  readonly __typename?: 'FeatureConnection';
  /** The features as Arrow. */
  readonly arrow: Scalars['ArrowIPC']['output'];
  /** Features in this page. */
  readonly count: Scalars['Int']['output'];
  /** The features, each with its cursor. */
  readonly edges: ReadonlyArray<FeatureEdge>;
  /** How the page came to be. */
  readonly execution: Execution;
  /** The plan that made it, as the rest of the selection asks for it: for those who want to know why a query is slow. */
  readonly explain: Explanation;
  /** The features. */
  readonly features: ReadonlyArray<Feature>;
  /**
   * The features as one GeoJSON FeatureCollection. It is refused where coordinates are not longitude and latitude: ask for
   * `crs: "OGC:CRS84"`.
   */
  readonly geojson: Scalars['GeoJSON']['output'];
  /** What comes before and after this page. */
  readonly pageInfo: PageInfo;
  /** How many features match `where`. It costs a query of its own, which runs only if this is selected. */
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
  /** Right after the feature: a page can begin there. */
  readonly cursor: Scalars['Cursor']['output'];
  /** The feature. */
  readonly node: Feature;
};

/** Which features. Every member that is set must hold; an empty filter holds for all. */
export type FeatureFilter = {
  /** All of these hold. */
  readonly and?: InputMaybe<ReadonlyArray<FeatureFilter>>;
  /** The geometry intersects this box, borders included. */
  readonly bbox?: InputMaybe<Scalars['BBox']['input']>;
  /** The geometry contains this one (OGC contains). */
  readonly contains?: InputMaybe<GeometryInput>;
  /** The interiors meet in less than the larger dimension of the two, and neither contains the other (OGC crosses). */
  readonly crosses?: InputMaybe<GeometryInput>;
  /** The geometry is at most a distance away from this one. */
  readonly dWithin?: InputMaybe<DistanceFilter>;
  /** The geometry has no point in common with this one. No index or statistics help: every row is tested. */
  readonly disjoint?: InputMaybe<GeometryInput>;
  /** Both are the same set of points, however they are written. */
  readonly equals?: InputMaybe<GeometryInput>;
  /** The geometry intersects this one, borders included. */
  readonly intersects?: InputMaybe<GeometryInput>;
  /** This does not hold (a comparison with null neither holds nor fails to). */
  readonly not?: InputMaybe<FeatureFilter>;
  /** At least one of these holds. */
  readonly or?: InputMaybe<ReadonlyArray<FeatureFilter>>;
  /** The interiors meet in the dimension that both have, and each has points outside of the other (OGC overlaps). */
  readonly overlaps?: InputMaybe<GeometryInput>;
  /** A property compares as told. */
  readonly property?: InputMaybe<PropertyFilter>;
  /** The borders meet, and the interiors do not. */
  readonly touches?: InputMaybe<GeometryInput>;
  /** The geometry lies within this one (OGC within): its interior meets this one's, and nothing of it is outside. */
  readonly within?: InputMaybe<GeometryInput>;
};

/** One sort key. */
export type FeatureOrder = {
  /** Ascending or descending. */
  readonly direction?: InputMaybe<SortDirection>;
  /** Where nulls go, whatever the direction. */
  readonly nulls?: InputMaybe<NullsOrder>;
  /** A column of the layer that has an order: not JSON, struct, list or map. */
  readonly property: Scalars['String']['input'];
};

/** How a geometry is written. */
export type GeometryEncoding =
  /** Well-known binary with PostGIS's extensions, with its number of the CRS where it has one, in hexadecimal. */
  | 'EWKB'
  /** The same after `SRID=n;`, PostGIS's number of the CRS; without that where the CRS has none. */
  | 'EWKT'
  /** A GeoJSON geometry object. */
  | 'GEOJSON'
  /**
   * Tiny well-known binary, in hexadecimal: coordinates rounded to `precision` digits. Null for a geometry with numbers that are not finite or
   * that 51 bits do not hold. An empty point within a MultiPoint is left out.
   */
  | 'TWKB'
  /** Well-known binary, ISO, little endian, in hexadecimal. */
  | 'WKB'
  /** Well-known text, ISO. */
  | 'WKT';

/**
 * A geometry given by the client: set exactly one of `geojson`, `wkt`, `wkb`, `twkb` and `bbox`. At most 25,000 vertices, unless the server is
 * set otherwise.
 */
export type GeometryInput = {
  /** A box. */
  readonly bbox?: InputMaybe<Scalars['BBox']['input']>;
  /**
   * What the coordinates are in, as `AUTHORITY:CODE`, x or longitude first; the layer's CRS, if it is left out. Edges are straight in this CRS:
   * they are cut into pieces of at most 1/64 of the geometry's size, which are then transformed.
   */
  readonly crs?: InputMaybe<Scalars['String']['input']>;
  /** A GeoJSON geometry object. */
  readonly geojson?: InputMaybe<Scalars['JSON']['input']>;
  /** Tiny well-known binary without a list of ids, in hexadecimal, or in base64 that is not all hexadecimal digits. */
  readonly twkb?: InputMaybe<Scalars['String']['input']>;
  /** Well-known binary, ISO or extended (EWKB), in hexadecimal or base64. An SRID n says `crs: "EPSG:n"`. */
  readonly wkb?: InputMaybe<Scalars['String']['input']>;
  /** Well-known text, also after `SRID=n;` (EWKT), which says `crs: "EPSG:n"`. */
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

/** What the server and its workers are doing. */
export type Health = {
  readonly __typename?: 'Health';
  /** Time that the server's event loop was late, 99th percentile since the last reading, in milliseconds. */
  readonly eventLoopDelayMs: Scalars['Float']['output'];
  /** Executions that went on in the serial lane. */
  readonly fallbacks: Fallbacks;
  /** How near the normal lane's workers are to a limit of memory. Above 0.8, unless the server is set otherwise, new work goes to the serial lane. */
  readonly memory: MemoryShare;
  /** Layers that are being prepared, by name. */
  readonly preparations: ReadonlyArray<Preparation>;
  /** Sources that are not served, or not wholly, with the reason. */
  readonly problems: ReadonlyArray<Problem>;
  /** Executions waiting for a worker. */
  readonly queued: Scalars['Int']['output'];
  /** Whether every layer can be asked. */
  readonly ready: Scalars['Boolean']['output'];
  /** Resident memory of the server process, without its workers. */
  readonly rssBytes: Scalars['BigInt']['output'];
  /** How the spatial extension was found: `configured`, `installed`, `repository` or `package`. */
  readonly spatialExtension: Scalars['String']['output'];
  /** Streams by what they are doing. */
  readonly streams: StreamCounts;
  /** Seconds since it started. */
  readonly uptimeSeconds: Scalars['Float']['output'];
  /** This server's version. */
  readonly version: Scalars['String']['output'];
  /** One entry a worker process. */
  readonly workers: ReadonlyArray<Worker>;
};

/** A feature whose geometry breaks a rule. */
export type InvalidFeature = {
  readonly __typename?: 'InvalidFeature';
  /** As in `Feature.key`. */
  readonly key: Scalars['ID']['output'];
  /** The rule that it breaks. */
  readonly reason: Scalars['String']['output'];
};

/** How a column's values are written in JSON. */
export type JsonType =
  /** Whatever JSON value is stored. */
  | 'ANY'
  /** An array: a list. */
  | 'ARRAY'
  /** true or false. */
  | 'BOOLEAN'
  /** A number that a double holds without loss. NaN and infinities are null. */
  | 'NUMBER'
  /** An object: a struct or a map. */
  | 'OBJECT'
  /** A string: text, ISO 8601 times, UUID, base64 blobs, and the numbers that a double could not hold. */
  | 'STRING';

/** A group of workers. */
export type Lane =
  /** Where work goes first. */
  | 'NORMAL'
  /** One execution at a time, in less memory: where work goes on after memory or IO trouble. */
  | 'SERIAL';

/** A collection of features with one geometry column. */
export type Layer = {
  readonly __typename?: 'Layer';
  /** What the scan has found of its geometry; null before it. */
  readonly check: Maybe<LayerCheck>;
  /** The properties that features have, in the source's order. */
  readonly columns: ReadonlyArray<Column>;
  /** The CRS of the coordinates; null if the source does not say. */
  readonly crs: Maybe<Crs>;
  /** What it is about, where the configuration says so. */
  readonly description: Maybe<Scalars['String']['output']>;
  /** The box around every feature, in the layer's CRS; null if it is not known or there is none. */
  readonly extent: Maybe<Scalars['BBox']['output']>;
  /** How many features there are; null while it is not known for sure. */
  readonly featureCount: Maybe<Scalars['BigInt']['output']>;
  /** Changes when the data does, or the layer's configuration: servers with the same of both tell the same. */
  readonly fingerprint: Scalars['String']['output'];
  /** The name of the geometry column in the source. */
  readonly geometryColumn: Scalars['String']['output'];
  /** Geometry types met by the scan; before it, those that the source claims. */
  readonly geometryTypes: ReadonlyArray<GeometryType>;
  /** Whether coordinates have a height; null while it is not known. */
  readonly hasZ: Maybe<Scalars['Boolean']['output']>;
  /** What `Feature.key` is made of. */
  readonly key: LayerKey;
  /** Unique: as configured, else made from the file's or table's name. */
  readonly name: Scalars['String']['output'];
  /** What becomes of features whose geometry is not valid. */
  readonly onInvalid: OnInvalid;
  /** How far its preparation is; null unless it is PREPARING. */
  readonly preparation: Maybe<Preparation>;
  /** How a spatial filter leaves rows unread. */
  readonly pruning: Pruning;
  /** Whether it has been prepared and scanned yet. */
  readonly state: LayerState;
  /** What people call it, where the configuration says so. */
  readonly title: Maybe<Scalars['String']['output']>;
};

/** What a scan of every feature has found of its geometry. */
export type LayerCheck = {
  readonly __typename?: 'LayerCheck';
  /** Features whose geometry is empty. */
  readonly emptyGeometries: Scalars['BigInt']['output'];
  /** The first ten of these. */
  readonly firstInvalid: ReadonlyArray<InvalidFeature>;
  /**
   * Features of the source whose geometry breaks a rule of OGC Simple Features, a polygon that crosses itself for one; `Layer.onInvalid` tells what
   * becomes of them.
   */
  readonly invalid: Scalars['BigInt']['output'];
  /** Features without a geometry. */
  readonly nullGeometries: Scalars['BigInt']['output'];
  /** Features with a measure. */
  readonly withM: Scalars['BigInt']['output'];
  /** Features with a height. */
  readonly withZ: Scalars['BigInt']['output'];
};

/** What `Feature.key` is made of. */
export type LayerKey = {
  readonly __typename?: 'LayerKey';
  /** The column, for kind COLUMN. */
  readonly column: Maybe<Scalars['String']['output']>;
  /** Whether keys are values of a column or numbers of rows. */
  readonly kind: LayerKeyKind;
};

/** Whether keys are values of a column or numbers of rows. */
export type LayerKeyKind =
  /** A primary key, or a column proven unique: a key stays the same when the data changes. */
  | 'COLUMN'
  /**
   * The row's number in the source, from 0: it holds as long as the fingerprint does. `Feature.id` holds the first six characters of the
   * fingerprint too.
   */
  | 'ROW_NUMBER';

/** Where a layer is on its way. */
export type LayerState =
  /** It can be asked; a scan of its geometry is under way. */
  | 'CHECKING'
  /** It cannot be asked yet: its file is turned into GeoParquet, and nothing else is known of it. */
  | 'PREPARING'
  /** It can be asked, and what is said of it has been proven by a scan. */
  | 'READY';

/** A limit of memory. */
export type MemoryLimit =
  /** The process's address space: RLIMIT_AS, as set by `ulimit -v`. */
  | 'ADDRESS_SPACE'
  /** The control group's, a container's say, without the file cache. */
  | 'CONTROL_GROUP'
  /** What a worker should hold at most by its configuration, in resident memory. */
  | 'RESIDENT';

/** How near workers are to a limit of memory: of all workers and limits the nearest. */
export type MemoryShare = {
  readonly __typename?: 'MemoryShare';
  /** The limit; null where none is known. */
  readonly limit: Maybe<MemoryLimit>;
  /** 0 to 1 and beyond; 0 where nothing is known. */
  readonly share: Scalars['Float']['output'];
};

/** One line of `duckdb_memory()`. */
export type MemoryUse = {
  readonly __typename?: 'MemoryUse';
  /** Bytes of memory. */
  readonly memoryBytes: Scalars['BigInt']['output'];
  /** What it is used for. */
  readonly tag: Scalars['String']['output'];
  /** Bytes of temporary files. */
  readonly tempBytes: Scalars['BigInt']['output'];
};

/** Whatever has an id of its own. */
export type Node = {
  /** Unique among all that the server has. */
  readonly id: Scalars['ID']['output'];
};

/** Where nulls go in a sort. */
export type NullsOrder =
  /** Before every value. */
  | 'FIRST'
  /** Behind every value. */
  | 'LAST';

/** What becomes of features whose geometry is not valid by OGC's rules, such as a polygon that crosses itself. */
export type OnInvalid =
  /** They are left out everywhere, counts included. */
  | 'DROP'
  /** They are kept as they are. */
  | 'FLAG'
  /** They are kept, with their geometry made valid once the layer is READY; its M values are lost. */
  | 'REPAIR';

/** What comes before and after a page. Pages go forward only. */
export type PageInfo = {
  readonly __typename?: 'PageInfo';
  /** Right after the page's last feature: pass it as `after` for the next page. Null for an empty page. */
  readonly endCursor: Maybe<Scalars['Cursor']['output']>;
  /** Whether there are features after this page. */
  readonly hasNextPage: Scalars['Boolean']['output'];
  /** Whether `after` was given. */
  readonly hasPreviousPage: Scalars['Boolean']['output'];
  /** Right after the page's first feature. Null for an empty page. */
  readonly startCursor: Maybe<Scalars['Cursor']['output']>;
};

/**
 * A file of a format other than the engine's own (GeoPackage, Shapefile, FlatGeobuf, GeoJSON, CSV) on its way to a copy in GeoParquet. It is
 * made once: the next start finds it.
 */
export type Preparation = {
  readonly __typename?: 'Preparation';
  /** The layer's name. */
  readonly layer: Scalars['String']['output'];
  /** Of the whole way: 0 to 100. */
  readonly percent: Scalars['Float']['output'];
  /** Features that the stage is through with. */
  readonly rows: Scalars['BigInt']['output'];
  /** Features a second in this stage; null while it is not known. */
  readonly rowsPerSecond: Maybe<Scalars['Float']['output']>;
  /** Seconds that it may still take; null while it is not known. */
  readonly secondsLeft: Maybe<Scalars['Float']['output']>;
  /** What is being done. */
  readonly stage: PreparationStage;
  /** Features in all; null while it is not known. */
  readonly total: Maybe<Scalars['BigInt']['output']>;
};

/** What is being done with a file that is prepared. */
export type PreparationStage =
  /** It is read. */
  | 'READING'
  /** Nothing yet: files are prepared one after the other, the smallest first. */
  | 'WAITING'
  /** Its features are sorted along a Hilbert curve and written. */
  | 'WRITING';

/** A source that is not served, or not wholly. */
export type Problem = {
  readonly __typename?: 'Problem';
  /** What is wrong with it. */
  readonly reason: Scalars['String']['output'];
  /** The file's name. */
  readonly source: Scalars['String']['output'];
};

/**
 * A comparison of one property: every member that is set must hold. Values are of the column's JSON type; a comparison with a null
 * property never holds. Inside JSON, values are compared with those of their own type, and are null to others.
 */
export type PropertyFilter = {
  /** Between two values, both ends included: `[least, largest]`. */
  readonly between?: InputMaybe<ReadonlyArray<Scalars['JSON']['input']>>;
  /** Equal to. */
  readonly eq?: InputMaybe<Scalars['JSON']['input']>;
  /** Greater than. */
  readonly gt?: InputMaybe<Scalars['JSON']['input']>;
  /** Greater than or equal to. */
  readonly gte?: InputMaybe<Scalars['JSON']['input']>;
  /** The list has this element; in JSON, the array. */
  readonly has?: InputMaybe<Scalars['JSON']['input']>;
  /** The list has all of these elements: at most 10,000. */
  readonly hasAll?: InputMaybe<ReadonlyArray<Scalars['JSON']['input']>>;
  /** The list has at least one of these elements: at most 10,000. */
  readonly hasAny?: InputMaybe<ReadonlyArray<Scalars['JSON']['input']>>;
  /** As `like`, whatever the letter case. */
  readonly ilike?: InputMaybe<Scalars['String']['input']>;
  /** Equal to one of these: at most 10,000. */
  readonly in?: InputMaybe<ReadonlyArray<Scalars['JSON']['input']>>;
  /** Null (true) or not null (false). */
  readonly isNull?: InputMaybe<Scalars['Boolean']['input']>;
  /**
   * The whole text matches a pattern: `%` is any text, `_` one character, and a backslash takes the meaning from what follows it. At most
   * 1,000 characters.
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
   * A member inside the column, by names from the outside in: of structs, of maps with text keys, and of JSON, where a number is a place in an
   * array. At most 16.
   */
  readonly path?: InputMaybe<ReadonlyArray<Scalars['String']['input']>>;
  /** The text begins with this one. */
  readonly startsWith?: InputMaybe<Scalars['String']['input']>;
};

/** How a spatial filter leaves rows unread. */
export type Pruning =
  /** The boxes of a covering column (GeoParquet 1.1), or of the columns xmin, ymin, xmax, ymax, are compared first; row groups outside are not read. */
  | 'COVERING_COLUMN'
  /** Every row is tested. */
  | 'NONE'
  /** Statistics on the geometry column itself. */
  | 'ROW_GROUP_STATISTICS'
  /** A spatial index of the table. */
  | 'RTREE';

export type Query = {
  readonly __typename?: 'Query';
  /** One feature, or null if the layer has none of that id. */
  readonly feature: Maybe<Feature>;
  /** One page of a layer's features. For a whole layer, or a result of unknown size, subscribe to `featureBatches`. */
  readonly features: FeatureConnection;
  /** What the server and its workers are doing. It answers while every worker is busy. */
  readonly health: Health;
  /** One layer, or null if none has that name. */
  readonly layer: Maybe<Layer>;
  /** Every layer that is served, by name. */
  readonly layers: ReadonlyArray<Layer>;
  /**
   * One feature by `Feature.id`. Null if there is none: the layer is not served, has no such feature, or the id holds the number of a row in a
   * file that has been replaced.
   */
  readonly node: Maybe<Node>;
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


export type QueryNodeArgs = {
  id: Scalars['ID']['input'];
};

/** Which way a sort goes. */
export type SortDirection =
  /** Smallest first. */
  | 'ASC'
  /** Largest first. */
  | 'DESC';

/** Streams by what they are doing. */
export type StreamCounts = {
  readonly __typename?: 'StreamCounts';
  /** They wait for their client, and hold none. */
  readonly parked: Scalars['Int']['output'];
  /** They hold a worker. */
  readonly running: Scalars['Int']['output'];
  /** They wait for one. */
  readonly waiting: Scalars['Int']['output'];
};

export type Subscription = {
  readonly __typename?: 'Subscription';
  /**
   * One result, delivered batch by batch as the client reads. The operation completes only when every feature has arrived; anything else
   * ends it with an error that carries the cursor to resume from.
   */
  readonly featureBatches: FeatureBatch;
  /** `health`, again and again. */
  readonly health: Health;
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


export type SubscriptionHealthArgs = {
  everyMs?: InputMaybe<Scalars['Int']['input']>;
};

/** A worker process: one DuckDB instance. */
export type Worker = {
  readonly __typename?: 'Worker';
  /** When the figures were taken. */
  readonly at: Maybe<Scalars['DateTime']['output']>;
  /** How many processes have died in its place since the server started. */
  readonly deaths: Scalars['Int']['output'];
  /** DuckDB's version. */
  readonly duckdbVersion: Maybe<Scalars['String']['output']>;
  /** Its lane. */
  readonly lane: Lane;
  /** `duckdb_memory()`, largest first, at most ten. */
  readonly memory: ReadonlyArray<MemoryUse>;
  /** `current_setting('memory_limit')`, as the worker read it back. */
  readonly memoryLimit: Maybe<Scalars['String']['output']>;
  /** Process id; null while it starts. */
  readonly pid: Maybe<Scalars['Int']['output']>;
  /** Resident memory of the process. */
  readonly rssBytes: Maybe<Scalars['BigInt']['output']>;
  /** The spatial extension's version. */
  readonly spatialVersion: Maybe<Scalars['String']['output']>;
  /** What it is doing. */
  readonly state: WorkerState;
  /** `current_setting('threads')`, as the worker read it back. */
  readonly threads: Maybe<Scalars['Int']['output']>;
};

/** What a worker process is doing. */
export type WorkerState =
  /** Running an execution. */
  | 'BUSY'
  /** It could not start, and is tried again. */
  | 'FAILED'
  /** Waiting for work. */
  | 'IDLE'
  /** Opening its instance. */
  | 'STARTING';



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
  Boolean: ResolverTypeWrapper<Scalars['Boolean']['output']>;
  Column: ResolverTypeWrapper<FieldModel>;
  Crs: ResolverTypeWrapper<Crs>;
  Cursor: ResolverTypeWrapper<Scalars['Cursor']['output']>;
  DateTime: ResolverTypeWrapper<Scalars['DateTime']['output']>;
  DistanceFilter: DistanceFilter;
  Execution: ResolverTypeWrapper<Execution>;
  Explanation: ResolverTypeWrapper<Explanation>;
  Fallbacks: ResolverTypeWrapper<Fallbacks>;
  Feature: ResolverTypeWrapper<ResolversInterfaceTypes<ResolversTypes>['Feature']>;
  FeatureBatch: ResolverTypeWrapper<BatchDelivery>;
  FeatureConnection: ResolverTypeWrapper<AnyPage>;
  FeatureEdge: ResolverTypeWrapper<Omit<FeatureEdge, 'node'> & { node: ResolversTypes['Feature'] }>;
  FeatureFilter: FeatureFilter;
  FeatureOrder: FeatureOrder;
  Float: ResolverTypeWrapper<Scalars['Float']['output']>;
  GeoJSON: ResolverTypeWrapper<Scalars['GeoJSON']['output']>;
  Geometry: ResolverTypeWrapper<Scalars['Geometry']['output']>;
  GeometryEncoding: GeometryEncoding;
  GeometryInput: GeometryInput;
  GeometryType: GeometryType;
  Health: ResolverTypeWrapper<Omit<Health, 'workers'> & { workers: ReadonlyArray<ResolversTypes['Worker']> }>;
  ID: ResolverTypeWrapper<Scalars['ID']['output']>;
  Int: ResolverTypeWrapper<Scalars['Int']['output']>;
  InvalidFeature: ResolverTypeWrapper<InvalidFeatureModel>;
  JSON: ResolverTypeWrapper<Scalars['JSON']['output']>;
  JsonType: JsonType;
  Lane: Lane;
  Layer: ResolverTypeWrapper<LayerModel>;
  LayerCheck: ResolverTypeWrapper<Omit<LayerCheck, 'firstInvalid'> & { firstInvalid: ReadonlyArray<ResolversTypes['InvalidFeature']> }>;
  LayerKey: ResolverTypeWrapper<LayerKeyModel>;
  LayerKeyKind: LayerKeyKind;
  LayerState: LayerState;
  MemoryLimit: MemoryLimit;
  MemoryShare: ResolverTypeWrapper<MemoryShare>;
  MemoryUse: ResolverTypeWrapper<MemoryUse>;
  Node: ResolverTypeWrapper<ResolversInterfaceTypes<ResolversTypes>['Node']>;
  NullsOrder: NullsOrder;
  OnInvalid: OnInvalid;
  PageInfo: ResolverTypeWrapper<PageInfo>;
  Preparation: ResolverTypeWrapper<Preparation>;
  PreparationStage: PreparationStage;
  Problem: ResolverTypeWrapper<Problem>;
  PropertyFilter: PropertyFilter;
  Pruning: Pruning;
  Query: ResolverTypeWrapper<Record<PropertyKey, never>>;
  SortDirection: SortDirection;
  StreamCounts: ResolverTypeWrapper<StreamCounts>;
  String: ResolverTypeWrapper<Scalars['String']['output']>;
  Subscription: ResolverTypeWrapper<Record<PropertyKey, never>>;
  Worker: ResolverTypeWrapper<WorkerHealth>;
  WorkerState: WorkerState;
};

/** Mapping between all available schema types and the resolvers parents */
export type ResolversParentTypes = {
  ArrowIPC: Scalars['ArrowIPC']['output'];
  BBox: Scalars['BBox']['output'];
  BigInt: Scalars['BigInt']['output'];
  Boolean: Scalars['Boolean']['output'];
  Column: FieldModel;
  Crs: Crs;
  Cursor: Scalars['Cursor']['output'];
  DateTime: Scalars['DateTime']['output'];
  DistanceFilter: DistanceFilter;
  Execution: Execution;
  Explanation: Explanation;
  Fallbacks: Fallbacks;
  Feature: ResolversInterfaceTypes<ResolversParentTypes>['Feature'];
  FeatureBatch: BatchDelivery;
  FeatureConnection: AnyPage;
  FeatureEdge: Omit<FeatureEdge, 'node'> & { node: ResolversParentTypes['Feature'] };
  FeatureFilter: FeatureFilter;
  FeatureOrder: FeatureOrder;
  Float: Scalars['Float']['output'];
  GeoJSON: Scalars['GeoJSON']['output'];
  Geometry: Scalars['Geometry']['output'];
  GeometryInput: GeometryInput;
  Health: Omit<Health, 'workers'> & { workers: ReadonlyArray<ResolversParentTypes['Worker']> };
  ID: Scalars['ID']['output'];
  Int: Scalars['Int']['output'];
  InvalidFeature: InvalidFeatureModel;
  JSON: Scalars['JSON']['output'];
  Layer: LayerModel;
  LayerCheck: Omit<LayerCheck, 'firstInvalid'> & { firstInvalid: ReadonlyArray<ResolversParentTypes['InvalidFeature']> };
  LayerKey: LayerKeyModel;
  MemoryShare: MemoryShare;
  MemoryUse: MemoryUse;
  Node: ResolversInterfaceTypes<ResolversParentTypes>['Node'];
  PageInfo: PageInfo;
  Preparation: Preparation;
  Problem: Problem;
  PropertyFilter: PropertyFilter;
  Query: Record<PropertyKey, never>;
  StreamCounts: StreamCounts;
  String: Scalars['String']['output'];
  Subscription: Record<PropertyKey, never>;
  Worker: WorkerHealth;
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

export type ColumnResolvers<ContextType = Context, ParentType extends ResolversParentTypes['Column'] = ResolversParentTypes['Column']> = {
  jsonType?: Resolver<ResolversTypes['JsonType'], ParentType, ContextType>;
  name?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  nullable?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  type?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
};

export type CrsResolvers<ContextType = Context, ParentType extends ResolversParentTypes['Crs'] = ResolversParentTypes['Crs']> = {
  code?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  isLonLat?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  name?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
};

export interface CursorScalarConfig extends GraphQLScalarTypeConfig<ResolversTypes['Cursor'], any> {
  name: 'Cursor';
}

export interface DateTimeScalarConfig extends GraphQLScalarTypeConfig<ResolversTypes['DateTime'], any> {
  name: 'DateTime';
}

export type ExecutionResolvers<ContextType = Context, ParentType extends ResolversParentTypes['Execution'] = ResolversParentTypes['Execution']> = {
  attempts?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  degraded?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  elapsedMs?: Resolver<ResolversTypes['Float'], ParentType, ContextType>;
  lane?: Resolver<ResolversTypes['Lane'], ParentType, ContextType>;
  reason?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  rowGroups?: Resolver<Maybe<ResolversTypes['Int']>, ParentType, ContextType>;
  rowGroupsRead?: Resolver<Maybe<ResolversTypes['Int']>, ParentType, ContextType>;
  rowsScanned?: Resolver<Maybe<ResolversTypes['BigInt']>, ParentType, ContextType>;
};

export type ExplanationResolvers<ContextType = Context, ParentType extends ResolversParentTypes['Explanation'] = ResolversParentTypes['Explanation']> = {
  pruning?: Resolver<ResolversTypes['Pruning'], ParentType, ContextType>;
  reads?: Resolver<ReadonlyArray<ResolversTypes['String']>, ParentType, ContextType>;
  sorted?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  sql?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  values?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
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
  node?: Resolver<ResolversTypes['Feature'], ParentType, ContextType>;
};

export interface GeoJsonScalarConfig extends GraphQLScalarTypeConfig<ResolversTypes['GeoJSON'], any> {
  name: 'GeoJSON';
}

export interface GeometryScalarConfig extends GraphQLScalarTypeConfig<ResolversTypes['Geometry'], any> {
  name: 'Geometry';
}

export type HealthResolvers<ContextType = Context, ParentType extends ResolversParentTypes['Health'] = ResolversParentTypes['Health']> = {
  eventLoopDelayMs?: Resolver<ResolversTypes['Float'], ParentType, ContextType>;
  fallbacks?: Resolver<ResolversTypes['Fallbacks'], ParentType, ContextType>;
  memory?: Resolver<ResolversTypes['MemoryShare'], ParentType, ContextType>;
  preparations?: Resolver<ReadonlyArray<ResolversTypes['Preparation']>, ParentType, ContextType>;
  problems?: Resolver<ReadonlyArray<ResolversTypes['Problem']>, ParentType, ContextType>;
  queued?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  ready?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  rssBytes?: Resolver<ResolversTypes['BigInt'], ParentType, ContextType>;
  spatialExtension?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  streams?: Resolver<ResolversTypes['StreamCounts'], ParentType, ContextType>;
  uptimeSeconds?: Resolver<ResolversTypes['Float'], ParentType, ContextType>;
  version?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  workers?: Resolver<ReadonlyArray<ResolversTypes['Worker']>, ParentType, ContextType>;
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
  geometryColumn?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  geometryTypes?: Resolver<ReadonlyArray<ResolversTypes['GeometryType']>, ParentType, ContextType>;
  hasZ?: Resolver<Maybe<ResolversTypes['Boolean']>, ParentType, ContextType>;
  key?: Resolver<ResolversTypes['LayerKey'], ParentType, ContextType>;
  name?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  onInvalid?: Resolver<ResolversTypes['OnInvalid'], ParentType, ContextType>;
  preparation?: Resolver<Maybe<ResolversTypes['Preparation']>, ParentType, ContextType>;
  pruning?: Resolver<ResolversTypes['Pruning'], ParentType, ContextType>;
  state?: Resolver<ResolversTypes['LayerState'], ParentType, ContextType>;
  title?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
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

export type MemoryShareResolvers<ContextType = Context, ParentType extends ResolversParentTypes['MemoryShare'] = ResolversParentTypes['MemoryShare']> = {
  limit?: Resolver<Maybe<ResolversTypes['MemoryLimit']>, ParentType, ContextType>;
  share?: Resolver<ResolversTypes['Float'], ParentType, ContextType>;
};

export type MemoryUseResolvers<ContextType = Context, ParentType extends ResolversParentTypes['MemoryUse'] = ResolversParentTypes['MemoryUse']> = {
  memoryBytes?: Resolver<ResolversTypes['BigInt'], ParentType, ContextType>;
  tag?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  tempBytes?: Resolver<ResolversTypes['BigInt'], ParentType, ContextType>;
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
  feature?: Resolver<Maybe<ResolversTypes['Feature']>, ParentType, ContextType, RequireFields<QueryFeatureArgs, 'id' | 'layer'>>;
  features?: Resolver<ResolversTypes['FeatureConnection'], ParentType, ContextType, RequireFields<QueryFeaturesArgs, 'first' | 'layer'>>;
  health?: Resolver<ResolversTypes['Health'], ParentType, ContextType>;
  layer?: Resolver<Maybe<ResolversTypes['Layer']>, ParentType, ContextType, RequireFields<QueryLayerArgs, 'name'>>;
  layers?: Resolver<ReadonlyArray<ResolversTypes['Layer']>, ParentType, ContextType>;
  node?: Resolver<Maybe<ResolversTypes['Node']>, ParentType, ContextType, RequireFields<QueryNodeArgs, 'id'>>;
};

export type StreamCountsResolvers<ContextType = Context, ParentType extends ResolversParentTypes['StreamCounts'] = ResolversParentTypes['StreamCounts']> = {
  parked?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  running?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  waiting?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
};

export type SubscriptionResolvers<ContextType = Context, ParentType extends ResolversParentTypes['Subscription'] = ResolversParentTypes['Subscription']> = {
  featureBatches?: SubscriptionResolver<ResolversTypes['FeatureBatch'], "featureBatches", ParentType, ContextType, RequireFields<SubscriptionFeatureBatchesArgs, 'batchSize' | 'layer'>>;
  health?: SubscriptionResolver<ResolversTypes['Health'], "health", ParentType, ContextType, RequireFields<SubscriptionHealthArgs, 'everyMs'>>;
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

export type Resolvers<ContextType = Context> = {
  ArrowIPC?: GraphQLScalarType;
  BBox?: GraphQLScalarType;
  BigInt?: GraphQLScalarType;
  Column?: ColumnResolvers<ContextType>;
  Crs?: CrsResolvers<ContextType>;
  Cursor?: GraphQLScalarType;
  DateTime?: GraphQLScalarType;
  Execution?: ExecutionResolvers<ContextType>;
  Explanation?: ExplanationResolvers<ContextType>;
  Fallbacks?: FallbacksResolvers<ContextType>;
  Feature?: FeatureResolvers<ContextType>;
  FeatureBatch?: FeatureBatchResolvers<ContextType>;
  FeatureConnection?: FeatureConnectionResolvers<ContextType>;
  FeatureEdge?: FeatureEdgeResolvers<ContextType>;
  GeoJSON?: GraphQLScalarType;
  Geometry?: GraphQLScalarType;
  Health?: HealthResolvers<ContextType>;
  InvalidFeature?: InvalidFeatureResolvers<ContextType>;
  JSON?: GraphQLScalarType;
  Layer?: LayerResolvers<ContextType>;
  LayerCheck?: LayerCheckResolvers<ContextType>;
  LayerKey?: LayerKeyResolvers<ContextType>;
  MemoryShare?: MemoryShareResolvers<ContextType>;
  MemoryUse?: MemoryUseResolvers<ContextType>;
  Node?: NodeResolvers<ContextType>;
  PageInfo?: PageInfoResolvers<ContextType>;
  Preparation?: PreparationResolvers<ContextType>;
  Problem?: ProblemResolvers<ContextType>;
  Query?: QueryResolvers<ContextType>;
  StreamCounts?: StreamCountsResolvers<ContextType>;
  Subscription?: SubscriptionResolvers<ContextType>;
  Worker?: WorkerResolvers<ContextType>;
};

