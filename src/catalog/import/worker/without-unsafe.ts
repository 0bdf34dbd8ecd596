/** Rows whose geometry can be read, in a table of the instance's own: what reads it needs no guard any more. */
import type { DuckDBConnection } from '@duckdb/node-api'
import type { Description } from '../../inspection.ts'
import { withRawWkb } from '../../worker/instance.ts'
import { identifier } from '../../worker/quote.ts'
import { fromOf, rowNumberOf } from '../../worker/relation.ts'
import { rowsOf } from '../../worker/rows.ts'
import { unsafeRows } from '../../worker/safe-check.ts'

export async function withoutUnsafe(
  connection: DuckDBConnection,
  description: Description,
  table: string,
): Promise<{ description: Description; skipped: number }> {
  const raw = description.unproven.some(({ stored }) => stored === 'WKB')
  const copy = () => copySafe(connection, description, table)
  const skipped = await (raw ? withRawWkb(connection, copy) : copy())
  const encoding = description.geometryEncoding === 'WKB' ? 'GEOMETRY' : description.geometryEncoding
  const unproven = description.unproven.map((column) => (column.stored === 'WKB' ? { ...column, stored: 'GEOMETRY' as const } : column))
  const relation = { kind: 'table', database: 'memory', schema: 'main', table } as const
  return { description: { ...description, relation, geometryEncoding: encoding, unproven }, skipped }
}

/** With conversion off, a column of WKB is read as its bytes: it becomes geometry only behind the filter. */
async function copySafe(connection: DuckDBConnection, description: Description, table: string): Promise<number> {
  const from = fromOf(description.relation)
  const number = rowNumberOf(description)
  await connection.run('CREATE OR REPLACE TABLE unsafe (n BIGINT)')
  for (const column of description.unproven) await connection.run(`INSERT INTO unsafe SELECT n ${unsafeRows(description, column)}`)
  const converted = description.unproven
    .filter(({ stored }) => stored === 'WKB')
    .map(({ column }) => `ST_GeomFromWKB(${identifier(column)}) AS ${identifier(column)}`)
  const columns = converted.length > 0 ? `* REPLACE (${converted.join(', ')})` : '*'
  // A number that is counted is a window's.
  const kept = `FROM ${from} ${number.includes(' OVER ') ? 'QUALIFY' : 'WHERE'} ${number} NOT IN (FROM unsafe)`
  await connection.run(`CREATE TABLE ${identifier(table)} AS SELECT ${columns} FROM (${kept})`)
  const [row] = await rowsOf(connection, 'SELECT count(DISTINCT n) AS skipped FROM unsafe')
  return Number(row?.['skipped'])
}
