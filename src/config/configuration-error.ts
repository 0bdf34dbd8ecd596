/** The server can't start as it was told to. Read by whoever starts it, on stderr, so it may name paths; it never reaches a client. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError'
}
