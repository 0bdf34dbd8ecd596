/** The format cannot hold the rows. The message is for clients, and says what to do. */
export class ExportRefusal extends Error {
  override readonly name = 'ExportRefusal'
}
