/** Reads the rows of a query into a table on disk, in their order, with the names that a file has. */
import type { DuckDBConnection } from '@duckdb/node-api'
import type { WireType } from '../../../../encode/batch.ts'
import { freeName } from '../../../../encode/csv.ts'
import type { FinishedFormat } from '../../../../model/file-format.ts'
import { identifier } from '../../dialect/quote.ts'
import type { ExportJob } from '../../host/export-messages.ts'
import { rowsOf } from '../inspect/rows.ts'
import { STAGING } from '../prepare/engine.ts'
import { boxOf, type Staged } from '../prepare/stage.ts'
import { bindParameters } from '../query/execution.ts'

const TABLE = `${identifier(STAGING)}.features`

/** The column of the sentinel. No property has this name. */
const END = identifier('end of the rows')

interface Column {
  readonly name: string
  readonly type: string
}

/** @throws Error of the engine */
export async function stageRows(
  connection: DuckDBConnection,
  { statement, layout }: ExportJob,
  format: FinishedFormat,
): Promise<Staged> {
  const { key, properties, geometryName, geometries } = layout
  const columns: Column[] = []
  const select: string[] = []
  const add = (index: number, name: string) => {
    const sql = typedValue(`c${index}`, layout.columns[index]!.wire, format)
    columns.push({ name, type: '' })
    select.push(`${sql} AS ${identifier(name)}`)
  }
  const names = properties.map((index) => layout.columns[index]!.name)
  const own = [...names, ...(geometryName === null ? [] : [geometryName])]
  if (key !== null && !properties.some((index, n) => index === key && names[n] === 'id')) add(key, freeName('id', own))
  for (const [n, index] of properties.entries()) add(index, names[n]!)
  const [first] = geometries
  const geometry =
    first && geometryName !== null
      ? { column: geometryName, covering: freeName('bbox', [...columns.map(({ name }) => name), geometryName]) }
      : null
  if (first && geometry) select.push(`ST_GeomFromWKB(c${first.column}) AS ${identifier(geometry.column)}`)
  const box = geometry ? `, ${boxOf(identifier(geometry.column))} AS ${identifier(geometry.covering)}` : ''
  const prepared = await connection.prepare(
    `CREATE TABLE ${TABLE} AS SELECT *${box} FROM (SELECT ${[...select, `eof AS ${END}`].join(', ')} FROM (${statement.sql}))`,
  )
  bindParameters(prepared, statement.parameters)
  await prepared.run()
  // Without the sentinel a proof of the query failed: a CRS that it transforms to is unknown.
  const [found] = await rowsOf(connection, `SELECT count(*) AS n FROM ${TABLE} WHERE ${END}`)
  if (Number(found?.['n']) !== 1) throw new Error('Invalid Input Error: the statement ended without its sentinel')
  await connection.run(`DELETE FROM ${TABLE} WHERE ${END}`)
  await connection.run(`ALTER TABLE ${TABLE} DROP COLUMN ${END}`)
  const relation = { from: TABLE, columns, geometryColumn: geometry?.column ?? null, crs: first?.crs ?? '', problems: [] }
  return { relation, table: TABLE, geometry }
}

/**
 * SQL of a value in a type that the format has. GDAL writes dates before 1970 as other dates: they become times of day 0, or text. It
 * writes unsigned 64-bit integers as floats: they become text.
 */
function typedValue(column: string, wire: WireType, format: FinishedFormat): string {
  if (wire.kind === 'decimal') {
    if (format === 'parquet') return `CAST(${column} AS DECIMAL(${wire.precision}, ${wire.scale}))`
    return wire.quoted ? column : `CAST(${column} AS DOUBLE)`
  }
  if (format === 'parquet') return wire.kind === 'timestamp' && wire.utc ? `CAST(${column} AS TIMESTAMPTZ)` : column
  const isText = format === 'shp.zip' || format === 'kml'
  switch (wire.kind) {
    case 'date':
      return isText ? `CAST(${finite(column)} AS VARCHAR)` : `CAST(${finite(column)} AS TIMESTAMP)`
    case 'timestamp':
      return isText ? timeText(finite(column), wire.utc) : milliseconds(finite(column))
    case 'int':
      return wire.bits === 64 && (!wire.signed || format === 'kml') ? `CAST(${column} AS VARCHAR)` : column
    case 'binary':
      return isText ? `to_base64(${column})` : column
    default:
      return column
  }
}

const finite = (column: string): string => `CASE WHEN isfinite(${column}) THEN ${column} END`

/**
 * GDAL has milliseconds, and rounds up to a 60th second. It writes a fraction of the last second of 1969 as a time of 1970, so that second
 * has none.
 */
function milliseconds(value: string): string {
  const last = "TIMESTAMP '1969-12-31 23:59:59'"
  const time = `CAST(${value} AS TIMESTAMP)`
  return `CASE WHEN ${time} BETWEEN ${last} AND TIMESTAMP '1969-12-31 23:59:59.999999' THEN ${last} ELSE date_trunc('millisecond', ${time}) END`
}

/** ISO 8601, as in GeoJSON. */
function timeText(value: string, utc: boolean): string {
  return `replace(CAST(CAST(${value} AS TIMESTAMP) AS VARCHAR), ' ', 'T')${utc ? " || 'Z'" : ''}`
}
