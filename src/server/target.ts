/** Reads the target of a request. */
import type { IncomingMessage } from 'node:http'

/** The absolute form, which clients of a proxy send: `http://host/path`. */
const ABSOLUTE = /^[a-z][a-z0-9+.-]*:\/\/([^/?]*)(.*)$/i

/**
 * Changes `url` to a path of this server: without an origin, without the base path, and without a slash at its end. A path without
 * the base path is valid too, because some proxies remove it, and health checks that ask the server itself do not know it. The host of the
 * absolute form replaces that of `Host` (RFC 9112, 3.2.2).
 */
export function readTarget(req: IncomingMessage, basePath: string): void {
  const [, host, rest] = ABSOLUTE.exec(req.url ?? '/') ?? []
  if (host !== undefined) req.headers.host = host
  const target = rest ?? req.url ?? '/'
  const queryAt = target.indexOf('?')
  const path = queryAt < 0 ? target : target.slice(0, queryAt)
  const own = path === basePath || path.startsWith(`${basePath}/`) ? path.slice(basePath.length) : path
  const place = own.length > 1 && own.endsWith('/') ? own.slice(0, -1) : own || '/'
  req.url = place + (queryAt < 0 ? '' : target.slice(queryAt))
}
