import type { GeometryTypeName } from '../model/layer.ts'

/** The codes of well-known binary (OGC Simple Features 1.2.1, 8.2.3), in two dimensions. */
export const TYPE_CODES: Readonly<Record<GeometryTypeName, number>> = {
  Point: 1,
  LineString: 2,
  Polygon: 3,
  MultiPoint: 4,
  MultiLineString: 5,
  MultiPolygon: 6,
  GeometryCollection: 7,
}

export const TYPE_NAMES = Object.keys(TYPE_CODES) as GeometryTypeName[]

/** What the members of a type are; undefined for those that have positions or rings, and for collections, which take any. */
export const MEMBER_TYPES: Readonly<Partial<Record<GeometryTypeName, GeometryTypeName>>> = {
  MultiPoint: 'Point',
  MultiLineString: 'LineString',
  MultiPolygon: 'Polygon',
}
