import { Command, InvalidArgumentError } from 'commander'
import type { Row } from './row.ts'
import { ROWS } from './rows/rows.ts'

export interface BenchOptions {
  readonly rows: readonly Row[]
  /** Null: as many as the row needs. */
  readonly runs: number | null
  /** Seconds of each measurement without a natural end. */
  readonly seconds: number
  /** Longest wait for other processes to rest, before each run. */
  readonly patience: number
  /** If true, the servers over PostGIS are measured too. */
  readonly postgres: boolean
}

/** Ends the process with a message when an argument is wrong. */
export function parseOptions(argv: readonly string[]): BenchOptions {
  const ids = ROWS.map(({ id, onlyIfNamed }) => (onlyIfNamed ? `${id} (only if named)` : id))
  const command = new Command('npm run bench --')
    .description('Measures Geoduck against the engine alone and against its rivals; fails where a threshold is missed.')
    .option('--rows <ids>', `rows of the table, separated by commas: ${ids.join(', ')}`, rowsOf)
    .option('--runs <n>', 'runs of each side, of which the median counts (default: 5, or what the row needs)', whole)
    .option('--patience <s>', 'longest wait before each run for other processes to rest', whole, 4)
    .option('--postgres', 'also against node-postgres and PostGraphile; it needs PostgreSQL with PostGIS from Debian', false)
    .option('--quick', 'two runs, shorter ones: to see that all of it works')
    .parse(argv as string[])
  const { rows, runs, patience, postgres, quick } = command.opts<{
    rows?: Row[]
    runs?: number
    patience: number
    postgres: boolean
    quick?: boolean
  }>()
  const chosen = rows ?? ROWS.filter((row) => !row.onlyIfNamed)
  return { rows: chosen, runs: quick ? 2 : (runs ?? null), seconds: quick ? 2 : 5, patience, postgres }
}

function rowsOf(text: string): Row[] {
  return text.split(',').map((id) => {
    const row = ROWS.find((candidate) => candidate.id === id)
    if (!row) throw new InvalidArgumentError(`There is no row ${id}.`)
    return row
  })
}

function whole(text: string): number {
  const number = Number(text)
  if (!Number.isInteger(number) || number < 1) throw new InvalidArgumentError('It takes a whole number from 1 on.')
  return number
}
