/** The geometry of a GeoParquet file as SQL of type GEOMETRY, whatever way it is stored. */

import type { Description } from '../../inspection.ts'
import type { GeometryEncoding } from '../../layer.ts'
import { identifier } from '../../worker/quote.ts'

type Nested = Exclude<GeometryEncoding, 'GEOMETRY' | 'WKB'>

/** The engine's own name of an encoding's parts, and of an empty collection of them, which ST_Collect would make a GEOMETRYCOLLECTION. */
const PARTS = {
  multipoint: ['POINT', 'MULTIPOINT EMPTY'],
  multilinestring: ['LINESTRING', 'MULTILINESTRING EMPTY'],
  multipolygon: ['POLYGON', 'MULTIPOLYGON EMPTY'],
} as const

export function geometryOf({
  geometryColumn,
  geometryEncoding,
  hasZ,
}: Pick<Description, 'geometryColumn' | 'geometryEncoding' | 'hasZ'>): string {
  const column = identifier(geometryColumn)
  if (geometryEncoding === 'GEOMETRY') return column
  if (geometryEncoding === 'WKB') return `ST_GeomFromWKB(${column})`
  return nested(column, geometryEncoding, hasZ ? '3D' : '2D')
}

function nested(column: string, encoding: Nested, dimension: '2D' | '3D'): string {
  const made = (value: string, type: string) => `CAST(CAST(${value} AS ${type}_${dimension}) AS GEOMETRY)`
  // GeoArrow's empty point.
  if (encoding === 'point')
    return `CASE WHEN isnan(${column}.x) AND isnan(${column}.y) THEN ST_GeomFromText('POINT EMPTY') ELSE ${made(column, 'POINT')} END`
  if (encoding === 'linestring' || encoding === 'polygon') return made(column, encoding.toUpperCase())
  const [part, empty] = PARTS[encoding]
  const collected = `ST_Multi(ST_Collect([${made('part', part)} FOR part IN ${column}]))`
  return `CASE WHEN ${column} IS NULL THEN NULL WHEN len(${column}) = 0 THEN ST_GeomFromText('${empty}') ELSE ${collected} END`
}
