/** READING: the source is read into a table. WRITING: it is sorted and written as GeoParquet. */
export type Stage = 'READING' | 'WRITING'

/** The progress of the preparation of a layer. */
export interface Preparation {
  /** WAITING: other preparations run first. DOWNLOADING: a copy of an object is made. */
  readonly stage: 'WAITING' | 'DOWNLOADING' | Stage
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
  const ending = [`${Math.floor(percent)} %`, ...(left === null ? [] : [`about ${Math.ceil(left)} s left`])]
  if (stage === 'DOWNLOADING') return ['downloading', ...ending].join(', ')
  const count = (value: number) => value.toLocaleString('en')
  if (rows === 0) return stage === 'READING' ? 'its file is being looked through' : 'its features are being sorted'
  const share = total === null ? count(rows) : `${count(rows)} of ${count(total)}`
  return [`${stage === 'READING' ? 'reading' : 'sorting'}, ${share}`, ...ending].join(', ')
}
