/** A file of small squares whose row groups are the engine's chunks: fault n is in row group n. */
import { existsSync } from 'node:fs'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { ROOT } from '../environment.ts'
import { SPATIAL_EXTENSION } from '../spatial-extension.ts'

export const CHUNK = 2_048
export const CHUNKS = 52
export const GRID_ROWS = CHUNK * CHUNKS

const FOLDER = join(ROOT, '.geoduck/test')

/** Absolute path; made once. `id` is the row's number. */
export async function grid(): Promise<string> {
  const file = join(FOLDER, `grid-${GRID_ROWS}.parquet`)
  if (!existsSync(file)) await make(file, 'snappy')
  return file
}

/** The chunk, counted from 1, with a name in Latin-1 in a file that declares UTF-8. The engine fails when it reads the chunk. */
export const BROKEN_CHUNK = CHUNKS - 1

/** Absolute path of such a file; made once. */
export async function brokenGrid(): Promise<string> {
  const file = join(FOLDER, `broken-${GRID_ROWS}.parquet`)
  if (existsSync(file)) return file
  const unfinished = `${file}.${process.pid}`
  await make(unfinished, 'uncompressed')
  const bytes = await readFile(unfinished)
  const name = `square ${(BROKEN_CHUNK - 1) * CHUNK + CHUNK / 2}`
  bytes.write('\xe4', bytes.indexOf(name), 'latin1')
  await writeFile(unfinished, bytes)
  await rename(unfinished, file)
  return file
}

async function make(file: string, compression: 'snappy' | 'uncompressed'): Promise<void> {
  await mkdir(FOLDER, { recursive: true })
  const duckdb = await DuckDBInstance.create(':memory:')
  const connection = await duckdb.connect()
  await connection.run(`LOAD '${SPATIAL_EXTENSION}'`)
  const unfinished = `${file}.${process.pid}.part`
  await connection.run(`COPY (
    SELECT i AS id, 'square ' || i AS name, (i * 7919) % 1000 AS score, ST_MakeEnvelope(x, y, x + 0.1, y + 0.1) AS geometry
    FROM (SELECT i, (i % 1000) * 0.36 - 180 AS x, (i // 1000) * 0.8 - 80 AS y FROM range(${GRID_ROWS}) r(i))
  ) TO '${unfinished}' (FORMAT parquet, COMPRESSION ${compression}, ROW_GROUP_SIZE ${CHUNK})`)
  connection.closeSync()
  duckdb.closeSync()
  await rename(unfinished, file)
}
