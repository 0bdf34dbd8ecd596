/** The geometry types of OGC Simple Features 1.2.1, with every name that a format or the engine uses for them. */

/** Codes of two-dimensional WKB. They are literals, so that V8 inlines them into the loops of the encoders. */
export const GEOMETRY = {
  POINT: 1,
  LINESTRING: 2,
  POLYGON: 3,
  MULTIPOINT: 4,
  MULTILINESTRING: 5,
  MULTIPOLYGON: 6,
  COLLECTION: 7,
} as const

/** Names in GeoJSON and GeoParquet. */
export type GeometryTypeName =
  | 'Point'
  | 'LineString'
  | 'Polygon'
  | 'MultiPoint'
  | 'MultiLineString'
  | 'MultiPolygon'
  | 'GeometryCollection'

/** Names in GeoArrow, which are GeoParquet 1.1's names of the native encodings. Collections have no such encoding. */
export type NativeType = Lowercase<Exclude<GeometryTypeName, 'GeometryCollection'>>

export interface GeometryType {
  readonly name: GeometryTypeName
  /** The name in WKT and DuckDB. */
  readonly label: string
  readonly code: number
  /** The type of the members. Null: it has positions, rings, or members of any type. */
  readonly member: GeometryTypeName | null
  /** The lists around a position in the native encoding, by GeoArrow's names of their items, the outermost first. */
  readonly lists: readonly string[]
}

/** Types in the order of their codes. */
export const GEOMETRY_TYPES: readonly GeometryType[] = [
  { name: 'Point', label: 'POINT', code: GEOMETRY.POINT, member: null, lists: [] },
  { name: 'LineString', label: 'LINESTRING', code: GEOMETRY.LINESTRING, member: null, lists: ['vertices'] },
  { name: 'Polygon', label: 'POLYGON', code: GEOMETRY.POLYGON, member: null, lists: ['rings', 'vertices'] },
  { name: 'MultiPoint', label: 'MULTIPOINT', code: GEOMETRY.MULTIPOINT, member: 'Point', lists: ['points'] },
  {
    name: 'MultiLineString',
    label: 'MULTILINESTRING',
    code: GEOMETRY.MULTILINESTRING,
    member: 'LineString',
    lists: ['linestrings', 'vertices'],
  },
  {
    name: 'MultiPolygon',
    label: 'MULTIPOLYGON',
    code: GEOMETRY.MULTIPOLYGON,
    member: 'Polygon',
    lists: ['polygons', 'rings', 'vertices'],
  },
  { name: 'GeometryCollection', label: 'GEOMETRYCOLLECTION', code: GEOMETRY.COLLECTION, member: null, lists: [] },
]

export const TYPE_NAMES = GEOMETRY_TYPES.map(({ name }) => name)

const BY_NAME = new Map(GEOMETRY_TYPES.map((type) => [type.name, type]))
const BY_LABEL = new Map(GEOMETRY_TYPES.map((type) => [type.label, type]))
const BY_NATIVE = new Map(GEOMETRY_TYPES.map((type) => [nativeOf(type.name), type]))

export function typeOf(name: GeometryTypeName): GeometryType {
  return BY_NAME.get(name) as GeometryType
}

export function isTypeName(name: unknown): name is GeometryTypeName {
  return BY_NAME.has(name as GeometryTypeName)
}

/** @param label the name in WKT and DuckDB, in capitals */
export function typeLabelled(label: string): GeometryType | undefined {
  return BY_LABEL.get(label)
}

export function nativeOf(name: GeometryTypeName): NativeType | null {
  return name === 'GeometryCollection' ? null : (name.toLowerCase() as NativeType)
}

export function isNative(encoding: string): encoding is NativeType {
  return BY_NATIVE.has(encoding as NativeType)
}

export function typeOfNative(native: NativeType): GeometryType {
  return BY_NATIVE.get(native) as GeometryType
}

/** Tags of WKT and GeoParquet for the ordinates besides x and y, by DuckDB's `ST_ZMFlag`: 1 for measures, 2 for heights. */
export const ZM_TAGS = ['', 'M', 'Z', 'ZM'] as const
