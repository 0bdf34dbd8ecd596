/** Features to look up by key and by text. */
import type { DuckDBConnection } from '@duckdb/node-api'

export interface Lookup {
  readonly id: number
  readonly name: string
  /** Features with that name. */
  readonly hits: number
}

/** The columns that the bench looks up, of buildings. */
export const [KEY, TEXT] = ['id', 'name'] as const

const LOOKUPS = 300

/** Features all over a GeoParquet file, with different names. */
export async function chooseLookups(connection: DuckDBConnection, file: string): Promise<Lookup[]> {
  const reader = await connection.runAndReadAll(
    `SELECT min(${KEY}) AS id, ${TEXT} AS name, count(*) AS hits FROM '${file}' GROUP BY ${TEXT} ORDER BY hash(${TEXT}) LIMIT ${LOOKUPS}`,
  )
  return reader.getRows().map(([id, name, hits]) => ({ id: Number(id), name: String(name), hits: Number(hits) }))
}
