/** Why an import did not happen. Read by whoever runs the command: it may name paths. The store is what it was. */
export class ImportError extends Error {
  override readonly name = 'ImportError'
}
