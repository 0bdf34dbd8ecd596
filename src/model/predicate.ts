/**
 * A checked filter: typed by the layer's columns, with canonical geometry, and independent of how the client wrote it. Plain
 * data.
 */
import type { FieldType } from './field-type.ts'
import type { BBox, Crs } from './layer.ts'

export type Predicate =
  | { readonly kind: 'and' | 'or'; readonly members: readonly Predicate[] }
  | { readonly kind: 'not'; readonly member: Predicate }
  | { readonly kind: 'spatial'; readonly relation: SpatialRelation; readonly geometry: Geometry }
  /** True if the box of the feature meets that of the geometry; it may be true for a feature nearby as well. It is only a member of `and`, or one of an `or` of its kind. */
  | { readonly kind: 'window'; readonly geometry: Geometry }
  | DistancePredicate
  /** True if the distance of the feature, as a result reports it, is at most this. Null: if it has a distance. */
  | { readonly kind: 'measured'; readonly probe: Probe; readonly most: number | null }
  | { readonly kind: 'property'; readonly member: Member; readonly tests: readonly Test[]; readonly collate?: Collate }

/** The predicate and its digest, which is the same for every way to write the filter. */
export interface Filter {
  readonly predicate: Predicate
  /** Hexadecimal. */
  readonly digest: string
}

/** OGC Simple Features 1.2.1, 6.1.15, with the feature's geometry first. */
export type SpatialRelation = 'intersects' | 'within' | 'contains' | 'touches' | 'crosses' | 'overlaps' | 'equals' | 'disjoint'

export interface Geometry {
  /**
   * Little-endian WKB with two dimensions and no empty members. In another CRS than the layer's, its edges are cut into short
   * ones.
   */
  readonly wkb: Uint8Array
  /** West > east crosses the antimeridian. Null if the geometry is empty: then nothing intersects it. */
  readonly bbox: BBox | null
  /** Null for the layer's CRS. */
  readonly crs: Crs | null
  /** The name of the argument, for messages. */
  readonly argument: string
}

export type Position = readonly [longitude: number, latitude: number]

export interface DistancePredicate {
  readonly kind: 'distance'
  readonly geometry: Geometry
  /** Metres for longitude and latitude, otherwise units of the CRS. */
  readonly distance: number
  /** Null on a plane, and for an empty geometry. */
  readonly onEarth: OnEarth | null
}

/** The points, lines and rings of a geometry, in pieces that are small enough for one projection each. */
export interface OnEarth {
  /** The point, if the geometry is one point. */
  readonly point: Position | null
  /** Degrees. Longer edges of a feature are cut. */
  readonly straight: number
  /** The box around everything that is near. West > east crosses the antimeridian. */
  readonly box: BBox
  readonly pieces: readonly NearPiece[]
}

export interface NearPiece {
  readonly centre: Position
  /** WKB of a collection of points and lines. */
  readonly lines: Uint8Array
  /** The box around everything that is near this piece. */
  readonly box: BBox
}

/** A geometry from which distances are measured: in metres for longitude and latitude, otherwise in units of the CRS. */
export interface Probe {
  /** It is not empty. */
  readonly geometry: Geometry
  /** Null on a plane. */
  readonly onEarth: ProbeOnEarth | null
  /** Hexadecimal. It is the same for every way to write the geometry. */
  readonly digest: string
}

export interface ProbeOnEarth {
  /** The point, if the geometry is one point. */
  readonly point: Position | null
  readonly extent: EarthExtent
  readonly pieces: readonly ProbePiece[]
}

/** A part of the probe that is small enough for one projection. */
export interface ProbePiece {
  readonly centre: Position
  /** One for each of `DISTANCE_RANGES`. */
  readonly ranges: readonly ProbeRange[]
}

export interface ProbeRange {
  /** WKB of a collection of points and lines. */
  readonly lines: Uint8Array
  /** The box around everything in the range. Null for the whole earth. */
  readonly box: BBox | null
}

/** A box of longitudes and latitudes: `width` degrees eastwards from `west`. */
export interface EarthExtent {
  readonly west: number
  readonly width: number
  readonly south: number
  readonly north: number
}

/** A column, or a member inside a column. */
export interface Member {
  readonly column: string
  /** See `Field.readAs`. */
  readonly readAs?: string
  readonly steps: readonly Step[]
  readonly type: FieldType
}

/** A member of a struct, a key of a map, or a step of a JSON pointer (RFC 6901). */
export type Step =
  | { readonly kind: 'field' | 'key'; readonly name: string }
  | { readonly kind: 'pointer'; readonly pointer: string; readonly variant: boolean }

/** Texts are compared in their composed form (NFC), and without accents or case if these are true. */
export interface Collate {
  readonly noAccent: boolean
  readonly noCase: boolean
}

/** The types by which values inside JSON are compared. */
export type JsonKind = 'string' | 'number' | 'boolean'

/** A comparison. Values are text forms of the member's type (`ask/values/`). `as` is the type inside JSON. */
export type Test =
  | {
      readonly kind: 'compare'
      readonly sign: '=' | '<>' | '<' | '<=' | '>' | '>='
      readonly as: JsonKind | null
      readonly text: string
    }
  | { readonly kind: 'among'; readonly as: JsonKind | null; readonly texts: readonly string[] }
  /** The result for every value that is not null. */
  | { readonly kind: 'present'; readonly holds: boolean }
  /** A pattern of LIKE, or a regular expression of RE2. */
  | { readonly kind: 'like' | 'regex'; readonly pattern: string }
  | { readonly kind: 'startsWith'; readonly text: string }
  /** A test of list elements. `impossible`: true if no element can have one of the values. */
  | {
      readonly kind: 'has'
      readonly as: JsonKind | null
      readonly all: boolean
      readonly texts: readonly string[]
      readonly impossible: boolean
    }
  | { readonly kind: 'isNull'; readonly is: boolean }
