import type { GeoArrowShape } from '../encode/batch.ts'
import type { GeometryTypeName, Layer } from '../model/layer.ts'

const SHAPES: Readonly<Partial<Record<GeometryTypeName, GeoArrowShape['type']>>> = {
  Point: 'point',
  LineString: 'linestring',
  Polygon: 'polygon',
  MultiPoint: 'multipoint',
  MultiLineString: 'multilinestring',
  MultiPolygon: 'multipolygon',
}

/** The native GeoArrow type of a layer whose geometries have been proven to be all of it; null for mixed ones and until then. */
export function geoArrowShape({ state, geometryTypes, coordinates }: Layer): GeoArrowShape | null {
  const [only, other] = geometryTypes
  const type = only && other === undefined ? SHAPES[only] : undefined
  return state === 'READY' && type && coordinates ? { type, coordinates } : null
}
