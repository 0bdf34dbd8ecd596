/**
 * Reads CSV with columns of longitude and latitude, or with one column of WKT. DuckDB's sniffer finds its dialect and types
 * from all rows.
 */
import type { DuckDBConnection } from '@duckdb/node-api'
import { LON_LAT } from '../../../../model/crs.ts'
import { fileList, identifier, literal } from '../../dialect/quote.ts'
import { type CsvGeometry, csvGeometry, NO_CSV_GEOMETRY } from '../../host/csv-columns.ts'
import { columnsOf, type RelationColumn } from '../inspect/columns.ts'
import { rowsOf } from '../inspect/rows.ts'
import type { FileRelation } from './file-relation.ts'
import { geometryName } from './geometry-name.ts'

const NUMBER = /^(DOUBLE|FLOAT|DECIMAL|U?(TINY|SMALL|BIG|HUGE)?INT)/

export async function csvRelation(connection: DuckDBConnection, file: string): Promise<FileRelation> {
  const read = `read_csv(${fileList([file])}, header = true, sample_size = -1, normalize_names = false)`
  const found = await columnsOf(connection, read)
  const geometry = csvGeometry(found.map(({ name }) => name))
  if (!geometry) throw new Error(NO_CSV_GEOMETRY)
  const value = geometryValue(geometry, found)
  // The geometry replaces a WKT column. Columns of longitude and latitude stay unchanged.
  const attributes = found.filter(({ name }) => geometry.kind === 'LON_LAT' || name !== geometry.column)
  const name = geometryName(attributes.map((column) => column.name))
  // CSV has no CRS. Coordinates that fit into this CRS are taken as such.
  const crs = (await isLonLat(connection, read, value)) ? LON_LAT : ''
  const selected = [
    ...attributes.map((column) => identifier(column.name)),
    `ST_SetCRS(${value}, ${literal(crs)}) AS ${identifier(name)}`,
  ]
  return {
    from: `(SELECT ${selected.join(', ')} FROM ${read})`,
    columns: [...attributes.map((column) => ({ name: column.name, type: column.native })), { name, type: 'GEOMETRY' }],
    geometryColumn: name,
    crs,
    problems: [],
  }
}

function geometryValue(geometry: CsvGeometry, columns: readonly RelationColumn[]): string {
  if (geometry.kind === 'WKT') return `ST_GeomFromText(${identifier(geometry.column)}::VARCHAR)`
  const { longitude, latitude } = geometry
  const typed = [longitude, latitude].map((name) => columns.find((column) => column.name === name)?.native ?? '')
  if (!typed.every((type) => NUMBER.test(type))) {
    throw new Error(`not every value of its columns ${longitude} and ${latitude} is a number`)
  }
  return `ST_Point(${identifier(longitude)}::DOUBLE, ${identifier(latitude)}::DOUBLE)`
}

async function isLonLat(connection: DuckDBConnection, read: string, value: string): Promise<boolean> {
  const [row] = await rowsOf(
    connection,
    `SELECT count(*) = 0 AS fits FROM (SELECT ${value} AS g FROM ${read})
      WHERE ST_XMin(g) < -180 OR ST_XMax(g) > 180 OR ST_YMin(g) < -90 OR ST_YMax(g) > 90`,
  )
  return row?.['fits'] === true
}
