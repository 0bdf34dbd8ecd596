/** A filter that has been read: typed by the layer's columns, its geometry canonical, nothing left of how the client wrote it. Plain data. */
import type { FieldType } from './field-type.ts'
import type { BBox, Crs } from './layer.ts'

export type Predicate =
  | { readonly kind: 'and' | 'or'; readonly members: readonly Predicate[] }
  | { readonly kind: 'not'; readonly member: Predicate }
  | { readonly kind: 'spatial'; readonly relation: SpatialRelation; readonly geometry: Geometry }
  | DistancePredicate
  | { readonly kind: 'property'; readonly member: Member; readonly tests: readonly Test[] }

/** The predicate, and what tells it from others: the same for every way to write it. */
export interface Filter {
  readonly predicate: Predicate
  /** Hexadecimal. */
  readonly digest: string
}

/** OGC Simple Features 1.2.1, 6.1.15, the feature's geometry first. */
export type SpatialRelation = 'intersects' | 'within' | 'contains' | 'touches' | 'crosses' | 'overlaps' | 'equals' | 'disjoint'

export interface Geometry {
  /** Little-endian, two dimensions, no empty members; in another CRS than the layer's, its edges are cut to short ones. */
  readonly wkb: Uint8Array
  /** West > east crosses the antimeridian. Null: it is empty, and nothing intersects it. */
  readonly bbox: BBox | null
  /** Null: the layer's. */
  readonly crs: Crs | null
  /** What it was given as, for messages. */
  readonly argument: string
}

export type Position = readonly [longitude: number, latitude: number]

export interface DistancePredicate {
  readonly kind: 'distance'
  readonly geometry: Geometry
  /** Metres on longitude and latitude, units of the CRS on others. */
  readonly distance: number
  /** Null on a plane, and of an empty geometry. */
  readonly onEarth: OnEarth | null
}

/** A geometry's points, lines and rings in pieces small enough that each has a projection of its own. */
export interface OnEarth {
  /** Where the geometry is one point. */
  readonly point: Position | null
  /** Degrees: longer edges of a feature are cut to these. */
  readonly straight: number
  /** Around everything that is near; west > east crosses the antimeridian. */
  readonly box: BBox
  readonly pieces: readonly NearPiece[]
}

export interface NearPiece {
  readonly centre: Position
  /** WKB of a collection of points and lines. */
  readonly lines: Uint8Array
  /** Around everything that is near it. */
  readonly box: BBox
}

/** A column, or a member inside one. */
export interface Member {
  readonly column: string
  readonly steps: readonly Step[]
  readonly type: FieldType
}

/** A member of a struct, the value of a map's key, or of a JSON pointer (RFC 6901). */
export type Step =
  | { readonly kind: 'field' | 'key'; readonly name: string }
  | { readonly kind: 'pointer'; readonly pointer: string; readonly variant: boolean }

/** What values inside JSON are compared as. */
export type JsonKind = 'string' | 'number' | 'boolean'

/** Values are the text forms of the member's type (`ask/values/`); `as`: of which type, inside JSON. */
export type Test =
  | {
      readonly kind: 'compare'
      readonly sign: '=' | '<>' | '<' | '<=' | '>' | '>='
      readonly as: JsonKind | null
      readonly text: string
    }
  | { readonly kind: 'among'; readonly as: JsonKind | null; readonly texts: readonly string[] }
  /** The same for every value that is not null. */
  | { readonly kind: 'present'; readonly holds: boolean }
  /** A pattern of LIKE, or a regular expression of RE2. */
  | { readonly kind: 'like' | 'regex'; readonly pattern: string }
  | { readonly kind: 'startsWith'; readonly text: string }
  /** What is in a list. `impossible`: one of the values is none that an element can have. */
  | {
      readonly kind: 'has'
      readonly as: JsonKind | null
      readonly all: boolean
      readonly texts: readonly string[]
      readonly impossible: boolean
    }
  | { readonly kind: 'isNull'; readonly is: boolean }
