import type { GeometryEncoding } from '../../../../model/layer.ts'

/**
 * A geometry column of any encoding as GEOMETRY. GeoParquet 1.1's native encodings are nested lists of structs.
 *
 * @param column quoted
 * @param hasZ whether heights are in them, and are kept
 */
export function asGeometry(column: string, encoding: GeometryEncoding, hasZ = false): string {
  const kind = hasZ ? '3D' : '2D'
  const point = (value: string) => `{x: ${value}.x, y: ${value}.y${hasZ ? `, z: ${value}.z` : ''}}::POINT_${kind}`
  // Cast as they are, lists of plain structs stay what they are to the engine.
  const positions = (value: string) => `[${point('p')} FOR p IN ${value}]`
  const rings = (value: string) => `[${positions('r')} FOR r IN ${value}]`
  const many = (part: string) => {
    // ST_Collect makes nothing of nothing, and a GEOMETRYCOLLECTION of no parts.
    const collected = `ST_Multi(ST_Collect([${part} FOR g IN ${column}]))`
    return `CASE len(${column}) WHEN 0 THEN ST_GeomFromText('${encoding.toUpperCase()} EMPTY') ELSE ${collected} END`
  }
  switch (encoding) {
    case 'GEOMETRY':
      return column
    case 'WKB':
      return `ST_GeomFromWKB(${column})`
    case 'point':
      // GeoArrow's empty point has no coordinates.
      return `CASE WHEN isnan(${column}.x) AND isnan(${column}.y) THEN ST_GeomFromText('POINT EMPTY') ELSE ${point(column)}::GEOMETRY END`
    case 'linestring':
      return `${positions(column)}::LINESTRING_${kind}::GEOMETRY`
    case 'polygon':
      return `${rings(column)}::POLYGON_${kind}::GEOMETRY`
    case 'multipoint':
      return many(`${point('g')}::GEOMETRY`)
    case 'multilinestring':
      return many(`${positions('g')}::LINESTRING_${kind}::GEOMETRY`)
    case 'multipolygon':
      return many(`${rings('g')}::POLYGON_${kind}::GEOMETRY`)
  }
}
