/** Reads addresses of Spark Connect servers, in the form of Spark's own clients. */

export interface SparkAddress {
  /** Host and port. */
  readonly address: string
  readonly isEncrypted: boolean
  /** True if it is on this machine. */
  readonly isLoopback: boolean
}

/** Only the parameter `use_ssl` is supported: a token in an address would be shown. */
const ADDRESS = /^sc:\/\/(\[[\da-f:]+\]|[\w.-]+)(?::(\d{1,5}))?(?:\/|\/;use_ssl=(true|false);?)?$/i
const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/i
const DEFAULT_PORT = '15002'

/** Returns null for any other text. */
export function sparkAddress(url: string): SparkAddress | null {
  const [, host, port = DEFAULT_PORT, tls = 'false'] = ADDRESS.exec(url) ?? []
  if (host === undefined || Number(port) > 65_535) return null
  return { address: `${host}:${port}`, isEncrypted: tls.toLowerCase() === 'true', isLoopback: LOOPBACK.test(host) }
}
