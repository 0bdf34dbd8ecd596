/** The reason why an import did not happen. The user of the command reads it, so it may name paths. The store is unchanged. */
export class ImportError extends Error {
  override readonly name = 'ImportError'
}
