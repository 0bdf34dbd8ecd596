import type { DuckDBConnection, JS } from '@duckdb/node-api'

/** Returns a small result as plain objects; 64-bit integers are bigint. */
export async function rowsOf(connection: DuckDBConnection, sql: string): Promise<Record<string, JS>[]> {
  const result = await connection.runAndReadAll(sql)
  return result.getRowObjectsJS()
}
