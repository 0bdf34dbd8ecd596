/**
 * A program that opens an instance as a worker does, by the worker's own code, and runs statements that nobody should be able to run. It reads
 * `{ options, statements, asQueries }` on stdin and writes what became of each on stdout: the engine's words, or the first row. As queries: the
 * way that an execution runs them.
 */
import { text } from 'node:stream/consumers'
import type { WorkerOptions } from '../../../../src/engines/duckdb/messages.ts'
import { prepareQuery } from '../../../../src/engines/duckdb/processes/query/execution.ts'
import { openInstance } from '../../../../src/engines/duckdb/processes/query/instance.ts'

const { options, statements, asQueries } = JSON.parse(await text(process.stdin)) as {
  readonly options: WorkerOptions
  readonly statements: readonly string[]
  readonly asQueries: boolean
}
const instance = await openInstance(options)
const outcomes: { readonly refused: string | null; readonly row: string | null }[] = []
for (const statement of statements) {
  // One connection each, as an execution has.
  const ready = await instance.connect().catch((error: unknown) => {
    outcomes.push({ refused: String(error), row: null })
  })
  instance.connectNext(null)
  if (!ready) continue
  const { connection } = ready
  try {
    const reader = asQueries
      ? await (await prepareQuery(connection, statement)).runAndReadAll()
      : await connection.runAndReadAll(statement)
    const rows = reader.getRowsJson()
    outcomes.push({ refused: null, row: JSON.stringify(rows[0] ?? null) })
  } catch (error) {
    outcomes.push({ refused: error instanceof Error ? error.message : String(error), row: null })
  } finally {
    connection.closeSync()
  }
}
process.stdout.write(JSON.stringify(outcomes))
process.exit(0)
