/** The messages between the server and the inspector. */
import type { CheckReport, CoveringMembers, Field, Layer, LayerKind, Relation, SortedCopy } from '../../../model/layer.ts'
import type { GatewayAccess } from '../../engine.ts'

export interface InspectorOptions {
  /** Absolute path of the spatial extension, or null to let DuckDB find it in its extension directory. */
  readonly spatialExtension: string | null
  /** All files that may be opened. The engine refuses every other file. */
  readonly allowedPaths: readonly string[]
  /** Absent if no file is on another machine. */
  readonly gateway?: GatewayAccess
  readonly memoryLimitBytes: number
  readonly threads: number
  /** Folder for spilled data. Its parent folder is removed when the server has ended. */
  readonly tempDirectory: string
}

/**
 * The covering of a layer: a struct column, or four columns if `column` is null, that may hold the box of each feature's
 * geometry. With it, a query can skip rows.
 */
export interface Covering {
  readonly column: string | null
  readonly members: CoveringMembers
  readonly float32: boolean
  /**
   * True if the file's metadata declares it; it is used until a check refutes it. False if only its name and type suggest it.
   */
  readonly declared: boolean
}

/** The description of one layer, read from the source's footer or catalogue. Nothing in it is proven. */
export interface Description extends Omit<Layer, 'name' | 'longName' | 'names' | 'state' | 'fingerprint' | 'relation'> {
  readonly relation: Relation
  /** The table's name, and the one with its schema if that is not `main`. Empty for a file. */
  readonly names: readonly string[]
  readonly covering: Covering | null
  /** The properties for the case that the check refutes the covering, so that its columns are properties. */
  readonly columnsUncovered: readonly Field[]
  /** Columns whose name and type suit a key. */
  readonly keyCandidates: readonly string[]
  /** Tables of the database that may be sorted copies of this one. Only a check proves it. @default none */
  readonly copies?: readonly ClaimedCopy[]
  /** The key column of the configuration. */
  readonly wantedKey?: string | null
  /** The CRS code of the configuration. */
  readonly wantedCrs?: string | null
  /** All columns with geometry that must be proven before the engine computes with it, the layer's own column first. */
  readonly unproven: readonly UnprovenColumn[]
}

export type ClaimedCopy = Pick<SortedCopy, 'column' | 'schema' | 'table'>

export interface UnprovenColumn {
  readonly column: string
  /** WKB: the engine converts it to GEOMETRY when it reads a GeoParquet file. NESTED: inside lists, structs or maps. */
  readonly stored: 'WKB' | 'GEOMETRY' | 'NESTED'
}

/** The description of one source. `problems` describes the parts that can't be served. */
export interface DescribedSource {
  readonly layers: readonly Description[]
  readonly problems: readonly string[]
}

/** The tables of a GeoPackage. `problems` describes the tables that can't be served. */
export interface FeatureTables {
  readonly tables: readonly { readonly name: string; readonly kind: LayerKind }[]
  readonly problems: readonly string[]
}

/** A message to the inspector. OPEN is the first one, and is sent once. */
export type ToInspector =
  | { readonly type: 'OPEN'; readonly options: InspectorOptions }
  | { readonly type: 'DESCRIBE_FILES'; readonly files: readonly string[] }
  | { readonly type: 'DESCRIBE_STORE'; readonly file: string; readonly alias: string }
  /** Requests the feature tables of a GeoPackage. */
  | { readonly type: 'FEATURE_TABLES'; readonly file: string }
  | { readonly type: 'CHECK'; readonly request: CheckRequest }

export interface CheckRequest {
  readonly description: Description
  /** Path of the relation's database if it is a table. */
  readonly database: string | null
}

/** The result of a check, which reads every row. */
export type CheckResult =
  | ProvenGeometry
  /** There is geometry that would end the process that computes with it, or the query that reads it. */
  | { readonly outcome: 'UNSAFE'; readonly column: string; readonly count: number; readonly rows: readonly string[] }

export interface ProvenGeometry
  extends Pick<Layer, 'geometryTypes' | 'hasZ' | 'hasEmptyRings' | 'coordinates' | 'extent' | 'key' | 'sortedCopies'> {
  readonly outcome: 'PROVEN'
  readonly featureCount: number
  readonly coveringHolds: boolean
  /** Null for a table. */
  readonly report: CheckReport | null
  /** Number of geometries that the engine can read but not compute with. A spatial filter that reaches one fails. */
  readonly uncomputable: number
  /** The values of the columns that are enums, sorted. Absent if no column is to be one. */
  readonly enums?: readonly EnumValues[]
  /** Settings of the layer that the data contradicts. */
  readonly faults: readonly string[]
}

export interface EnumValues {
  readonly column: string
  readonly values: readonly string[]
}
