/** The problems of a source that its prepared copy keeps in the file's metadata, so that every start reports them. */
import type { DuckDBConnection } from '@duckdb/node-api'
import { fileList, literal } from '../../dialect/quote.ts'
import { rowsOf } from '../inspect/rows.ts'

/** The key in the Parquet metadata. Its value is a JSON list of sentences. */
export const PROBLEMS_KEY = 'geoduck:problems'

/** Returns the problems in the metadata of a copy. Empty for other files. */
export async function problemsOfCopy(connection: DuckDBConnection, files: readonly string[]): Promise<readonly string[]> {
  if (files.length !== 1) return []
  const rows = await rowsOf(
    connection,
    `SELECT decode(value) AS problems FROM parquet_kv_metadata(${fileList(files)}) WHERE key = ${literal(PROBLEMS_KEY)}::BLOB`,
  )
  const found: unknown = rows[0] && JSON.parse(String(rows[0]['problems']))
  return Array.isArray(found) ? found.filter((one) => typeof one === 'string') : []
}
