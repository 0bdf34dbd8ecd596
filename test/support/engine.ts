import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import { SPATIAL_EXTENSION } from './spatial-extension.ts'

/** Returns the result of `use` with a connection to the database at that path (`:memory:`) with the spatial extension, and closes it. */
export async function inEngine<Value>(path: string, use: (connection: DuckDBConnection) => Promise<Value>): Promise<Value> {
  const duckdb = await DuckDBInstance.create(path)
  const connection = await duckdb.connect()
  try {
    await connection.run(`LOAD '${SPATIAL_EXTENSION}'`)
    return await use(connection)
  } finally {
    connection.closeSync()
    duckdb.closeSync()
  }
}
