/** Decides whether texts are dates or timestamps. A column becomes one only if every text of it is one exactly, and exists. */
import type { DuckDBConnection } from '@duckdb/node-api'
import { literal } from '../../dialect/quote.ts'
import { rowsOf } from '../inspect/rows.ts'

export type MomentType = 'DATE' | 'TIMESTAMP' | 'TIMESTAMP WITH TIME ZONE' | 'VARCHAR'

const DATE = String.raw`\d{4}-\d{2}-\d{2}`
/** The engine keeps microseconds, so texts with more digits stay texts. */
const TIME = String.raw`([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,6})?)?`

/** The forms of RFC 3339, with a blank in place of T. Texts with an offset other than Z stay texts, because the offset would be lost. */
const FORMS: readonly (readonly [MomentType, pattern: string])[] = [
  ['DATE', DATE],
  ['TIMESTAMP', `${DATE}[T ]${TIME}`],
  ['TIMESTAMP WITH TIME ZONE', `${DATE}[T ]${TIME}Z`],
]

/** @param columns SQL names of columns of text */
export async function momentTypes(
  connection: DuckDBConnection,
  table: string,
  columns: readonly string[],
): Promise<MomentType[]> {
  if (columns.length === 0) return []
  const tests = columns.flatMap((column, index) =>
    FORMS.map(([type, pattern], form) => {
      // The engine takes the year 0 for 1 BC.
      const isOne = `regexp_full_match(${column}, ${literal(pattern)}) AND ${column} >= '0001' AND TRY_CAST(${column} AS ${type}) IS NOT NULL`
      return `bool_and(${isOne}) FILTER (${column} IS NOT NULL) AS is_${index}_${form}`
    }),
  )
  const [row] = await rowsOf(connection, `SELECT ${tests.join(', ')} FROM ${table}`)
  return columns.map((_, index) => FORMS.find((_form, form) => row?.[`is_${index}_${form}`] === true)?.[0] ?? 'VARCHAR')
}
