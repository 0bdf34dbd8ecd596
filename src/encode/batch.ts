/**
 * A batch of rows as columns, in the memory layout of the Arrow columnar format. Every encoder reads it. Both outputs of the
 * engine (node-api's vectors and the engine's own Arrow export) fill it. It is plain data: views of engine memory are copied
 * first, or used before the chunk is released.
 */
import type { Grid } from '../geometry/cells.ts'
import type { NativeType } from '../geometry/geometry-type.ts'
import type { TileCellsOptions } from './tile/cells.ts'
import type { TileOptions } from './tile/tile-geometry.ts'

/** The few physical types that leave the engine. Odd and nested types are cast to one of these by the plan. */
export type WireType =
  | { readonly kind: 'bool' }
  | { readonly kind: 'int'; readonly bits: 8 | 16 | 32 | 64; readonly signed: boolean }
  | { readonly kind: 'float'; readonly bits: 32 | 64 }
  | { readonly kind: 'utf8' }
  /** UTF-8 text that is a JSON value already: it is spliced, not quoted. */
  | { readonly kind: 'json' }
  /** UTF-8 text of a decimal number; `quoted` when a JSON reader's double could not hold it. */
  | { readonly kind: 'decimal'; readonly precision: number; readonly scale: number; readonly quoted: boolean }
  /** Base64 text in JSON. */
  | { readonly kind: 'binary' }
  /** ISO WKB of one geometry per row. */
  | { readonly kind: 'wkb' }
  /** int32 days since 1970-01-01; ISO 8601 in JSON. */
  | { readonly kind: 'date' }
  /** int64 since 1970-01-01; ISO 8601 in JSON, with `Z` if it is an instant. */
  | { readonly kind: 'timestamp'; readonly unit: 's' | 'ms' | 'us' | 'ns'; readonly utc: boolean }

export interface WireColumn {
  readonly name: string
  readonly wire: WireType
}

/** Values of a fixed width. `bool` is one byte per value here (0 or 1); the Arrow encoder packs it. */
export type FixedValues =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | BigInt64Array
  | BigUint64Array
  | Float32Array
  | Float64Array

export type ColumnData =
  /** bool, int, float, date, timestamp. */
  | { readonly validity: Uint8Array | null; readonly values: FixedValues }
  /** utf8, json, decimal, binary, wkb: row i is bytes[offsets[i] .. offsets[i + 1]). */
  | { readonly validity: Uint8Array | null; readonly offsets: Int32Array; readonly bytes: Uint8Array }

/** `validity` is Arrow's bitmap, least significant bit first, 1 = present; null = all present. */
export interface ColumnBatch {
  readonly length: number
  readonly columns: readonly ColumnData[]
}

/** The layer's geometry as one column, in one of the requested representations. */
export interface LayoutGeometry {
  /** The index of the column, which holds WKB. */
  readonly column: number
  /** `AUTHORITY:CODE`, PROJJSON or WKT for the Arrow schema's metadata. Null if it is not known. */
  readonly crs: string | null
  /** Spatial reference id for EWKT and EWKB. Null if the CRS has none. */
  readonly srid: number | null
}

/** The use of each column of a batch, by index. */
export interface BatchLayout {
  readonly columns: readonly WireColumn[]
  /** Outputs name them by their index in this list. Empty when no geometry was selected. */
  readonly geometries: readonly LayoutGeometry[]
  /** Text or integer, unique in the layer. Null when neither key nor id was selected. */
  readonly key: number | null
  /** The properties, in the layer's order. */
  readonly properties: readonly number[]
  /** The geometry column's own name, which Arrow keeps. Null for a layer without geometry: then it has no geometries either. */
  readonly geometryName: string | null
  /** The distance, if the rows are ordered by it first. @default none */
  readonly distance?: number
  /** The columns that compare both images of a feature: a boolean for the geometry, and the names of changed properties as JSON. @default none */
  readonly changed?: { readonly geometry: number; readonly properties: number }
}

/** Options of every encoding of whole features. */
interface WholeFeatures {
  /** Index into the layout's geometries. @default 0 */
  readonly geometry?: number
  /** Names among the layout's properties; all of them if it is null or missing. */
  readonly only?: readonly string[] | null
}

interface GeoJsonOptions extends WholeFeatures {
  /** Digits after the decimal point. */
  readonly precision: number
  /** True if the collection and its features have a `bbox`. @default false */
  readonly bbox?: boolean
}

interface ArrowOptions extends WholeFeatures {
  /** The native type. Without it the geometry is `geoarrow.wkb`. */
  readonly shape?: GeoArrowShape
}

/** One encoding that the operation selected; a batch is encoded once for each. */
export type Output =
  /** A FeatureCollection (RFC 7946) as UTF-8. */
  | ({ readonly kind: 'geojson' } & GeoJsonOptions)
  /** The same features, one per line, without a newline after the last. */
  | ({ readonly kind: 'geojson-lines' } & GeoJsonOptions)
  /** The same lines with commas between them. */
  | ({ readonly kind: 'geojson-members' } & GeoJsonOptions)
  /** A CSV document: the header and the records, each with its line end. */
  | ({ readonly kind: 'csv'; readonly precision: number } & WholeFeatures)
  /** A self-contained Arrow IPC stream (schema, one record batch, end marker). */
  | ({ readonly kind: 'arrow' } & ArrowOptions)
  /** The same as a JSON string of base64. */
  | ({ readonly kind: 'arrow-base64' } & ArrowOptions)
  /** A JSON list of objects with exactly the selected fields under their response keys, as UTF-8. */
  | { readonly kind: 'features'; readonly fields: readonly FeatureField[] }
  /** The same of the GraphQL type FeatureEdge. */
  | { readonly kind: 'edges'; readonly fields: readonly EdgeField[] }
  /** The cursor of the first feature as a JSON string. Null if there is no feature. */
  | { readonly kind: 'start-cursor' }
  /** A vector tile with the layer under this name. It has no bytes without a feature. */
  | ({ readonly kind: 'tile'; readonly layer: string } & TileOptions & WholeFeatures)
  /** A vector tile whose features are cells with counts. */
  | ({ readonly kind: 'tile-cells' } & TileCellsOptions)

/** Facts that are proven for every geometry of a layer, if it can be sent as a native GeoArrow type. */
export interface GeoArrowShape {
  readonly type: NativeType
  readonly coordinates: 'XY' | 'XYZ'
}

export type GeometryText = 'GEOJSON' | 'WKT' | 'EWKT' | 'WKB' | 'EWKB' | 'TWKB'

/** A selected field of the GraphQL interface Feature, under its response key (alias or name), in document order. */
export type FeatureField = { readonly key: string } & (
  | { readonly field: '__typename'; readonly name: string }
  /** `prefix` is the text before the key: `observations:`, or `places:3fa9c1-` for row numbers. */
  | { readonly field: 'id'; readonly prefix: string }
  | { readonly field: 'key' }
  | { readonly field: 'layer'; readonly name: string }
  /** `geometry`: index into the layout's geometries. @default 0 */
  | { readonly field: 'geometry'; readonly as: GeometryText; readonly precision: number; readonly geometry?: number }
  | { readonly field: 'bbox'; readonly geometry?: number }
  /** `only`: names among the layout's properties; null = all. */
  | { readonly field: 'properties'; readonly only: readonly string[] | null }
  /**
   * One of the layout's properties, written as in `properties`. `members`: only these members of the struct, or of each struct
   * in the list. `labels`: other texts for its values.
   */
  | {
      readonly field: 'property'
      readonly name: string
      readonly members?: readonly StructMember[]
      readonly labels?: readonly (readonly [value: string, text: string])[]
    }
  /** A member of the layout's `changed`. */
  | { readonly field: 'changed'; readonly part: 'geometry' | 'properties' }
  /** An object with these fields. */
  | { readonly field: 'object'; readonly fields: readonly FeatureField[] }
  /** A cell, whose indexes are two of the layout's properties. Null if they are. */
  | {
      readonly field: 'cell'
      readonly grid: Grid
      readonly indexes: readonly [first: string, second: string]
      readonly fields: readonly CellField[]
    }
  /** Null in every row. */
  | { readonly field: 'null' }
)

/** A selected member of a struct, under its response key. */
export type StructMember = { readonly key: string } & (
  | { readonly text: string }
  /** `index`: its place in the struct. `members`: those of the struct that it is. */
  | { readonly index: number; readonly members?: readonly StructMember[] }
)

/** A selected field of the GraphQL type Cell. */
export interface CellField {
  readonly key: string
  readonly field: '__typename' | 'id' | 'polygon' | 'centre'
}

/** A selected field of the GraphQL type FeatureEdge, or of a layer's own type of edges. */
export type EdgeField = { readonly key: string } & (
  | { readonly field: '__typename'; readonly name: string }
  | { readonly field: 'cursor' }
  /** The layout's distance. Null if it has none. */
  | { readonly field: 'distance' }
  | { readonly field: 'node'; readonly fields: readonly FeatureField[] }
)

/** The cursor of one row: base64url, which needs no escapes in JSON. */
export type CursorText = (batch: ColumnBatch, row: number) => string

/**
 * Encodes rows [from, to) of the batch. If `to - from` is 0, the result is a valid empty document. The bytes are a view of the
 * encoder's own buffer, so send or copy them before its next call. A new buffer per batch would cost as much as a fifth of an
 * Arrow encoding.
 */
export type Encoder = (batch: ColumnBatch, from: number, to: number) => Uint8Array
