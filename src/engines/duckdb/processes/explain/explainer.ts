/** The inside of the process that asks the engine for its plan: an instance as a worker of the server has it, for one question. */
import type { DuckDBConnection, DuckDBValue } from '@duckdb/node-api'
import type { Statement } from '../../dialect/plan.ts'
import type { EnginePlan, ExplainJob } from '../../host/engine-plan.ts'
import { answerWith } from '../answer.ts'
import { openInstance } from '../query/instance.ts'

answerWith(explained, (error) => ({ failure: error instanceof Error ? error.message : String(error) }))

async function explained({ options, statement, analyze, rowGroups }: ExplainJob): Promise<EnginePlan> {
  const instance = await openInstance(options)
  // Not as an execution has it: that one's profiler counts what is read, and leaves out what is shown here.
  const connection = await instance.duckdb.connect()
  const [counted] = rowGroups ? await rowsOf(connection, '', rowGroups) : []
  const [[, text] = []] = await rowsOf(connection, analyze ? 'EXPLAIN ANALYZE ' : 'EXPLAIN ', statement)
  return {
    text: withoutStatement(String(text)),
    rowGroups: counted ? { all: Number(counted[0]), left: Number(counted[1]) } : null,
  }
}

async function rowsOf(connection: DuckDBConnection, prefix: string, { sql, parameters }: Statement): Promise<unknown[][]> {
  const prepared = await connection.prepare(`${prefix}${sql}`)
  prepared.bind(parameters as DuckDBValue[])
  return (await prepared.runAndReadAll()).getRows()
}

/** What has been run is headed by a title and the statement, which may have a line for each of its files. */
function withoutStatement(text: string): string {
  const lines = text.trimEnd().split('\n')
  const time = lines.findIndex((line) => line.includes('Total Time'))
  return lines.slice(Math.max(0, time - 2)).join('\n')
}
