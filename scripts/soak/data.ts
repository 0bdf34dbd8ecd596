/** 100,000 squares of a grid, as a GeoParquet file of many row groups and as a table: every answer about them can be worked out without an engine. */
import { existsSync } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { findSpatialExtension } from '../../src/config/extension.ts'

export const ROWS = 100_000
const COLUMNS = 500
const STEP = 0.5
const SIDE = 0.25

/** West and south of a square. */
export function cornerOf(id: number): { readonly x: number; readonly y: number } {
  return { x: (id % COLUMNS) * STEP - 125, y: Math.floor(id / COLUMNS) * STEP - 50 }
}

/** Squares that a box meets, borders included. */
export function countIn([west, south, east, north]: readonly [number, number, number, number]): number {
  const within = (low: number, high: number, first: number, count: number) => {
    let met = 0
    for (let n = 0; n < count; n++) if (first + n * STEP <= high && first + n * STEP + SIDE >= low) met++
    return met
  }
  return within(west, east, -125, COLUMNS) * within(south, north, -50, ROWS / COLUMNS)
}

export const scoreOf = (id: number): number => (id * 7_919) % 1_000

/** Paths of the two sources. */
export async function makeData(folder: string): Promise<string[]> {
  const [file, store] = [path.join(folder, 'soak.parquet'), path.join(folder, 'soak.duckdb')]
  if (existsSync(file) && existsSync(store)) return [file, store]
  await mkdir(folder, { recursive: true })
  const duckdb = await DuckDBInstance.create(':memory:')
  const connection = await duckdb.connect()
  const spatial = await findSpatialExtension(null, () => {})
  await connection.run(`LOAD '${spatial.path}'`)
  await connection.run(`CREATE TABLE squares AS SELECT i AS id, 'square ' || i AS name, (i * 7919) % 1000 AS score,
    ST_MakeEnvelope(x, y, x + ${SIDE}, y + ${SIDE}) AS geometry
    FROM (SELECT i, (i % ${COLUMNS}) * ${STEP} - 125 AS x, (i // ${COLUMNS}) * ${STEP} - 50 AS y FROM range(${ROWS}) r(i))`)
  const unfinished = [`${file}.${process.pid}`, `${store}.${process.pid}`]
  await connection.run(`COPY (FROM squares ORDER BY id) TO '${unfinished[0]}' (FORMAT parquet, ROW_GROUP_SIZE 8192)`)
  await connection.run(`ATTACH '${unfinished[1]}' AS store`)
  await connection.run('CREATE TABLE store.stored AS FROM squares ORDER BY id')
  await connection.run('DETACH store')
  connection.closeSync()
  duckdb.closeSync()
  await rename(unfinished[0]!, file)
  await rename(unfinished[1]!, store)
  await rm(`${unfinished[1]}.wal`, { force: true })
  return [file, store]
}
