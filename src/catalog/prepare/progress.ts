/** How far the preparation of a layer is, from what the process that prepares it tells. */
import type { ProgressMessage } from '../../engines/duckdb/host/preparation.ts'
import type { Preparation, Stage } from '../../model/preparation.ts'

export const WAITING: Preparation = {
  stage: 'WAITING',
  rows: 0,
  total: null,
  percent: 0,
  rowsPerSecond: null,
  secondsLeft: null,
}

/** Reading takes about three times as long as sorting and writing. */
const READING_PERCENT = 75

/** Of one layer, from its beginning. */
export class ProgressClock {
  #stage: Stage | null = null
  /** When the first features of the stage were seen, and how many they were. */
  #since: { readonly ms: number; readonly rows: number } | null = null

  preparation({ stage, rows, total }: ProgressMessage, now = performance.now()): Preparation {
    if (stage !== this.#stage) this.#since = null
    this.#stage = stage
    if (rows > 0) this.#since ??= { ms: now, rows }
    const share = total ? rows / total : 0
    const percent = stage === 'READING' ? share * READING_PERCENT : READING_PERCENT + share * (100 - READING_PERCENT)
    const rowsPerSecond = this.#rate(rows, now)
    return { stage, rows, total, percent, rowsPerSecond, secondsLeft: secondsLeft(stage, rows, total, rowsPerSecond) }
  }

  #rate(rows: number, now: number): number | null {
    if (!this.#since || now - this.#since.ms < 500 || rows <= this.#since.rows) return null
    return ((rows - this.#since.rows) / (now - this.#since.ms)) * 1000
  }
}

function secondsLeft(stage: Stage, rows: number, total: number | null, rate: number | null): number | null {
  if (total === null || rate === null) return null
  const reading = (total - rows) / rate
  return stage === 'READING' ? reading + ((100 - READING_PERCENT) / READING_PERCENT) * (total / rate) : reading
}
