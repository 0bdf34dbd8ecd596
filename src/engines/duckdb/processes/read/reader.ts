/** The interface between the readers of file formats and the staging of their features. */

/** The engine's types that readers fill. */
export type ReadType =
  | 'BOOLEAN'
  | 'TINYINT'
  | 'UTINYINT'
  | 'SMALLINT'
  | 'USMALLINT'
  | 'INTEGER'
  | 'UINTEGER'
  | 'BIGINT'
  | 'UBIGINT'
  | 'FLOAT'
  | 'DOUBLE'
  | 'VARCHAR'
  | 'BLOB'
  | 'BIGINT[]'
  | 'DOUBLE[]'
  | 'VARCHAR[]'
  | `DECIMAL(${number},${number})`

export interface ReadColumn {
  /** The name in the file. Names may be empty or equal. */
  readonly name: string
  readonly type: ReadType
  /** True if the texts become a DATE, TIMESTAMP or TIMESTAMP WITH TIME ZONE if all of them are one exactly. */
  readonly isMoment?: boolean
}

/** 64-bit and wider integers are bigint. A decimal is its unscaled bigint. */
export type ReadValue = boolean | number | bigint | string | Uint8Array | readonly (bigint | number | string | null)[] | null

export interface ReadFeature {
  /** In the order of the columns. Undefined is null. */
  readonly values: readonly (ReadValue | undefined)[]
  /** ISO WKB that is proven to be well formed. It is valid until the next feature. */
  readonly wkb: Uint8Array | null
}

/** The reason for a file with types that no part of the product has. */
export const CURVES =
  'it holds curves or surfaces, which cannot be served: make lines and polygons of them (ogr2ogr -nlt CONVERT_TO_LINEAR)'

/** GDAL's name for the number of a feature, which has become usual. */
export const FEATURE_NUMBER = 'OGC_FID'

/** The CRS as its file declares it. WKT may be of any version and dialect. */
export type DeclaredCrs =
  | { readonly kind: 'NONE' }
  | { readonly kind: 'CODE'; readonly code: string; readonly wkt: string | null }
  | { readonly kind: 'WKT'; readonly wkt: string }

/** An open file. */
export interface FeatureReader {
  readonly columns: readonly ReadColumn[]
  /** True if the rows have no geometry. @default false */
  readonly isTable?: boolean
  /** The wished name of the geometry column. Null: a usual name that no column has. */
  readonly geometryName: string | null
  readonly crs: DeclaredCrs
  /** The number of features that the file declares or has. Null if it is unknown. */
  readonly total: number | null
  /** Reads all features once, in the order of the file. @throws Error with the reason why the file is not whole */
  features(): Iterable<ReadFeature>
  /** Returns what is not served, or not exactly as the file holds it. It is complete after all features are read. */
  problems(): readonly string[]
  close(): void
}

/** Counts faults of one kind, and names the first one. */
export class Faults {
  count = 0
  #first = ''

  add(place: string): void {
    if (this.count++ === 0) this.#first = place
  }

  /** Returns one sentence about all faults, or none. `what` gets their number. */
  problem(what: (count: number) => string): readonly string[] {
    return this.count === 0 ? [] : [`${what(this.count)} (${this.count === 1 ? '' : 'the first: '}${this.#first})`]
  }
}

export const plural = (count: number, one: string, many: string): string => `${count} ${count === 1 ? one : many}`
