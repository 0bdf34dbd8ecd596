import { type DuckDBConnection, type DuckDBPreparedStatement, StatementType } from '@duckdb/node-api'

/**
 * A worker asks, and does nothing else. The engine's own lock does not see to that: COPY without a temporary file writes over the very files
 * that are served, and so may a database that has been detached and attached anew.
 *
 * @throws when it is not one statement, or none that only reads
 */
export async function prepareQuery(connection: DuckDBConnection, sql: string): Promise<DuckDBPreparedStatement> {
  const prepared = await connection.prepare(sql)
  if (prepared.statementType === StatementType.SELECT) return prepared
  prepared.destroySync()
  throw new Error('a worker runs queries only')
}
