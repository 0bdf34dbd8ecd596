/** One line of the report. */
export interface Finding {
  readonly what: string
  /** `note`: a server starts all the same. */
  readonly state: 'ok' | 'note' | 'wrong'
  readonly text: string
  /** What to do, for all that is not ok. */
  readonly remedy?: string
}
