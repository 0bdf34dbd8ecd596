/**
 * Whether geometry can be touched at all. Thirty bytes of WKB can end the process that computes with them, and neither TRY nor ST_IsValid
 * helps; text is the one thing that was never seen to crash. About 1.5 us a small geometry, 50 us one of some hundred vertices.
 */
import type { DuckDBConnection } from '@duckdb/node-api'
import type { CheckResult, Description, UnprovenColumn } from '../inspection.ts'
import { withRawWkb } from './instance.ts'
import { identifier } from './quote.ts'
import { fromOf, rowLabel } from './relation.ts'
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
  { relation }: Description,
  { column, stored }: UnprovenColumn,
): Promise<{ count: number; rows: string[] } | null> {
  const from = fromOf(relation)
  const name = identifier(column)
  const [fast] = await rowsOf(
    connection,
    `SELECT count(*) AS n FROM ${from} WHERE ${name} IS NOT NULL AND ${isUnsafe(name, stored)}`,
  )
  if (fast?.['n'] === 0n) return null
  // TRY gives up a whole dictionary of equal values for one of them. Materialised rows have none: only these are counted.
  const [exact] = await rowsOf(
    connection,
    `WITH suspects AS MATERIALIZED (
       SELECT ${rowLabel(relation)} AS label, ${name} AS g FROM ${from} WHERE ${name} IS NOT NULL AND ${isUnsafe(name, stored)}
     )
     SELECT count(*) AS n, list(label)[:${MOST_ROWS_NAMED}] AS labels FROM suspects WHERE ${isUnsafe('g', stored)}`,
  )
  const count = Number(exact?.['n'])
  return count === 0 ? null : { count, rows: exact?.['labels'] as string[] }
}

function isUnsafe(geometry: string, stored: UnprovenColumn['stored']): string {
  if (stored === 'NESTED') return `TRY(CAST(${geometry} AS VARCHAR)) IS NULL`
  return `TRY(ST_AsText(${stored === 'WKB' ? `ST_GeomFromWKB(${geometry})` : geometry})) IS NULL`
}
