/** The program that returns the engine's plan of one statement. Its DuckDB instance is the same as a worker's. */
import type { DuckDBConnection } from '@duckdb/node-api'
import type { Statement } from '../../dialect/plan.ts'
import type { EnginePlan, ExplainJob } from '../../host/engine-plan.ts'
import { answerWith } from '../answer.ts'
import { bindParameters } from '../query/execution.ts'
import { openInstance } from '../query/instance.ts'

answerWith(
  explained,
  (error) => ({ failure: error instanceof Error ? error.message : String(error) }),
  ({ options }) => options.gateway !== undefined,
)

async function explained({ options, statement, analyze, rowGroups, live }: ExplainJob): Promise<EnginePlan> {
  const instance = await openInstance(options)
  // An execution's own connection has a profiler that counts reads and omits what EXPLAIN shows.
  const connection = await instance.duckdb.connect()
  if (live) await instance.showLive(connection, live)
  const [counted] = rowGroups ? await rowsOf(connection, '', rowGroups) : []
  const [[, text] = []] = await rowsOf(connection, analyze ? 'EXPLAIN ANALYZE ' : 'EXPLAIN ', statement)
  return {
    text: withoutStatement(String(text)),
    rowGroups: counted ? { all: Number(counted[0]), left: Number(counted[1]) } : null,
  }
}

async function rowsOf(connection: DuckDBConnection, prefix: string, { sql, parameters }: Statement): Promise<unknown[][]> {
  const prepared = await connection.prepare(`${prefix}${sql}`)
  bindParameters(prepared, parameters)
  return (await prepared.runAndReadAll()).getRows()
}

/** Removes the title and the statement that EXPLAIN ANALYZE prints first; the statement may have one line per file. */
function withoutStatement(text: string): string {
  const lines = text.trimEnd().split('\n')
  const time = lines.findIndex((line) => line.includes('Total Time'))
  return lines.slice(Math.max(0, time - 2)).join('\n')
}
