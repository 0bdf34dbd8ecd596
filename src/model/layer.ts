/**
 * The description of a layer. It is plain, frozen data: GraphQL shows it, an engine's dialect compiles it, and processes
 * exchange it.
 */

import type { GeometryTypeName, NativeType } from '../geometry/geometry-type.ts'
import type { FieldType } from './field-type.ts'
import type { Preparation } from './preparation.ts'

/** West, south, east, north (the order of RFC 7946), in the units of the layer's CRS. */
export type BBox = readonly [west: number, south: number, east: number, north: number]

/** The JSON type of a column's values. It depends on the column's type, never on a value. */
export type JsonType = 'NUMBER' | 'STRING' | 'BOOLEAN' | 'OBJECT' | 'ARRAY' | 'ANY'

/** A property of the layer's features: any column except the geometry and the covering column. */
export interface Field {
  readonly name: string
  readonly type: FieldType
  /** The engine's name of the type. */
  readonly native: string
  readonly jsonType: JsonType
  readonly nullable: boolean
  /** The name in GraphQL that the configuration gives it. @default derived from the name */
  readonly graphqlName?: string
  /** The description of the configuration, or the comment of the column in the source. */
  readonly description?: string
  /** All values of a text, sorted. Only for a column of `enums` that a check has proven to have few. */
  readonly values?: readonly string[]
  /** The type to which the engine must cast the column before it can read its members. @default none */
  readonly readAs?: string
}

/** Most values of an enum type in GraphQL. A column with more is a String. */
export const MOST_ENUM_VALUES = 1_000

export interface Crs {
  /** `AUTHORITY:CODE`, such as `EPSG:3857` or `OGC:CRS84`, if the source has one. */
  readonly code: string | null
  readonly name: string
  /** True if coordinates are longitude and latitude in degrees on WGS 84 with x first, as RFC 7946 requires. */
  readonly isLonLat: boolean
  /** PROJJSON or WKT that defines the CRS, for a CRS without a code that PROJ knows. */
  readonly definition?: string
}

/** The location of the rows. Paths and names are only from the catalogue. */
export type Relation =
  | {
      readonly kind: 'parquet'
      /** Absolute paths in natural order. */
      readonly files: readonly string[]
      /** Rows of each file, from the footers. */
      readonly fileRows: readonly number[]
      /** The summary of each file. */
      readonly fileSummaries?: readonly FileSummary[]
    }
  | {
      readonly kind: 'table'
      /** The alias under which workers attach the database. */
      readonly database: string
      readonly schema: string
      readonly table: string
    }

/** The rows of a live layer at one version: those of its base, as long as no later change replaces them, and those that changed since. */
export interface LiveRelation {
  readonly kind: 'live'
  /** The number of the layer in its store. */
  readonly layer: number
  /** The base that the changes are relative to. 0 is the empty base that every layer begins with. */
  readonly generation: number
  readonly version: number
  /** Instead of its rows: the features that differ from this earlier version. @default all rows */
  readonly since?: number
  /** With `since`: every change after that version, instead of one difference. @default false */
  readonly steps?: boolean
}

/**
 * Rows that another engine gathers into Parquet files, for each query. Their natural order is that of the layer's key, so a position is the same in
 * every gathering.
 */
export interface GatheredRelation {
  readonly kind: 'gathered'
  /** The name of the engine in the configuration. */
  readonly engine: string
  /** The digest of the content. */
  readonly snapshot: string
  /** The Parquet files of the content, as the engine sees them. None if it is a table. */
  readonly paths: readonly string[]
  /** The content, if it is a table. */
  readonly table?: TableVersion
  /** The column of the key. It is unique and never null. */
  readonly key: Field
  /** The gathered files, in the order of the key. Absent: nothing is gathered yet, and no statement can run. */
  readonly files?: readonly string[]
  /** True: the files have the groups of the one query, and not rows. @default false */
  readonly grouped?: boolean
}

/** A table of another engine at one of its versions, whose rows never change. */
export interface TableVersion {
  /** The parts of its name: catalog, database, table. */
  readonly name: readonly string[]
  /** A whole number: the id of a snapshot of Iceberg, or the version of a table of Delta. */
  readonly version: string
}

/** Parquet files, or a table. */
export type GatheredContent = readonly string[] | TableVersion

/** True if the rows of this version of the layer stay the same when there is a newer one. */
export const isPinned = ({ relation }: Pick<Layer, 'relation'>): boolean =>
  relation.kind === 'gathered' && relation.table !== undefined

/** Facts that the footer of a Parquet file contains. */
export interface FileSummary {
  readonly rowGroups: number
  /** The extent of its features, if `Layer.pruning` may use it. Null if it is not known for all of them. */
  readonly extent: BBox | null
}

/** The method by which a box skips rows. */
export type Pruning =
  | CoveringColumn
  | { readonly kind: 'RTREE' }
  | { readonly kind: 'ROW_GROUP_STATISTICS' }
  | { readonly kind: 'NONE' }

export interface CoveringColumn {
  readonly kind: 'COVERING_COLUMN'
  readonly column: string | null
  readonly members: CoveringMembers
  readonly float32: boolean
}

/**
 * The members of the struct `column` with each side of the box (`covering.bbox` of GeoParquet 1.1). Without `column`: columns
 * of the row.
 */
export interface CoveringMembers {
  readonly xmin: string
  readonly ymin: string
  readonly xmax: string
  readonly ymax: string
}

/** A copy of all rows of a table, in the same database, in the order of one column and then of their row numbers. */
export interface SortedCopy {
  readonly column: string
  readonly schema: string
  readonly table: string
  /** The rows whose value is null. They come last. */
  readonly nulls: number
  /** Different values that are not null. */
  readonly values: number
}

/** The origin of `Feature.key`. Row numbers change when the file changes. */
export type LayerKey =
  /** `field`: the column, if it is no property. `isPrimary`: an index of the engine finds its values. */
  | { readonly kind: 'COLUMN'; readonly column: string; readonly field?: Field; readonly isPrimary?: true }
  | { readonly kind: 'ROW_NUMBER' }

/**
 * The storage form of the geometry column: DuckDB's GEOMETRY, WKB in a BLOB, or a native (GeoArrow) encoding of GeoParquet 1.1, which DuckDB
 * reads as nested lists of structs.
 */
export type GeometryEncoding = 'GEOMETRY' | 'WKB' | NativeType

export type LayerState = 'PREPARING' | 'CHECKING' | 'READY'

/**
 * The treatment of features whose geometry is invalid by OGC's rules, such as a polygon that crosses itself: they are served unchanged, served
 * with a repaired geometry, or excluded.
 */
export type OnInvalid = 'flag' | 'repair' | 'drop'

/** The configuration of a layer. */
export interface LayerOverrides {
  readonly title: string | null
  readonly description: string | null
  /** The name in GraphQL. Null: derived from the layer's name. */
  readonly graphqlName?: string | null
  /** Columns of the source that no client may see. */
  readonly hidden: readonly string[]
  /** Columns of texts that are enums in GraphQL if they have few values. @default none */
  readonly enums?: readonly string[]
  readonly onInvalid: OnInvalid
  /** The name of a property, a number, by which tiles of low zooms choose features. @default none */
  readonly importance?: string
}

/** FEATURES have a geometry column. The rows of a TABLE have none. */
export type LayerKind = 'FEATURES' | 'TABLE'

export interface Layer {
  /** The shortest of its names that no other layer asks for. It may change when a source is added or removed. */
  readonly name: string
  /** A name that it keeps when another layer asks for `name`. @default the name */
  readonly longName?: string
  /** All names that it may have, the shortest first. They never change, and the last one identifies the layer. @default the name alone */
  readonly names?: readonly string[]
  /** True if clients may write to it. @default false */
  readonly isWritable?: boolean
  readonly state: LayerState
  /** The progress of a layer that is PREPARING, of which nothing else is known. */
  readonly preparation?: Preparation
  readonly relation: Relation | LiveRelation | GatheredRelation
  /** The properties. */
  readonly columns: readonly Field[]
  /** Null for a TABLE; then nothing else describes a geometry either. */
  readonly geometryColumn: string | null
  readonly geometryEncoding: GeometryEncoding | null
  /** Geometry types that the check found. Before the check: the types that the source declares; empty if it declares none. */
  readonly geometryTypes: readonly GeometryTypeName[]
  readonly hasZ: boolean | null
  /**
   * True if the check found polygons with an empty ring, such as `[shell, []]`, or collections with an empty member. Absent or
   * false: it found none, or has not run.
   */
  readonly hasEmptyRings?: boolean
  /** The dimensions that every geometry was proven to have. Absent or null: unknown, with measures, or mixed. */
  readonly coordinates?: 'XY' | 'XYZ' | null
  readonly crs: Crs | null
  readonly extent: BBox | null
  /** Null while the exact number is unknown. */
  readonly featureCount: number | null
  readonly key: LayerKey
  readonly pruning: Pruning
  /** Copies of the table's rows that the check has proven. @default none */
  readonly sortedCopies?: readonly SortedCopy[]
  /**
   * A hex digest of content that is cheap to read, and of the layer's configuration. Servers with the same content and
   * configuration have the same fingerprint.
   */
  readonly fingerprint: string
  /** Absent for a layer that is served unchanged. */
  readonly tailoring?: LayerOverrides
  /** The result of the check of the geometry. Absent before it, and for a TABLE. */
  readonly check?: CheckReport
}

export type Names = Pick<Layer, 'name' | 'longName' | 'names'>

/** Returns all names that the layer may have. */
export const namesOf = ({ name, names = [name] }: Names): readonly string[] => names

/** Returns the name that identifies the layer. It stays when `name` changes. */
export const identityOf = (layer: Names): string => namesOf(layer).at(-1)!

/** A layer, or a part of one, with a geometry column. */
export type Spatial<Described extends Pick<Layer, 'geometryColumn' | 'geometryEncoding'>> = Described & {
  readonly geometryColumn: string
  readonly geometryEncoding: GeometryEncoding
}

export function hasGeometry<Described extends Pick<Layer, 'geometryColumn' | 'geometryEncoding'>>(
  layer: Described,
): layer is Spatial<Described> {
  return layer.geometryColumn !== null
}

export const kindOf = ({ geometryColumn }: Pick<Layer, 'geometryColumn'>): LayerKind =>
  geometryColumn === null ? 'TABLE' : 'FEATURES'

/** The result of a scan of every geometry. */
export interface CheckReport {
  readonly nullGeometries: number
  readonly emptyGeometries: number
  readonly withZ: number
  readonly withM: number
  /**
   * Invalid geometries in the source, by the rules of OGC Simple Features. `LayerOverrides.onInvalid` says how they are
   * treated.
   */
  readonly invalid: number
  /** The first ten of them. */
  readonly firstInvalid: readonly InvalidFeature[]
}

export interface InvalidFeature {
  /** The key of the feature. */
  readonly id: string
  readonly reason: string
}

/** A source that is not served, or only in part. */
export interface Problem {
  /** The file's name without its folder. */
  readonly source: string
  readonly reason: string
}

/* Facts about coordinate reference systems that follow from their code. */

/** Longitude and latitude in degrees on WGS 84 with x first, as RFC 7946 requires. */
export const LON_LAT = 'OGC:CRS84'

/** GeoParquet and DuckDB use x first for EPSG:4326 as well. */
const LON_LAT_CODES = new Set([LON_LAT, 'OGC:CRS84H', 'EPSG:4326', 'EPSG:4979'])

/**
 * True if coordinates of the CRS are longitude and latitude on WGS 84 with x first. @param code `AUTHORITY:CODE` in capitals
 */
export function isLonLatCode(code: string): boolean {
  return LON_LAT_CODES.has(code)
}

/** @param code `AUTHORITY:CODE` in capitals */
export function crsOf(code: string): Crs {
  return { code, name: code, isLonLat: isLonLatCode(code) }
}

/** True if two CRSs have the same coordinates, also under different names, so that no transformation is needed. */
export function sameCrs(a: Crs, b: Crs): boolean {
  return (a.isLonLat && b.isLonLat) || (a.code !== null && a.code === b.code)
}

/** Returns PostGIS's number of the CRS. Null if it has none. */
export function sridOf(crs: Crs | null): number | null {
  if (crs?.isLonLat) return 4326
  const [, number] = /^EPSG:(\d{1,6})$/.exec(crs?.code ?? '') ?? []
  return number === undefined ? null : Number(number)
}

/** NEW_VERSION: other data, another configuration, or the first data after its preparation. CHECKED: the same data, proven by a check. */
export interface LayerChange {
  readonly kind: 'ADDED' | 'NEW_VERSION' | 'CHECKED' | 'REMOVED'
  /** The current layer; for a removed layer, its last state. */
  readonly layer: Layer
}
