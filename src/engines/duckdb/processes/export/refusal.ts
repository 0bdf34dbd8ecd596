/** The format cannot hold the rows. The message is for clients, and says what to do. */
export class ExportRefusal extends Error {
  override readonly name = 'ExportRefusal'
  readonly code: 'UNSUPPORTED' | 'LIMIT_EXCEEDED'

  constructor(message: string, code: ExportRefusal['code'] = 'UNSUPPORTED') {
    super(message)
    this.code = code
  }
}
