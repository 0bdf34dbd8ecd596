import type { DuckDBConnection } from '@duckdb/node-api'
import type { Progress } from '../../host/import-messages.ts'
import { withNotes } from '../answer.ts'

/** Tells the command how far the engine is, which has nothing to say before it knows how much there is. */
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
