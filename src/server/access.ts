/** Decides who may send operations: clients with the token, or every client if no token is set. */

import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'
import proxyAddress from 'proxy-addr'
import type { Caller } from '../engines/engine.ts'
import { GeoduckError } from '../model/errors.ts'

export class Access {
  readonly #digest: Buffer | null

  /** @param token null allows every client */
  constructor(token: string | null) {
    this.#digest = token === null ? null : digestOf(token)
  }

  /** True if no token is set and every client is allowed. */
  get open(): boolean {
    return this.#digest === null
  }

  /** Checks `Bearer TOKEN`. It compares digests, so that the time does not depend on the text that was sent or its length. */
  allows(authorization: unknown): boolean {
    if (this.#digest === null) return true
    const token = typeof authorization === 'string' ? /^Bearer +(\S+) *$/i.exec(authorization)?.[1] : undefined
    return timingSafeEqual(digestOf(token ?? ''), this.#digest)
  }
}

export function unauthenticated(): GeoduckError {
  return new GeoduckError('UNAUTHENTICATED', 'The token is missing or wrong; send it as `Authorization: Bearer TOKEN`.')
}

function digestOf(token: string): Buffer {
  return createHash('sha256').update(token).digest()
}

/** Web pages that may use this server: its own, those on this machine, and those that the configuration lists. */

const LOCAL = new Set(['localhost', '127.0.0.1', '[::1]'])

/** Returns true without `Origin`: the client is then no browser, and no cookie or rebound name can be abused. */
export function originAllowed(origin: string | undefined, host: string | undefined, listed: readonly string[]): boolean {
  if (origin === undefined || listed.includes(origin)) return true
  if (!URL.canParse(origin)) return false
  const url = new URL(origin)
  return url.host === host || LOCAL.has(url.hostname)
}

/**
 * The host names that the server answers for. A page of another site can point its own name to this machine (DNS rebinding) and
 * then has the server's origin. Only the name in `Host` reveals it.
 */
const LOOPBACK = /^(localhost|127(\.(25[0-5]|2[0-4]\d|1?\d?\d)){3}|\[::1\])$/

/** Any port after the name. */
const PORT = /:\d*$/

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

/** Lets pages of allowed origins read the response. Returns false if the page has another origin. */
export function allowOrigin(req: IncomingMessage, res: ServerResponse, listed: readonly string[], methods: string): boolean {
  const { origin, host } = req.headers
  res.setHeader('vary', 'origin')
  if (!originAllowed(origin, host, listed)) return false
  if (origin === undefined) return true
  res.setHeader('access-control-allow-origin', origin)
  res.setHeader('access-control-allow-methods', methods)
  res.setHeader('access-control-allow-headers', 'accept, authorization, content-type')
  res.setHeader('access-control-expose-headers', 'x-request-id')
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

/** Returns the address of the client, as far as it can be trusted. */
export type ClientAddress = (request: IncomingMessage) => string

/**
 * Returns how to find a client's address. The client is the last entry of `X-Forwarded-For` that no trusted proxy wrote. The
 * client may have invented the entries before it.
 * @param trusted the proxies in front of the server: their number, or their addresses and networks
 */
export function clientAddress(trusted: number | readonly string[]): ClientAddress {
  if (trusted === 0) return ({ socket }) => socket.remoteAddress ?? 'unknown'
  const believes =
    typeof trusted === 'number' ? (_address: string, hop: number) => hop < trusted : proxyAddress.compile([...trusted])
  return (request) => {
    const address = proxyAddress(request, believes)
    return isIP(address) ? address : (request.socket.remoteAddress ?? 'unknown')
  }
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
