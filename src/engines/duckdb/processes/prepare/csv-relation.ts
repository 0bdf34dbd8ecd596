/** Reads CSV with columns of longitude and latitude, with one column of WKT, WKB or GeoJSON, or without geometry. */
import type { DuckDBConnection } from '@duckdb/node-api'
import { identifier, literal } from '../../dialect/quote.ts'
import { type CsvGeometry, csvGeometry } from '../../host/csv-columns.ts'
import { csvShapes, problemOfWords } from './csv-geometry.ts'
import { type CsvRows, csvRows } from './csv-rows.ts'
import { csvTypes } from './csv-types.ts'
import type { FileRelation } from './file-relation.ts'
import { geometryName } from './geometry-name.ts'

export async function csvRelation(connection: DuckDBConnection, file: string): Promise<FileRelation> {
  const rows = await csvRows(connection, file)
  const { geometry, problems: words } = await findGeometry(connection, rows)
  if (!geometry) {
    const { columns, problems } = await csvTypes(connection, rows.from, rows.names, [])
    const selected = columns.map(({ name, value }) => `${value} AS ${identifier(name)}`)
    return {
      from: `(SELECT ${selected.join(', ')} FROM ${rows.from})`,
      columns: columns.map(({ name, type }) => ({ name, type })),
      geometryColumn: null,
      crs: '',
      problems: [...rows.problems, ...words, ...problems],
    }
  }
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
    columns: columns.map(({ name, type }) => ({ name, type })),
    geometryColumn: name,
    crs: shapes.crs,
    problems: [...rows.problems, ...words, ...problems, ...shapes.problems],
  }
}

/** The geometry by the names of the columns. A column of words is none, although it is called like one; that is a problem. */
async function findGeometry(
  connection: DuckDBConnection,
  rows: CsvRows,
): Promise<{ readonly geometry: CsvGeometry | null; readonly problems: readonly string[] }> {
  const problems: string[] = []
  let names = rows.names
  for (;;) {
    const geometry = csvGeometry(names)
    if (geometry?.kind !== 'COLUMN') return { geometry, problems }
    const problem = await problemOfWords(connection, rows, geometry.column)
    if (problem === null) return { geometry, problems }
    problems.push(problem)
    names = names.filter((name) => name !== geometry.column)
  }
}
