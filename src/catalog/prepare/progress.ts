/** How far the preparation of a layer is, as it is told to whoever asks. */
import type { ProgressMessage, Stage } from '../../engines/duckdb/host/preparation.ts'

export interface Preparation {
  /** WAITING for those before it. */
  readonly stage: 'WAITING' | Stage
  /** Features that the stage is through with. */
  readonly rows: number
  /** Null while it is not known. */
  readonly total: number | null
  /** Of the whole way. */
  readonly percent: number
  readonly rowsPerSecond: number | null
  readonly secondsLeft: number | null
}

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

/** `reading, 104,448 of 1,500,000 features, 12 %, about 40 s left` */
export function progressText({ stage, rows, total, percent, secondsLeft: left }: Preparation): string {
  if (stage === 'WAITING') return 'it waits for its turn'
  const count = (value: number) => value.toLocaleString('en')
  if (rows === 0) return stage === 'READING' ? 'its file is being looked through' : 'its features are being sorted'
  const parts = [total === null ? count(rows) : `${count(rows)} of ${count(total)}`, `${Math.floor(percent)} %`]
  if (left !== null) parts.push(`about ${Math.ceil(left)} s left`)
  return `${stage === 'READING' ? 'reading' : 'sorting'}, ${parts.join(', ')}`
}
