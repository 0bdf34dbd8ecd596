import type { DuckDBConnection } from '@duckdb/node-api'
import type { Progress } from '../../host/import-messages.ts'
import { withNotes } from '../answer.ts'

/** Reports the progress of the engine to the command. The engine reports nothing until it knows the total. */
export function reporting<Result>(
  connection: DuckDBConnection,
  phase: Progress['phase'],
  work: () => Promise<Result>,
): Promise<Result> {
  const progress = (): Progress | null => {
    const { percentage } = connection.progress
    return percentage < 0 ? null : { phase, share: Math.min(1, percentage / 100) }
  }
  return withNotes({ phase, share: null }, progress, work)
}
