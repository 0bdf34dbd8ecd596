/**
 * Whether geometry can be touched at all. Thirty bytes of WKB can end the process that computes with them, and neither TRY nor ST_IsValid
 * helps; text is the one thing that was never seen to crash. About 1.5 us a small geometry, 50 us one of some hundred vertices.
 */
import type { DuckDBConnection } from '@duckdb/node-api'
import { identifier } from '../../dialect/quote.ts'
import type { CheckResult, Description, UnprovenColumn } from '../../host/inspection.ts'
import { withRawWkb } from './instance.ts'
import { fromOf, rowLabelOf, rowNumberOf } from './relation.ts'
import { rowsOf } from './rows.ts'

const MOST_ROWS_NAMED = 5

/** Null: every geometry can be computed with. */
export async function findUnsafe(connection: DuckDBConnection, description: Description): Promise<CheckResult | null> {
  for (const column of description.unproven) {
    const find = () => findUnsafeRows(connection, description, column)
    const found = await (column.stored === 'WKB' ? withRawWkb(connection, find) : find())
    if (found) return { outcome: 'UNSAFE', column: column.column, ...found }
  }
  return null
}

async function findUnsafeRows(
  connection: DuckDBConnection,
  description: Description,
  column: UnprovenColumn,
): Promise<{ count: number; rows: string[] } | null> {
  const unsafe = unsafeRows(description, column)
  const [found] = await rowsOf(connection, `SELECT count(*) AS n ${unsafe}`)
  const count = Number(found?.['n'])
  if (count === 0) return null
  const rows = await rowsOf(connection, `SELECT label ${unsafe} LIMIT ${MOST_ROWS_NAMED}`)
  return { count, rows: rows.map(({ label }) => String(label)) }
}

/**
 * What stands behind a SELECT of `n`, a row's number, and `label`. TRY over a dictionary of equal values gives up all of them for one, again
 * for each row: minutes instead of a second, and the wrong rows. Two halves by turns, joined again, are not a dictionary any more.
 */
export function unsafeRows(description: Description, { column, stored }: UnprovenColumn): string {
  const half = (remainder: number) => `CASE WHEN n % 2 = ${remainder} THEN g END`
  return `FROM (
      SELECT coalesce(${half(0)}, ${half(1)}) AS g, n, label
      FROM (SELECT ${identifier(column)} AS g, ${rowNumberOf(description)} AS n, ${rowLabelOf(description)} AS label FROM ${fromOf(description.relation)})
    ) WHERE g IS NOT NULL AND ${isUnsafe(stored)}`
}

function isUnsafe(stored: UnprovenColumn['stored']): string {
  if (stored === 'NESTED') return 'TRY(CAST(g AS VARCHAR)) IS NULL'
  return `TRY(ST_AsText(${stored === 'WKB' ? 'ST_GeomFromWKB(g)' : 'g'})) IS NULL`
}
