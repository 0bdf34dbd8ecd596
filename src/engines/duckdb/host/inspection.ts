/** What the server process asks of the process that reads the sources, and what it answers. Both sides import it. */
import type { CheckReport, CoveringMembers, Field, Layer } from '../../../model/layer.ts'

export interface InspectorOptions {
  /** Absolute path of the spatial extension, or null to let DuckDB find it in its extension directory. */
  readonly spatialExtension: string | null
  /** Every file that may be opened; the engine refuses all others. */
  readonly allowedPaths: readonly string[]
  readonly memoryLimitBytes: number
  readonly threads: number
  /** Where it spills to. Its parent folder is removed when the server is gone. */
  readonly tempDirectory: string
}

/** A struct column, or four columns (`column` is null), that may hold a box of each feature's geometry, by which rows can be left unread. */
export interface Covering {
  readonly column: string | null
  readonly members: CoveringMembers
  readonly float32: boolean
  /** By the file's metadata, which is believed until a scan says otherwise; else only by its name and type. */
  readonly declared: boolean
}

/** What a source says of one layer, read from its footer or catalogue: nothing of it is proven. */
export interface Description extends Omit<Layer, 'name' | 'state' | 'fingerprint'> {
  /** Further wishes for the layer's name, shortest first: a table's. Empty for a file. */
  readonly names: readonly string[]
  readonly covering: Covering | null
  /** The properties, should the covering column turn out to be none. */
  readonly columnsUncovered: readonly Field[]
  /** Columns that are called like a key and have a type that can be one. */
  readonly keyCandidates: readonly string[]
  /** The column that the configuration wants to be the key. */
  readonly wantedKey?: string | null
  /** The code that the configuration gives its CRS. */
  readonly wantedCrs?: string | null
  /** Every column, the layer's own first, whose geometry must be proven before anything is computed with it. */
  readonly unproven: readonly UnprovenColumn[]
}

export interface UnprovenColumn {
  readonly column: string
  /** WKB, which the engine only makes GEOMETRY as it reads a GeoParquet file; or GEOMETRY; or inside of lists, structs and maps. */
  readonly stored: 'WKB' | 'GEOMETRY' | 'NESTED'
}

/** One source, described. `problems` are what of it is left out. */
export interface DescribedSource {
  readonly layers: readonly Description[]
  readonly problems: readonly string[]
}

/** OPEN once, before anything else. */
export type ToInspector =
  | { readonly type: 'OPEN'; readonly options: InspectorOptions }
  | { readonly type: 'DESCRIBE_FILES'; readonly files: readonly string[] }
  | { readonly type: 'DESCRIBE_STORE'; readonly file: string; readonly alias: string }
  /** The names of a GeoPackage's tables of features. */
  | { readonly type: 'FEATURE_TABLES'; readonly file: string }
  | { readonly type: 'CHECK'; readonly request: CheckRequest }

export interface CheckRequest {
  readonly description: Description
  /** Where the relation's database is, if it is a table. */
  readonly database: string | null
}

/** What a scan of every row has proven. */
export type CheckResult =
  | ProvenGeometry
  /** Geometry that would end the process that computes with it, or the query that reads it. */
  | { readonly outcome: 'UNSAFE'; readonly column: string; readonly count: number; readonly rows: readonly string[] }

export interface ProvenGeometry extends Pick<Layer, 'geometryTypes' | 'hasZ' | 'coordinates' | 'extent' | 'key'> {
  readonly outcome: 'PROVEN'
  readonly featureCount: number
  readonly coveringHolds: boolean
  readonly report: CheckReport
  /** Geometries that the engine can read but not compute with: a spatial filter that meets one fails. */
  readonly uncomputable: number
  /** What of the layer's configuration has turned out not to hold. */
  readonly faults: readonly string[]
}
