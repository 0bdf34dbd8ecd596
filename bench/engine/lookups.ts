/**
 * Lookups by the shortest honest program: lookups.ts OPTIONS, in a separate process. One warm connection, one prepared statement, the engine's GeoJSON,
 * JSON.stringify over the rows; nothing is sent.
 */
import { readFile } from 'node:fs/promises'
import type { DuckDBValue } from '@duckdb/node-api'
import type { Lookup } from '../data/lookups.ts'
import { type LookupKind, plainLookup, questionOf } from '../lookup-questions.ts'
import { median } from '../median.ts'
import { type EngineOptions, openEngine } from './session.ts'

export interface EngineLookupOptions extends EngineOptions {
  readonly kind: LookupKind
  /** The text after FROM. */
  readonly from: string
  readonly lookups: string
}

const RUNS = 60

const options: EngineLookupOptions = JSON.parse(process.argv[2] ?? '')
const lookups: Lookup[] = JSON.parse(await readFile(options.lookups, 'utf8'))
const connection = await openEngine(options)
const prepared = await connection.prepare(plainLookup(options.kind, options.from))
const times: number[] = []
for (let n = 0; n < RUNS; n++) {
  const { values, count } = questionOf(options.kind, '', lookups, n)
  const start = performance.now()
  prepared.bind(values as unknown as DuckDBValue[])
  const reader = await prepared.runAndReadAll()
  const text = JSON.stringify(reader.getRowObjectsJson())
  times.push(performance.now() - start)
  if (reader.currentRowCount !== count || text.length < count)
    throw new Error(`${reader.currentRowCount} rows instead of ${count}`)
}
// The first ten warm it up.
process.stdout.write(JSON.stringify({ p50Ms: median(times.slice(10)) }))
