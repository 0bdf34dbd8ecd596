/**
 * DuckDB only draining a statement: drain.ts OPTIONS, in a separate process. The first run warms the engine up (footers, code), the
 * second is measured.
 */
import type { DuckDBConnection, DuckDBValue } from '@duckdb/node-api'
import type { Statement } from '../../src/engines/duckdb/dialect/plan.ts'
import type { Sample } from '../child.ts'
import { median } from '../median.ts'
import { type EngineOptions, openEngine } from './session.ts'

export interface DrainOptions extends EngineOptions {
  readonly statement: Statement
  /** Ends each run after its first chunk, and runs this often. */
  readonly firstChunks: number | null
}

async function drain(connection: DuckDBConnection, { sql, parameters }: Statement, whole: boolean): Promise<Sample> {
  const start = performance.now()
  const prepared = await connection.prepare(sql)
  prepared.bind(parameters as DuckDBValue[])
  const result = await prepared.stream()
  let [rows, firstMs] = [0, 0]
  for (;;) {
    const chunk = await result.fetchChunk()
    if (!chunk?.rowCount) break
    firstMs ||= performance.now() - start
    rows += chunk.rowCount
    if (!whole) break
  }
  const seconds = (performance.now() - start) / 1_000
  prepared.destroySync()
  // Ends a stream that was left in its middle.
  await connection.run('SELECT 1')
  return { rows, seconds, rowsPerSecond: rows / seconds, firstMs }
}

const options: DrainOptions = JSON.parse(process.argv[2] ?? '')
const connection = await openEngine(options)
await drain(connection, options.statement, options.firstChunks === null)
if (options.firstChunks === null) {
  process.stdout.write(JSON.stringify(await drain(connection, options.statement, true)))
} else {
  const times: number[] = []
  for (let run = 0; run < options.firstChunks; run++) times.push((await drain(connection, options.statement, false))['firstMs']!)
  process.stdout.write(JSON.stringify({ firstMs: median(times) }))
}
