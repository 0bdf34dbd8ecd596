/**
 * The server cannot start with its configuration. The user reads the message on stderr, so it may name paths. It is never sent
 * to a client.
 */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError'
}
