/**
 * `node bench/import.ts`: 500,000 more rows into a table of 500,000 that has a spatial index: with the index kept, and with it dropped before
 * and built once afterwards, as `geoduck import` does. Time, processor time, bytes written, the size of the file, and the time of a small box by the index,
 * each in a separate store. Linux only: `/proc` counts the bytes.
 */
import { copyFile, mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { findSpatialExtension } from '../src/config/extension.ts'

const ROWS = 500_000
const RUNS = 3

const ARMS: Readonly<Record<string, readonly string[]>> = {
  'index kept': ['INSERT INTO s.b FROM more', 'CHECKPOINT s'],
  'index kept, 10 inserts': [
    ...Array.from({ length: 10 }, (_, part) => `INSERT INTO s.b SELECT * FROM more WHERE id % 10 = ${part}`),
    'CHECKPOINT s',
  ],
  'index kept, 100 inserts': [
    ...Array.from({ length: 100 }, (_, part) => `INSERT INTO s.b SELECT * FROM more WHERE id % 100 = ${part}`),
    'CHECKPOINT s',
  ],
  'dropped, built once': [
    'BEGIN',
    'DROP INDEX s.i',
    'INSERT INTO s.b FROM more',
    'USE s',
    'CREATE INDEX i ON b USING RTREE (geom)',
    'COMMIT',
    'USE memory',
    'CHECKPOINT s',
  ],
}

const folder = await mkdtemp(join(tmpdir(), 'geoduck-bench-'))
const instance = await DuckDBInstance.create(':memory:', { threads: '2' })
const connection = await instance.connect()
const run = async (statements: readonly string[]) => {
  for (const statement of statements) await connection.run(statement)
}
const rows = (from: number) => `SELECT i AS id, 'building ' || i AS name, ST_MakeEnvelope(x, y, x + 0.001, y + 0.001) AS geom
  FROM (SELECT i, (hash(i) % 360000) / 1000.0 - 180 AS x, (hash(i + 7777777) % 170000) / 1000.0 - 85 AS y FROM range(${from}, ${from + ROWS}) r(i))
  ORDER BY ST_Hilbert(x, y, {'min_x': -180, 'min_y': -90, 'max_x': 180, 'max_y': 90}::BOX_2D)`
const written = async () => Number(/wchar: (\d+)/.exec(await readFile('/proc/self/io', 'utf8'))?.[1])

/** The median of small boxes, each of which the engine answers by the index. */
async function boxes(file: string): Promise<string> {
  await run([`ATTACH '${file}' AS s (READ_ONLY)`])
  const times: number[] = []
  let found = 0
  for (let n = 0; n < 15; n++) {
    const began = performance.now()
    const box = `ST_MakeEnvelope(${n * 10}, 10, ${n * 10 + 1}, 11)`
    found += (await connection.runAndReadAll(`SELECT id, geom FROM s.b WHERE ST_Intersects(geom, ${box})`)).currentRowCount
    times.push(performance.now() - began)
  }
  await run(['DETACH s'])
  return `${times.sort((a, b) => a - b)[7]?.toFixed(1)} ms a box (${found} rows in 15)`
}

try {
  const base = join(folder, 'base.duckdb')
  await run([`LOAD '${(await findSpatialExtension(null, () => {})).path}'`, `CREATE TABLE more AS ${rows(ROWS)}`])
  await run([`ATTACH '${base}' AS s (STORAGE_VERSION 'v1.5.0')`, `CREATE TABLE s.b AS ${rows(0)}`])
  await run(['CREATE INDEX i ON s.b USING RTREE (geom)', 'CHECKPOINT s', 'DETACH s'])
  process.stdout.write(`${(await stat(base)).size / 1e6} MB before\n`)
  for (let n = 0; n < RUNS; n++) {
    for (const [arm, statements] of Object.entries(ARMS)) {
      const file = join(folder, 'store.duckdb')
      await copyFile(base, file)
      await run([`ATTACH '${file}' AS s`])
      const [began, cpu, bytes] = [performance.now(), process.cpuUsage(), await written()]
      await run(statements)
      const seconds = (performance.now() - began) / 1000
      const { user, system } = process.cpuUsage(cpu)
      const megabytes = ((await written()) - bytes) / 1e6
      await run(['DETACH s'])
      const size = (await stat(file)).size / 1e6
      const asked = await boxes(file)
      const told = [
        `${seconds.toFixed(1)} s`,
        `${((user + system) / 1e6).toFixed(1)} s of processor`,
        `${megabytes.toFixed(0)} MB written`,
        `file ${size.toFixed(0)} MB`,
        asked,
      ]
      process.stdout.write(`${arm}: ${told.join(', ')}\n`)
      await rm(file)
    }
  }
} finally {
  connection.closeSync()
  instance.closeSync()
  await rm(folder, { recursive: true })
}
