/** What the catalogue knows of a layer. Plain frozen data: it is shown by GraphQL, compiled by an engine's dialect, and crosses processes. */

import type { GeometryTypeName, NativeType } from '../geometry/geometry-type.ts'
import type { FieldType } from './field-type.ts'
import type { Preparation } from './preparation.ts'

/** RFC 7946 order: west, south, east, north, in the units of the layer's CRS. */
export type BBox = readonly [west: number, south: number, east: number, north: number]

/** How a value of the column is written in JSON: decided by the column's type, never by the value. */
export type JsonType = 'NUMBER' | 'STRING' | 'BOOLEAN' | 'OBJECT' | 'ARRAY' | 'ANY'

/** A property of the layer's features: any column but the geometry and the covering column. */
export interface Field {
  readonly name: string
  readonly type: FieldType
  /** The engine's own text for the type. */
  readonly native: string
  readonly jsonType: JsonType
  readonly nullable: boolean
}

export interface Crs {
  /** `AUTHORITY:CODE` where the source tells one, e.g. `EPSG:3857` or `OGC:CRS84`. */
  readonly code: string | null
  readonly name: string
  /** Coordinates are longitude and latitude in degrees on WGS 84, x first: what RFC 7946 asks for. */
  readonly isLonLat: boolean
}

/** Where the rows are. Paths and names come from the catalogue only. */
export type Relation =
  | {
      readonly kind: 'parquet'
      /** Absolute paths in natural order. */
      readonly files: readonly string[]
      /** Rows of each file, from the footers. */
      readonly fileRows: readonly number[]
      /** Of each file. */
      readonly fileSummaries?: readonly FileSummary[]
    }
  | {
      readonly kind: 'table'
      /** The alias under which workers attach the database. */
      readonly database: string
      readonly schema: string
      readonly table: string
    }

/** What the footer of a Parquet file says of all that is in it. */
export interface FileSummary {
  readonly rowGroups: number
  /** Of its features, as far as `Layer.pruning` is believed; null: not told for all of them. */
  readonly extent: BBox | null
}

/** How a bbox leaves rows unread. */
export type Pruning =
  | {
      readonly kind: 'COVERING_COLUMN'
      readonly column: string | null
      readonly members: CoveringMembers
      readonly float32: boolean
    }
  | { readonly kind: 'RTREE' }
  | { readonly kind: 'ROW_GROUP_STATISTICS' }
  | { readonly kind: 'NONE' }

/** GeoParquet 1.1 `covering.bbox`: the members that hold each side, of the struct `column`; of the row itself where there is none. */
export interface CoveringMembers {
  readonly xmin: string
  readonly ymin: string
  readonly xmax: string
  readonly ymax: string
}

/** What `Feature.key` is made of. A row number changes when the file does. */
export type LayerKey = { readonly kind: 'COLUMN'; readonly column: string } | { readonly kind: 'ROW_NUMBER' }

/**
 * How the geometry column is stored: DuckDB's GEOMETRY, plain WKB in a BLOB, or a native (GeoArrow) encoding of GeoParquet 1.1
 * which DuckDB reads as nested lists of structs.
 */
export type GeometryEncoding = 'GEOMETRY' | 'WKB' | NativeType

export type LayerState = 'PREPARING' | 'CHECKING' | 'READY'

/**
 * What becomes of features whose geometry is not valid by OGC's rules (a polygon that crosses itself): they are kept as they are, kept with
 * their geometry made valid, or left out.
 */
export type OnInvalid = 'flag' | 'repair' | 'drop'

/** What the configuration says of a layer. */
export interface LayerOverrides {
  readonly title: string | null
  readonly description: string | null
  /** Columns of the source that nobody gets to see. */
  readonly hidden: readonly string[]
  readonly onInvalid: OnInvalid
}

export interface Layer {
  readonly name: string
  readonly state: LayerState
  /** Of a layer that is PREPARING, of which nothing else is known yet. */
  readonly preparation?: Preparation
  readonly relation: Relation
  /** The properties. */
  readonly columns: readonly Field[]
  readonly geometryColumn: string
  readonly geometryEncoding: GeometryEncoding
  /** Types really met, once the scan has been through; what the source claims until then; empty if it claims nothing. */
  readonly geometryTypes: readonly GeometryTypeName[]
  readonly hasZ: boolean | null
  /** What every geometry has been proven to have; left out or null: not known, measures, or some with a height and some without. */
  readonly coordinates?: 'XY' | 'XYZ' | null
  readonly crs: Crs | null
  readonly extent: BBox | null
  /** Null while it is not known for sure. */
  readonly featureCount: number | null
  readonly key: LayerKey
  readonly pruning: Pruning
  /** Hex digest of content that is cheap to read, and of the layer's configuration: two servers with the same of both agree. */
  readonly fingerprint: string
  /** Left out for a layer that is served as its source has it. */
  readonly tailoring?: LayerOverrides
  /** What the scan has found; left out before it. */
  readonly check?: CheckReport
}

/** What a scan of every row has found of its geometry. */
export interface CheckReport {
  readonly nullGeometries: number
  readonly emptyGeometries: number
  readonly withZ: number
  readonly withM: number
  /** In the source, by the rules of OGC Simple Features; `Tailoring.onInvalid` says what becomes of them. */
  readonly invalid: number
  /** The first ten of them. */
  readonly firstInvalid: readonly InvalidFeature[]
}

export interface InvalidFeature {
  /** Its key. */
  readonly id: string
  readonly reason: string
}

/** A source that could not be served, or not wholly. */
export interface Problem {
  /** The file's name without its folder. */
  readonly source: string
  readonly reason: string
}
