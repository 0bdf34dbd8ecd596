/** How far a statement is, told to the command while it runs. */
import type { DuckDBConnection } from '@duckdb/node-api'
import type { FromImporter, Progress } from '../../host/import-messages.ts'
import { reporting as reportingWhile } from '../reporting.ts'

/** The engine has nothing to say before it knows how much there is. */
export function reporting<Result>(
  connection: DuckDBConnection,
  phase: Progress['phase'],
  work: () => Promise<Result>,
): Promise<Result> {
  const report = () => {
    const { percentage } = connection.progress
    if (percentage >= 0) tell({ type: 'PROGRESS', progress: { phase, share: Math.min(1, percentage / 100) } })
  }
  tell({ type: 'PROGRESS', progress: { phase, share: null } })
  return reportingWhile(report, work)
}

export function tell(message: FromImporter): void {
  if (!process.send) throw new Error('the importer runs as a child process')
  process.send(message)
}
