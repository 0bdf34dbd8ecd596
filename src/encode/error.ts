/** A value that cannot be written: the row cannot be delivered, and leaving it out would be a lie. For the log; it holds no values. */
export class EncodingError extends Error {
  override readonly name = 'EncodingError'
  /** Of the batch that was given to the encoder, from 0. */
  readonly row: number

  constructor(row: number, cause: unknown) {
    super(`row ${row} of the batch: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
    this.row = row
  }
}
