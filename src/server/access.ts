/** Who may ask: whoever has the token, or everybody where there is none. */

import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'
import proxyAddress from 'proxy-addr'
import type { Caller } from '../engines/engine.ts'
import { GeoduckError } from '../model/errors.ts'

export class Access {
  readonly #digest: Buffer | null

  /** `token`: null lets everybody in. */
  constructor(token: string | null) {
    this.#digest = token === null ? null : digestOf(token)
  }

  /** Whether everybody may. */
  get open(): boolean {
    return this.#digest === null
  }

  /** `authorization`: `Bearer TOKEN`. Digests are compared, in the same time whatever was sent and however long it is. */
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

/** Which web pages may talk to this server: its own, those on this machine, and the ones that the configuration lists. */

const LOCAL = new Set(['localhost', '127.0.0.1', '[::1]'])

/** No `Origin` at all: the client is not a browser, and no cookie or rebound name can be abused through it. */
export function originAllowed(origin: string | undefined, host: string | undefined, listed: readonly string[]): boolean {
  if (origin === undefined || listed.includes(origin)) return true
  if (!URL.canParse(origin)) return false
  const url = new URL(origin)
  return url.host === host || LOCAL.has(url.hostname)
}

/**
 * Under which names the server may be asked. A page of another site can have its own name lead to this machine (DNS rebinding), and is then of the
 * same origin as the server: what gives it away is the name in `Host`.
 */
const LOOPBACK = /^(localhost|127(\.(25[0-5]|2[0-4]\d|1?\d?\d)){3}|\[::1\])$/

/** What follows the name: any port. */
const PORT = /:\d*$/

export class Hosts {
  readonly #listed: ReadonlySet<string>
  readonly #restricted: boolean

  /** `host`: the address that the server listens on. `listed`: as the configuration has them. */
  constructor(host: string, listed: readonly string[]) {
    this.#listed = new Set(listed.map((name) => name.toLowerCase()))
    this.#restricted = listed.length > 0 || LOOPBACK.test(host) || host === '::1'
  }

  /** `host`: the header. Without one it is allowed: browsers always send it, and a page can't keep them from it. */
  allows(host: string | undefined): boolean {
    if (!this.#restricted || host === undefined) return true
    const name = host.toLowerCase().replace(PORT, '')
    return LOOPBACK.test(name) || this.#listed.has(name)
  }
}

/** 421 Misdirected Request: the server does not answer for that name. */
export const MISDIRECTED = 421

export const MISDIRECTED_BODY = {
  errors: [
    {
      message: 'This server is not asked under that name: use localhost, or list the name of the `Host` header in --hosts.',
      extensions: { code: 'BAD_INPUT', retry: false },
    },
  ],
}

/** Lets the pages of allowed origins read the response. False: the request is of a page of another origin. */
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

/** The address that a request came from, as far as it can be believed. */
export type ClientAddress = (request: IncomingMessage) => string

/**
 * `trusted`: the proxies in front of the server, as their number or their addresses and networks. Of `X-Forwarded-For` the last entry that none
 * of them wrote is the client; whatever stands before it the client may have made up.
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

/** A network of one subscriber, in which every address is his: 64 bits. */
const NETWORK_GROUPS = 4

/** `port` is the connection's: behind a proxy it is the proxy's, and a connection of its own all the same. */
export function callerOf(address: string, port: number | undefined): Caller {
  return { client: `${address}:${port}`, address: networkOf(address) }
}

/** IPv6 by its network, IPv4 as it is, also where it comes mapped. */
export function networkOf(remoteAddress: string): string {
  if (!ipaddr.isValid(remoteAddress)) return remoteAddress
  const address = ipaddr.process(remoteAddress)
  if (!('parts' in address)) return address.toString()
  return `${address.parts
    .slice(0, NETWORK_GROUPS)
    .map((group) => group.toString(16))
    .join(':')}::/64`
}
