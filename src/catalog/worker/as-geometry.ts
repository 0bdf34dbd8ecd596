import type { GeometryEncoding } from '../layer.ts'

/**
 * A geometry column of any encoding as GEOMETRY. GeoParquet 1.1's native encodings are nested lists of structs; heights in them are left out.
 *
 * @param column quoted
 */
export function asGeometry(column: string, encoding: GeometryEncoding): string {
  const point = (value: string) => `{x: ${value}.x, y: ${value}.y}::POINT_2D`
  const positions = (value: string) => `[${point('p')} FOR p IN ${value}]`
  const rings = (value: string) => `[${positions('r')} FOR r IN ${value}]`
  const many = (part: string) => `ST_Multi(ST_Collect([${part} FOR g IN ${column}]))`
  switch (encoding) {
    case 'GEOMETRY':
      return column
    case 'WKB':
      return `ST_GeomFromWKB(${column})`
    case 'point':
      return `${point(column)}::GEOMETRY`
    case 'linestring':
      return `${positions(column)}::LINESTRING_2D::GEOMETRY`
    case 'polygon':
      return `${rings(column)}::POLYGON_2D::GEOMETRY`
    case 'multipoint':
      return many(`${point('g')}::GEOMETRY`)
    case 'multilinestring':
      return many(`${positions('g')}::LINESTRING_2D::GEOMETRY`)
    case 'multipolygon':
      return many(`${rings('g')}::POLYGON_2D::GEOMETRY`)
  }
}
