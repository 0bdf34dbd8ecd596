/**
 * Checks that geometry can be decoded at all. Thirty bytes of WKB can end the process that decodes them, and neither TRY nor ST_IsValid
 * prevents it. Only the conversion to text has never crashed. It takes about 1.5 µs per small geometry, and 50 µs for some hundred vertices.
 */
import type { DuckDBConnection } from '@duckdb/node-api'
import { identifier } from '../../dialect/quote.ts'
import type { CheckResult, Description, UnprovenColumn } from '../../host/inspection.ts'
import { withRawWkb } from './instance.ts'
import { fromOf, rowLabelOf, rowNumberOf } from './relation.ts'
import { rowsOf } from './rows.ts'

const MOST_ROWS_NAMED = 5

/** Null if every geometry can be decoded. */
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
 * Returns the text after SELECT with `n`, a row number, and `label`. For a dictionary of equal values, TRY discards all of them
 * for one error, again for each row: that takes minutes instead of a second, and names the wrong rows. Two alternating halves,
 * joined again, are no longer a dictionary.
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
