/** READING: the source is read into a table. WRITING: it is sorted and written as GeoParquet. */
export type Stage = 'READING' | 'WRITING'

/** The progress of the preparation of a layer. */
export interface Preparation {
  /** WAITING: other preparations run first. */
  readonly stage: 'WAITING' | Stage
  /** Features that the stage has finished. */
  readonly rows: number
  /** Null while it is unknown. */
  readonly total: number | null
  /** The progress over both stages. */
  readonly percent: number
  readonly rowsPerSecond: number | null
  readonly secondsLeft: number | null
}

/** Returns text such as `reading, 104,448 of 1,500,000 features, 12 %, about 40 s left`. */
export function progressText({ stage, rows, total, percent, secondsLeft: left }: Preparation): string {
  if (stage === 'WAITING') return 'it waits for its turn'
  const count = (value: number) => value.toLocaleString('en')
  if (rows === 0) return stage === 'READING' ? 'its file is being looked through' : 'its features are being sorted'
  const parts = [total === null ? count(rows) : `${count(rows)} of ${count(total)}`, `${Math.floor(percent)} %`]
  if (left !== null) parts.push(`about ${Math.ceil(left)} s left`)
  return `${stage === 'READING' ? 'reading' : 'sorting'}, ${parts.join(', ')}`
}
