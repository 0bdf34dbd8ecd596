/** How far a statement is, told to the command while it runs. */
import type { DuckDBConnection } from '@duckdb/node-api'
import type { FromImporter, Progress } from '../../host/import-messages.ts'

const EVERY_MS = 200

/** The engine counts only with its progress bar on, and has nothing to say before it knows how much there is. */
export async function reporting<Result>(
  connection: DuckDBConnection,
  phase: Progress['phase'],
  work: () => Promise<Result>,
): Promise<Result> {
  tell({ type: 'PROGRESS', progress: { phase, share: null } })
  const timer = setInterval(() => {
    const { percentage } = connection.progress
    if (percentage >= 0) tell({ type: 'PROGRESS', progress: { phase, share: Math.min(1, percentage / 100) } })
  }, EVERY_MS)
  try {
    return await work()
  } finally {
    clearInterval(timer)
  }
}

export function tell(message: FromImporter): void {
  if (!process.send) throw new Error('the importer runs as a child process')
  process.send(message)
}
