/**
 * A batch of rows as columns, in the memory layout of the Arrow columnar format: what every encoder reads, and what every way out
 * of the engine (node-api's vectors, the engine's own Arrow export) fills. Pure data; views over engine memory are copied before
 * they get here or are used before the chunk is released.
 */

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
  /** ISO WKB of one geometry a row. */
  | { readonly kind: 'wkb' }
  /** int32 days since 1970-01-01; ISO 8601 in JSON. */
  | { readonly kind: 'date' }
  /** int64 since 1970-01-01; ISO 8601 in JSON, with `Z` where it is an instant. */
  | { readonly kind: 'timestamp'; readonly unit: 's' | 'ms' | 'us' | 'ns'; readonly utc: boolean }

export interface WireColumn {
  readonly name: string
  readonly wire: WireType
}

/** Values of a fixed width. `bool` is one byte a value here (0 or 1); the Arrow encoder packs it. */
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

/** What the columns of a batch are for; indexes into its columns. */
export interface BatchLayout {
  readonly columns: readonly WireColumn[]
  /** WKB. Null when no geometry was selected. */
  readonly geometry: number | null
  /** Text or integer. Null when no id was selected. */
  readonly id: number | null
  /** The properties, in the layer's order. */
  readonly properties: readonly number[]
  /** `AUTHORITY:CODE` for the Arrow schema's metadata. */
  readonly crs: string | null
  /** The geometry column's own name, which Arrow keeps. */
  readonly geometryName: string
}

/** One encoding that the operation selected; a batch is encoded once for each. */
export type Output =
  /** A FeatureCollection (RFC 7946) as UTF-8. `precision`: digits behind the point; `bbox`: whether it and its features have one. */
  | { readonly kind: 'geojson'; readonly precision: number; readonly bbox?: boolean }
  /** The same features, a line each, without a newline behind the last. */
  | { readonly kind: 'geojson-lines'; readonly precision: number; readonly bbox?: boolean }
  /** A self-contained Arrow IPC stream (schema, one record batch, end marker). Without a shape, the geometry is `geoarrow.wkb`. */
  | { readonly kind: 'arrow'; readonly shape?: GeoArrowShape }
  /** The same as a JSON string of base64. */
  | { readonly kind: 'arrow-base64'; readonly shape?: GeoArrowShape }
  /** A JSON list of objects with exactly the selected fields under their response keys, as UTF-8. */
  | { readonly kind: 'features'; readonly fields: readonly FeatureField[] }

/** What is proven of every geometry of a layer that can leave as a native GeoArrow type. */
export interface GeoArrowShape {
  readonly type: 'point' | 'linestring' | 'polygon' | 'multipoint' | 'multilinestring' | 'multipolygon'
  readonly coordinates: 'XY' | 'XYZ'
}

export type GeometryText = 'GEOJSON' | 'WKT' | 'WKB'

/** A selected field of the GraphQL type Feature, under its response key (alias or name), in document order. */
export type FeatureField =
  | { readonly key: string; readonly field: '__typename' }
  | { readonly key: string; readonly field: 'id' }
  | { readonly key: string; readonly field: 'geometry'; readonly as: GeometryText; readonly precision: number }
  | { readonly key: string; readonly field: 'bbox' }
  /** `only`: names among the layout's properties; null = all. */
  | { readonly key: string; readonly field: 'properties'; readonly only: readonly string[] | null }

/**
 * Rows [from, to) of the batch in the wanted encoding. `to - from` may be 0: the result is then a valid empty document. The bytes are a
 * view of the encoder's own buffer and hold until its next call (a buffer a batch costs as much as a fifth of an Arrow encoding):
 * send them or copy them before.
 */
export type Encoder = (batch: ColumnBatch, from: number, to: number) => Uint8Array
