/**
 * Box queries by the shortest honest program: boxes.ts OPTIONS, in a separate process. One connection, one prepared statement, the
 * engine's GeoJSON, JSON.stringify over the rows; nothing is sent.
 */
import { readFile } from 'node:fs/promises'
import type { DuckDBValue } from '@duckdb/node-api'
import type { QueryBox } from '../data/boxes.ts'
import { median } from '../median.ts'
import { type EngineOptions, openEngine } from './session.ts'

export interface EngineBoxOptions extends EngineOptions {
  /** With $1 .. $4: west, south, east, north. */
  readonly sql: string
  readonly boxes: string
}

const options: EngineBoxOptions = JSON.parse(process.argv[2] ?? '')
const boxes: QueryBox[] = JSON.parse(await readFile(options.boxes, 'utf8'))
const connection = await openEngine(options)
const prepared = await connection.prepare(options.sql)
const times: number[] = []
for (const { bbox, hits } of [...boxes.slice(0, 10), ...boxes.slice(0, 200)]) {
  const start = performance.now()
  prepared.bind(bbox as unknown as DuckDBValue[])
  const reader = await prepared.runAndReadAll()
  const text = JSON.stringify(reader.getRowObjectsJson())
  times.push(performance.now() - start)
  if (reader.currentRowCount !== hits || text.length < hits) throw new Error(`${reader.currentRowCount} rows instead of ${hits}`)
}
// The first ten warm it up.
process.stdout.write(JSON.stringify({ p50Ms: median(times.slice(10)) }))
