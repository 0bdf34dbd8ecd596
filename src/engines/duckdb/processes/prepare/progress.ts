import type { DuckDBConnection } from '@duckdb/node-api'
import type { Stage } from '../../../../model/preparation.ts'
import type { ProgressMessage } from '../../host/preparation.ts'
import { withNotes } from '../answer.ts'

/** Reports the progress of the engine to the server while `work` runs. `rows` is used if the engine does not know the total. */
export function reporting<Result>(
  connection: DuckDBConnection,
  stage: Stage,
  work: () => Promise<Result>,
  rows: number | null = null,
): Promise<Result> {
  const progress = () => progressOf(connection, stage, rows)
  return withNotes(progress(), progress, work)
}

/** Reports how many features `work` has read, by what it passes to `onProgress`, or else by the progress of the engine. */
export function readingNotes<Result>(
  connection: DuckDBConnection,
  work: (onProgress: (rows: number, total: number | null) => void) => Promise<Result>,
): Promise<Result> {
  let read: ProgressMessage | null = null
  const progress = () => read ?? progressOf(connection, 'READING', null)
  return withNotes(progress(), progress, () =>
    work((rows, total) => {
      read = { stage: 'READING', rows, total }
    }),
  )
}

function progressOf(connection: DuckDBConnection, stage: Stage, known: number | null): ProgressMessage {
  const { percentage, rows_processed, total_rows_to_process } = connection.progress
  const total = known ?? (Number(total_rows_to_process) || null)
  const rows = known === null ? Number(rows_processed) : Math.round((Math.max(0, percentage) / 100) * known)
  return { stage, rows: total === null ? rows : Math.min(rows, total), total }
}
