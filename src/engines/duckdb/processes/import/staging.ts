/**
 * A database for rows that must not be read from their source again: GDAL is slow, and rows that cannot be read safely are excluded here once.
 * It is on disk, because a table in memory would spill without compression.
 */
import type { DuckDBConnection } from '@duckdb/node-api'
import { identifier, literal } from '../../dialect/quote.ts'
import type { Description } from '../../host/inspection.ts'
import { describeTable } from '../inspect/describe-database.ts'
import { withRawWkb } from '../inspect/instance.ts'
import { fromOf, rowNumberOf } from '../inspect/relation.ts'
import { rowsOf } from '../inspect/rows.ts'
import { unsafeRows } from '../inspect/safe-check.ts'

const STAGING = 'staging'

export async function openStaging(connection: DuckDBConnection, file: string): Promise<void> {
  await connection.run(`ATTACH ${literal(file)} AS ${STAGING} (STORAGE_VERSION 'v1.5.0')`)
}

/** @param query returns the rows */
export async function stage(connection: DuckDBConnection, table: string, query: string): Promise<Description> {
  await connection.run(`CREATE TABLE ${STAGING}.main.${identifier(table)} AS ${query}`)
  return await describeTable(connection, STAGING, { schema: 'main', table })
}

/** Keeps the rows whose geometry can be read, so that later readers need no guard. */
export async function stageSafe(
  connection: DuckDBConnection,
  table: string,
  description: Description,
): Promise<{ description: Description; skipped: number }> {
  const unsafe = `${STAGING}.main.${identifier(`${table} unsafe`)}`
  await connection.run(`CREATE TABLE ${unsafe} (n BIGINT)`)
  const isRaw = description.unproven.some(({ stored }) => stored === 'WKB')
  const copy = async () => {
    for (const column of description.unproven)
      await connection.run(`INSERT INTO ${unsafe} SELECT n ${unsafeRows(description, column)}`)
    return await stage(connection, table, safeRows(description, unsafe))
  }
  const staged = await (isRaw ? withRawWkb(connection, copy) : copy())
  const [row] = await rowsOf(connection, `SELECT count(DISTINCT n) AS skipped FROM ${unsafe}`)
  return { description: { ...staged, crs: description.crs }, skipped: Number(row?.['skipped']) }
}

/** A column of WKB is read as bytes. It becomes geometry only after the filter. */
function safeRows({ unproven, ...description }: Description, unsafe: string): string {
  const converted = unproven
    .filter(({ stored }) => stored === 'WKB')
    .map(({ column }) => `ST_GeomFromWKB(${identifier(column)}) AS ${identifier(column)}`)
  const number = rowNumberOf({ ...description, unproven })
  // A window function counts the row number.
  const filter = `${number.includes(' OVER ') ? 'QUALIFY' : 'WHERE'} ${number} NOT IN (FROM ${unsafe})`
  return `SELECT ${converted.length > 0 ? `* REPLACE (${converted.join(', ')})` : '*'} FROM ${fromOf(description.relation)} ${filter}`
}
