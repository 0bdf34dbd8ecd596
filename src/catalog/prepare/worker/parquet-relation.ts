/** A GeoParquet file as a relation, for imports: its geometry as GEOMETRY, however it is stored, and no covering column. */
import type { DuckDBConnection } from '@duckdb/node-api'
import type { GeometryEncoding } from '../../layer.ts'
import { describeParquet } from '../../worker/describe-parquet.ts'
import { fileList, identifier, literal } from '../../worker/quote.ts'
import { rowsOf } from '../../worker/rows.ts'
import type { FileRelation } from './file-relation.ts'

export async function parquetRelation(connection: DuckDBConnection, file: string): Promise<FileRelation> {
  const { columns, geometryColumn, geometryEncoding, crs: described } = await describeParquet(connection, [file])
  const crs = (await crsInMetadata(connection, file, geometryColumn)) ?? described?.code ?? ''
  const value = `ST_SetCRS(${asGeometry(identifier(geometryColumn), geometryEncoding)}, ${literal(crs)})`
  const selected = [...columns.map(({ name }) => identifier(name)), `${value} AS ${identifier(geometryColumn)}`]
  return {
    from: `(SELECT ${selected.join(', ')} FROM read_parquet(${fileList([file])}))`,
    columns: [...columns.map(({ name, type }) => ({ name, type })), { name: geometryColumn, type: 'GEOMETRY' }],
    geometryColumn,
    crs,
  }
}

/** The PROJJSON, or its code, which is shorter; GeoParquet's default where the metadata leaves it out; null for no metadata. */
async function crsInMetadata(connection: DuckDBConnection, file: string, column: string): Promise<string | null> {
  const rows = await rowsOf(
    connection,
    `SELECT decode(value) AS geo FROM parquet_kv_metadata(${fileList([file])}) WHERE decode(key) = 'geo'`,
  )
  if (!rows[0]) return null
  const geo = JSON.parse(String(rows[0]['geo'])) as { readonly columns: Readonly<Record<string, { readonly crs?: unknown }>> }
  const crs = geo.columns[column]?.crs
  if (crs === undefined) return 'OGC:CRS84'
  if (crs === null) return ''
  const { id } = crs as { readonly id?: { readonly authority: string; readonly code: string | number } }
  return id ? `${id.authority}:${id.code}` : JSON.stringify(crs)
}

/** GeoParquet 1.1's native encodings are nested lists of structs. Heights in them are left out. */
function asGeometry(column: string, encoding: GeometryEncoding): string {
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
