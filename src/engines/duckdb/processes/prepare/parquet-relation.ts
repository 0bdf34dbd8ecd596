/**
 * Writes the rows of a Parquet file as SQL for imports. Its geometry becomes GEOMETRY from any encoding, and its covering column
 * is omitted.
 */
import type { DuckDBConnection } from '@duckdb/node-api'
import { hasGeometry, LON_LAT } from '../../../../model/layer.ts'
import { asGeometry } from '../../dialect/geometry-column.ts'
import { fileList, identifier, literal } from '../../dialect/quote.ts'
import type { Description } from '../../host/inspection.ts'
import { rowsOf } from '../inspect/rows.ts'

/**
 * Returns the text after FROM.
 *
 * @param columns the properties; a column that only looks like a covering column may be among them
 */
export async function parquetRows(
  connection: DuckDBConnection,
  file: string,
  description: Description,
  columns: Description['columns'],
): Promise<string> {
  const names = columns.map(({ name }) => identifier(name))
  const rows = `FROM read_parquet(${fileList([file])})`
  if (!hasGeometry(description)) return `(SELECT ${names.join(', ')} ${rows})`
  const { geometryColumn, geometryEncoding, hasZ, crs: described } = description
  const crs = (await crsInMetadata(connection, file, geometryColumn)) ?? described?.code ?? ''
  const value = `ST_SetCRS(${asGeometry(identifier(geometryColumn), geometryEncoding, hasZ === true)}, ${literal(crs)})`
  return `(SELECT ${[...names, `${value} AS ${identifier(geometryColumn)}`].join(', ')} ${rows})`
}

/**
 * Returns the PROJJSON, or its code, which is shorter. GeoParquet's default if the metadata omits it. Null without metadata.
 */
async function crsInMetadata(connection: DuckDBConnection, file: string, column: string): Promise<string | null> {
  const rows = await rowsOf(
    connection,
    `SELECT decode(value) AS geo FROM parquet_kv_metadata(${fileList([file])}) WHERE decode(key) = 'geo'`,
  )
  if (!rows[0]) return null
  const geo = JSON.parse(String(rows[0]['geo'])) as { readonly columns: Readonly<Record<string, { readonly crs?: unknown }>> }
  const crs = geo.columns[column]?.crs
  if (crs === undefined) return LON_LAT
  if (crs === null) return ''
  const { id } = crs as { readonly id?: { readonly authority: string; readonly code: string | number } }
  return id ? `${id.authority}:${id.code}` : JSON.stringify(crs)
}
