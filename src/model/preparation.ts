/** READING the source into a table; WRITING it, sorted, as GeoParquet. */
export type Stage = 'READING' | 'WRITING'

/** How far the preparation of a layer is. */
export interface Preparation {
  /** WAITING for those before it. */
  readonly stage: 'WAITING' | Stage
  /** Features that the stage has finished. */
  readonly rows: number
  /** Null while it is not known. */
  readonly total: number | null
  /** Of both stages together. */
  readonly percent: number
  readonly rowsPerSecond: number | null
  readonly secondsLeft: number | null
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
