/** Reads CSV with columns of longitude and latitude, or with one column of WKT, WKB or GeoJSON. */
import type { DuckDBConnection } from '@duckdb/node-api'
import { identifier, literal } from '../../dialect/quote.ts'
import { csvGeometry, NO_CSV_GEOMETRY } from '../../host/csv-columns.ts'
import { csvShapes } from './csv-geometry.ts'
import { csvRows } from './csv-rows.ts'
import { csvTypes } from './csv-types.ts'
import type { FileRelation } from './file-relation.ts'
import { geometryName } from './geometry-name.ts'

export async function csvRelation(connection: DuckDBConnection, file: string): Promise<FileRelation> {
  const rows = await csvRows(connection, file)
  const geometry = csvGeometry(rows.names)
  if (!geometry) throw new Error(NO_CSV_GEOMETRY)
  // The geometry replaces a column of geometry. Columns of longitude and latitude stay.
  const names = rows.names.filter((name) => geometry.kind === 'PAIR' || name !== geometry.column)
  const { columns, problems } = await csvTypes(
    connection,
    rows.from,
    names,
    geometry.kind === 'PAIR' ? [geometry.x, geometry.y] : [],
  )
  const shapes = await csvShapes(connection, rows, geometry, columns)
  const name = geometryName(names)
  const selected = [
    ...columns.map((column) => `${column.value} AS ${identifier(column.name)}`),
    `ST_SetCRS(${shapes.geometry}, ${literal(shapes.crs)}) AS ${identifier(name)}`,
  ]
  return {
    from: `(SELECT ${selected.join(', ')} FROM ${rows.from})`,
    columns: [...columns.map(({ name, type }) => ({ name, type })), { name, type: 'GEOMETRY' }],
    geometryColumn: name,
    crs: shapes.crs,
    problems: [...rows.problems, ...problems, ...shapes.problems],
  }
}
