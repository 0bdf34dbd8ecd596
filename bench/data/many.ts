/** A hundred small layers, for the time that a server takes to start. */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { DuckDBConnection } from '@duckdb/node-api'
import { writeLayer } from './geoparquet.ts'

export const MANY_FOLDER = 'many'
export const MANY_FILES = 100
const ROWS = 1_000

export async function writeManyFiles(connection: DuckDBConnection, folder: string): Promise<void> {
  await mkdir(join(folder, MANY_FOLDER))
  for (let number = 0; number < MANY_FILES; number++) {
    const name = `layer${String(number).padStart(3, '0')}`
    const sql = `SELECT * EXCLUDE bbox FROM '${join(folder, 'buildings.parquet')}' LIMIT ${ROWS} OFFSET ${number * ROWS}`
    await writeLayer(connection, sql, join(folder, MANY_FOLDER, `${name}.parquet`))
  }
}
