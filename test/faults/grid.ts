/** A file of small squares whose row groups are the engine's chunks: fault n is met in row group n. */
import { existsSync } from 'node:fs'
import { mkdir, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { ROOT, SPATIAL_EXTENSION } from '../support/environment.ts'

export const CHUNK = 2_048
export const CHUNKS = 52
export const GRID_ROWS = CHUNK * CHUNKS

/** Absolute path; made once. `id` is the row's number. */
export async function grid(): Promise<string> {
  const folder = join(ROOT, '.geoduck/test')
  const file = join(folder, `grid-${GRID_ROWS}.parquet`)
  if (existsSync(file)) return file
  await mkdir(folder, { recursive: true })
  const duckdb = await DuckDBInstance.create(':memory:')
  const connection = await duckdb.connect()
  await connection.run(`LOAD '${SPATIAL_EXTENSION}'`)
  const unfinished = `${file}.${process.pid}`
  await connection.run(`COPY (
    SELECT i AS id, 'square ' || i AS name, (i * 7919) % 1000 AS score, ST_MakeEnvelope(x, y, x + 0.1, y + 0.1) AS geometry
    FROM (SELECT i, (i % 1000) * 0.36 - 180 AS x, (i // 1000) * 0.8 - 80 AS y FROM range(${GRID_ROWS}) r(i))
  ) TO '${unfinished}' (FORMAT parquet, ROW_GROUP_SIZE ${CHUNK})`)
  connection.closeSync()
  duckdb.closeSync()
  await rename(unfinished, file)
  return file
}
