/** Decides who may send operations: clients with the token, or every client if no token is set. */

import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { isIP, SocketAddress } from 'node:net'
import ipaddr from 'ipaddr.js'
import proxyAddress from 'proxy-addr'
import type { Caller } from '../engines/engine.ts'
import { GeoduckError } from '../model/errors.ts'

export class Access {
  readonly #readers: readonly Buffer[]
  readonly #writes: boolean
  readonly #writer: Buffer | null

  /**
   * @param token null allows every client to read
   * @param writeToken null allows every client to write, if `writes` is true. A client that may write may read.
   */
  constructor(token: string | null, writes = false, writeToken: string | null = null) {
    this.#writes = writes
    this.#writer = writeToken === null ? null : digestOf(writeToken)
    this.#readers = token === null ? [] : [digestOf(token), ...(this.#writer ? [this.#writer] : [])]
  }

  /** True if no token is set and every client is allowed to read. */
  get open(): boolean {
    return this.#readers.length === 0
  }

  /** Checks `Bearer TOKEN`. It compares digests, so that the time does not depend on the text that was sent or its length. */
  allows(authorization: unknown): boolean {
    return this.open || isOneOf(authorization, this.#readers)
  }

  /** Why a client with this header may not write. Null if it may. */
  writeRefusal(authorization: unknown): string | null {
    if (!this.#writes) return 'This server takes no mutations; start it with --writes.'
    if (this.#writer === null || isOneOf(authorization, [this.#writer])) return null
    return 'A mutation needs the write token of the server (--write-token); send it as `Authorization: Bearer TOKEN`.'
  }
}

function isOneOf(authorization: unknown, digests: readonly Buffer[]): boolean {
  const token = typeof authorization === 'string' ? /^Bearer +(\S+) *$/i.exec(authorization)?.[1] : undefined
  const digest = digestOf(token ?? '')
  return digests.filter((known) => timingSafeEqual(digest, known)).length > 0
}

export function unauthenticated(): GeoduckError {
  return new GeoduckError('UNAUTHENTICATED', 'The token is missing or wrong; send it as `Authorization: Bearer TOKEN`.')
}

function digestOf(token: string): Buffer {
  return createHash('sha256').update(token).digest()
}

/** Web pages that may use this server: its own, those on this machine, and those that the configuration lists. */

const LOCAL = new Set(['localhost', '127.0.0.1', '[::1]'])

/**
 * Returns true without `Origin`: the client is then no browser, and no cookie or rebound name can be abused. A browser leaves out
 * the default port of the origin's scheme, which a proxy may write in `Host`.
 */
export function originAllowed(origin: string | undefined, host: string | undefined, listed: readonly string[]): boolean {
  if (origin === undefined || listed.includes(origin)) return true
  if (!URL.canParse(origin)) return false
  const url = new URL(origin)
  const own = `${url.protocol}//${host}`
  // `file://` has no host, and `file://localhost` is the same.
  return LOCAL.has(url.hostname) || (url.host !== '' && URL.canParse(own) && new URL(own).host === url.host)
}

/**
 * The host names that the server answers for. A page of another site can point its own name to this machine (DNS rebinding) and
 * then has the server's origin. Only the name in `Host` reveals it.
 */
const LOOPBACK = /^(localhost|127(\.(25[0-5]|2[0-4]\d|1?\d?\d)){3}|\[::1\])$/

/** Any port after the name, and the dot at the end of an absolute name. */
const PORT = /\.?(:\d*)?$/

export class Hosts {
  readonly #listed: ReadonlySet<string>
  readonly #restricted: boolean

  /** @param host the address that the server listens on @param listed the names in the configuration */
  constructor(host: string, listed: readonly string[]) {
    this.#listed = new Set(listed.map((name) => name.toLowerCase()))
    this.#restricted = listed.length > 0 || LOOPBACK.test(host) || host === '::1'
  }

  /** Checks the `Host` header. A request without it is allowed: browsers always send it, and a page cannot prevent that. */
  allows(host: string | undefined): boolean {
    if (!this.#restricted || host === undefined) return true
    const name = host.toLowerCase().replace(PORT, '')
    return LOOPBACK.test(name) || this.#listed.has(name)
  }
}

/** 421 Misdirected Request: the server does not serve that name. */
export const MISDIRECTED = 421

export const MISDIRECTED_BODY = {
  errors: [
    {
      message: 'This server does not answer for that name: use localhost, or list the name of the `Host` header in --hosts.',
      extensions: { code: 'BAD_INPUT', retry: false },
    },
  ],
}

/** The absolute form, which clients of a proxy send: `http://host/path`. */
const ABSOLUTE = /^[a-z][a-z0-9+.-]*:\/\/([^/?]*)(.*)$/i

/**
 * Changes `url` to a path of this server: without an origin, without the base path, and without a slash at its end. A path
 * without the base path is valid too: some proxies remove it, and health checks that ask the server itself do not know it. The
 * host of the absolute form replaces that of `Host` (RFC 9112, 3.2.2).
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

export interface OriginOptions {
  readonly origins: readonly string[]
  readonly allowCredentials: boolean
  /** The names of the server in the configuration. */
  readonly hosts: readonly string[]
  readonly trustProxy: number | readonly string[]
}

/** The origins whose pages may use the server. */
export class Origins {
  /** True if pages of allowed origins may send credentials. */
  readonly credentials: boolean
  readonly #listed: readonly string[]
  readonly #isProxy: IsProxy
  /** The names that a proxy may have received. */
  readonly #forwarded: Hosts

  constructor({ origins, allowCredentials, hosts, trustProxy }: OriginOptions) {
    this.credentials = allowCredentials
    this.#listed = origins
    this.#isProxy = trustedProxies(trustProxy)
    this.#forwarded = new Hosts('', hosts)
  }

  /**
   * The page may be the server's own: of the name in `Host`, or of the name that a trusted proxy has received. No page of another
   * origin can send the header of a proxy without permission.
   */
  allow({ headers, socket }: IncomingMessage): boolean {
    const { origin, host } = headers
    if (originAllowed(origin, host, this.#listed)) return true
    if (!this.#isProxy(socket.remoteAddress ?? '', 0)) return false
    const [forwarded = ''] = String(headers['x-forwarded-host'] ?? '').split(',', 1)
    return this.#forwarded.allows(forwarded.trim()) && originAllowed(origin, forwarded.trim(), [])
  }
}

/** Headers that a page of another origin may read, besides those that every page may. */
const EXPOSED =
  'content-disposition, content-range, etag, geoduck-dropped, location, retry-after, traceparent, www-authenticate, x-geoduck-server, x-request-id'
/** Seconds for which a browser may reuse the permission. Chromium uses no more. */
const PERMISSION_SECONDS = 7_200

/** Lets pages of allowed origins read the response, and send any header. Returns false if the page has another origin. */
export function allowOrigin(req: IncomingMessage, res: ServerResponse, origins: Origins, methods: string): boolean {
  const { origin } = req.headers
  const asked = req.headers['access-control-request-headers']
  res.setHeader('vary', asked === undefined ? 'origin' : 'origin, access-control-request-headers')
  if (!origins.allow(req)) return false
  if (origin === undefined) return true
  res.setHeader('access-control-allow-origin', origin)
  if (origins.credentials) res.setHeader('access-control-allow-credentials', 'true')
  res.setHeader('access-control-expose-headers', EXPOSED)
  if (req.method !== 'OPTIONS') return true
  res.setHeader('access-control-allow-methods', methods)
  res.setHeader('access-control-allow-headers', asked ?? 'accept, authorization, content-type')
  res.setHeader('access-control-max-age', PERMISSION_SECONDS)
  return true
}

/**
 * Returns true if a page of another site loads it by itself, as an image or a script. A link that the reader follows is
 * allowed.
 */
export function isForeign({ headers }: IncomingMessage): boolean {
  return (
    headers['sec-fetch-site'] === 'cross-site' && headers['sec-fetch-mode'] !== 'navigate' && headers['sec-fetch-mode'] !== 'cors'
  )
}

/** Returns the address of the server for its client, with the base path. */
export type PublicAddress = (request: IncomingMessage) => string

/** The scheme and name that a trusted proxy has received count, if the configuration lists the name. */
export function publicAddressOf({
  hosts,
  trustProxy,
  basePath,
}: Pick<OriginOptions, 'hosts' | 'trustProxy'> & { readonly basePath: string }): PublicAddress {
  const isProxy = trustedProxies(trustProxy)
  const listed = new Hosts('', hosts)
  return ({ headers, socket }) => {
    const first = (name: string) =>
      String(headers[name] ?? '')
        .split(',', 1)[0]!
        .trim()
    const trusted = isProxy(socket.remoteAddress ?? '', 0)
    const scheme = trusted && first('x-forwarded-proto') === 'https' ? 'https' : 'http'
    const forwarded = first('x-forwarded-host')
    const host = trusted && forwarded !== '' && listed.allows(forwarded) ? forwarded : headers.host
    return `${scheme}://${host ?? 'localhost'}${basePath}`
  }
}

/** Returns the address of the client, as far as it can be trusted. */
export type ClientAddress = (request: IncomingMessage) => string

/** Returns true if the address is that of a trusted proxy. `hop` counts the proxies between it and the server. */
type IsProxy = (address: string, hop: number) => boolean

function trustedProxies(trusted: number | readonly string[]): IsProxy {
  return typeof trusted === 'number' ? (_address, hop) => hop < trusted : proxyAddress.compile([...trusted])
}

/**
 * Returns how to find a client's address. The client is the last entry of `X-Forwarded-For` that no trusted proxy wrote. The
 * client may have invented the entries before it.
 * @param trusted the proxies in front of the server: their number, or their addresses and networks
 */
export function clientAddress(trusted: number | readonly string[]): ClientAddress {
  if (trusted === 0) return ({ socket }) => socket.remoteAddress ?? 'unknown'
  const isProxy = trustedProxies(trusted)
  return (request) => {
    const address = withoutPort(proxyAddress(request, (entry, hop) => isProxy(withoutPort(entry), hop)))
    return isIP(address) ? address : (request.socket.remoteAddress ?? 'unknown')
  }
}

/** Proxies write `203.0.113.7:4711` and `[2001:db8::7]:4711`, some of them in quotes. */
function withoutPort(entry: string): string {
  if (isIP(entry)) return entry
  const written = entry.replace(/^"(.*)"$/, '$1')
  return isIP(written) ? written : (SocketAddress.parse(written)?.address ?? entry)
}

/** Groups of an IPv6 network of one subscriber, 64 bits. All its addresses belong to that subscriber. */
const NETWORK_GROUPS = 4

/**
 * Returns the caller of a connection. If a proxy is used, `port` is that of the proxy's connection, which also identifies one
 * connection.
 */
export function callerOf(address: string, port: number | undefined): Caller {
  return { client: `${address}:${port}`, address: networkOf(address) }
}

/** Returns the network of an IPv6 address. An IPv4 address is returned unchanged, also if it was mapped to IPv6. */
export function networkOf(remoteAddress: string): string {
  if (!ipaddr.isValid(remoteAddress)) return remoteAddress
  const address = ipaddr.process(remoteAddress)
  if (!('parts' in address)) return address.toString()
  return `${address.parts
    .slice(0, NETWORK_GROUPS)
    .map((group) => group.toString(16))
    .join(':')}::/64`
}
