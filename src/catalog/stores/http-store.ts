/**
 * Reads ranges of objects of web servers. Nothing that a server sends is believed before its status, range, length and version are
 * compared with the request. What may be an accident is requested again, from the byte that is missing.
 */
import { type LookupAddress, lookup as resolveName } from 'node:dns'
import http, { type IncomingMessage } from 'node:http'
import https from 'node:https'
import { BlockList, isIP, type LookupFunction } from 'node:net'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as delay } from 'node:timers/promises'
import type { RemoteReads } from '../../engines/engine.ts'
import { ObjectError, type ObjectVersion, type Store, type StoreOptions, secretOf } from './store.ts'

/** Milliseconds to wait for an answer, and for each of its next bytes. */
const STALL_MS = 5_000
/** The same for an object that is put: the last megabytes may be on their way for longer. */
const PUT_STALL_MS = 60_000
/** Milliseconds without a byte, in all attempts together. It is below the default deadline of a query. */
const GIVE_UP_MS = 15_000
/** Attempts of one range. If one request of five fails, eight in a row fail once in 400,000 ranges. */
const MOST_ATTEMPTS = 8
const FIRST_WAIT_MS = 50
const LONGEST_WAIT_MS = 2_000

/** Bytes that show that an object is there, what it is, and that its server sends ranges. */
const HEAD_BYTES = 4

export type Method = 'GET' | 'HEAD' | 'PUT'

/** The address and the headers of a request. */
export interface Target {
  readonly url: URL
  readonly headers: Record<string, string>
}

export class HttpStore implements Pick<Store, 'look' | 'read'> {
  protected readonly options: Partial<StoreOptions>

  constructor(options: Partial<StoreOptions> = {}) {
    this.options = options
  }

  async look(address: string): Promise<ObjectVersion> {
    let version: ObjectVersion | null = null
    const pieces: Buffer[] = []
    const take = (found: ObjectVersion) => {
      version = found
    }
    for await (const piece of this.#inAttempts(address, 0, HEAD_BYTES - 1, null, take)) pieces.push(piece)
    const magic = Buffer.concat(pieces).toString('latin1')
    if (magic === 'PARE') throw new ObjectError('REFUSED', 'it is encrypted: serve a copy without encryption')
    if (magic !== 'PAR1' || !version)
      throw new ObjectError('REFUSED', 'it is no Parquet: only GeoParquet is read where it is; download other formats first')
    return version
  }

  read(version: ObjectVersion, from: number, to: number, reads?: RemoteReads): AsyncGenerator<Buffer> {
    return this.#inAttempts(version.url, from, to, version, () => {}, reads)
  }

  /** Returns where a request is sent, and with which headers. */
  protected async target(address: string, headers: Record<string, string>, _method: Method): Promise<Target> {
    const { token, headers: secrets = {} } = this.options
    const own = Object.entries(secrets).map(([name, reference]) => [name.toLowerCase(), secretOf(reference)])
    const authorization = token && { authorization: `Bearer ${secretOf(token)}` }
    return { url: new URL(address), headers: { ...Object.fromEntries(own), ...authorization, ...headers } }
  }

  /** Sends a request. @throws ObjectError if the address is refused */
  protected async request(
    address: string,
    given: Record<string, string>,
    method: Method = 'GET',
    body: Readable | null = null,
  ): Promise<IncomingMessage> {
    const { url, headers } = await this.target(address, given, method)
    if (isLinkLocal(url.hostname.replace(/^\[|\]$/g, ''))) throw linkLocal()
    const [client, agent] = url.protocol === 'https:' ? [https, AGENTS['https:']] : [http, AGENTS['http:']]
    return await new Promise((resolve, reject) => {
      const sent = client.request(url, { method, agent, headers, lookup })
      const stallMs = body ? PUT_STALL_MS : STALL_MS
      const stall = () => sent.destroy(new BadAnswer(`does not answer within ${stallMs / 1_000} s`))
      let timer: NodeJS.Timeout
      const wait = () => {
        clearTimeout(timer)
        timer = setTimeout(stall, stallMs)
      }
      sent.on('socket', wait)
      sent.on('close', () => clearTimeout(timer))
      // An error after the response is one of the response too.
      sent.on('error', (error) => reject(certificateFault(error) ?? error))
      sent.on('response', (response) => {
        clearTimeout(timer)
        resolve(response)
      })
      if (!body) return void sent.end()
      // Each piece that the server takes is a sign of life.
      body.on('data', wait)
      pipeline(body, sent).catch((error) => reject(certificateFault(error) ?? error))
    })
  }

  async *#inAttempts(
    url: string,
    from: number,
    to: number,
    known: ObjectVersion | null,
    take: (version: ObjectVersion) => void,
    reads?: RemoteReads,
  ): AsyncGenerator<Buffer> {
    let at = from
    let heardAt = performance.now()
    for (let attempt = 1; ; attempt++) {
      if (reads) reads.remoteRequests++
      try {
        const { response, version } = await this.#answered(url, at, to, known)
        take(version)
        for await (const piece of bodyOf(response)) {
          at += piece.length
          if (reads) reads.remoteBytes += piece.length
          yield piece
          heardAt = performance.now()
        }
        return
      } catch (error) {
        if (error instanceof ObjectError) throw error
        const isOver = attempt === MOST_ATTEMPTS || performance.now() - heardAt > GIVE_UP_MS
        if (isOver) throw new ObjectError('UNREACHABLE', `its server ${reasonOf(error)}; try again later`, error)
        await delay(Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (attempt - 1)))
      }
    }
  }

  async #answered(url: string, from: number, to: number, known: ObjectVersion | null): Promise<Answer> {
    const response = await this.request(url, {
      range: `bytes=${from}-${to}`,
      'accept-encoding': 'identity',
      'user-agent': 'geoduck',
      ...conditionOf(known),
    })
    try {
      const { statusCode: status = 0, headers } = response
      if (status !== 206) throw refusalOf(status, known !== null)
      const [, start, end, bytes] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(headers['content-range'] ?? '')?.map(Number) ?? []
      // Without its length, a body that ends in order may lack any of its bytes.
      const length = Number(headers['content-length'])
      const encoding = headers['content-encoding'] ?? 'identity'
      if (start !== from || end !== to || bytes === undefined || length !== to - from + 1 || encoding !== 'identity')
        throw new BadAnswer('sends other bytes than were requested')
      // Gateways over folders send an empty entity tag for a file that was not put by way of them.
      const etag = headers.etag === '""' ? null : (headers.etag ?? null)
      const version = { url, bytes, etag, modified: headers['last-modified'] ?? null }
      if (version.etag === null && version.modified === null)
        throw new ObjectError('REFUSED', 'its server sends neither ETag nor Last-Modified, so that a change could not be noticed')
      if (known && !isSame(known, version)) throw changed()
      return { response, version }
    } catch (error) {
      response.destroy()
      throw error
    }
  }
}

const UNKNOWN_AUTHORITY =
  'the authority of its certificate is not known: name the file of its certificate in NODE_EXTRA_CA_CERTS, and start again'

/** Messages by the error codes of Node and OpenSSL. */
const CERTIFICATE_FAULTS: Readonly<Record<string, string>> = {
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNKNOWN_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT: UNKNOWN_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNKNOWN_AUTHORITY,
  SELF_SIGNED_CERT_IN_CHAIN: UNKNOWN_AUTHORITY,
  DEPTH_ZERO_SELF_SIGNED_CERT: UNKNOWN_AUTHORITY,
  ERR_TLS_CERT_ALTNAME_INVALID: 'the certificate of its server is for another name: use that name in the address',
  CERT_HAS_EXPIRED: 'the certificate of its server has expired: it must be renewed there',
  CERT_NOT_YET_VALID: "the certificate of its server is not valid yet: correct this machine's clock",
}

/** Returns an error that no other attempt may change. Null: the error is another one. */
function certificateFault(error: NodeJS.ErrnoException): ObjectError | null {
  const message = CERTIFICATE_FAULTS[error.code ?? '']
  return message === undefined ? null : new ObjectError('REFUSED', message, error)
}

/** An answer that another attempt may not have. The message continues the sentence "its server ...". */
class BadAnswer extends Error {}

function reasonOf(error: unknown): string {
  if (error instanceof BadAnswer) return error.message
  const { code } = error as NodeJS.ErrnoException
  return code ? `cannot be reached (${code})` : 'cannot be reached'
}

interface Answer {
  readonly response: IncomingMessage
  readonly version: ObjectVersion
}

/** A weak entity tag must not be sent in `If-Match`; it is only compared. */
function conditionOf(known: ObjectVersion | null): Record<string, string> {
  if (known?.etag && !known.etag.startsWith('W/')) return { 'if-match': known.etag }
  return known?.modified ? { 'if-unmodified-since': known.modified } : {}
}

function isSame(known: ObjectVersion, { bytes, etag, modified }: ObjectVersion): boolean {
  return bytes === known.bytes && (known.etag === null ? modified === known.modified : etag === known.etag)
}

const changed = () => new ObjectError('CHANGED', 'it was changed while it was read')

function refusalOf(status: number, isKnown: boolean): Error {
  if (status === 412 || (status === 416 && isKnown)) return changed()
  if (status === 404 || status === 410) return new ObjectError('GONE', 'there is no such object')
  if (status === 401 || status === 403)
    return new ObjectError('REFUSED', `its server does not give it (status ${status}): it is gone, or needs credentials`)
  if (status >= 300 && status < 400)
    return new ObjectError('REFUSED', `its server redirects (status ${status}), which is not followed: name the other address`)
  if (status === 200) return new BadAnswer('sends the whole object instead of a range')
  if (status >= 500 || status === 408 || status === 429) return new BadAnswer(`answers with status ${status}`)
  return new ObjectError('REFUSED', `its server answers with status ${status}`)
}

/**
 * Node compares the body with its `Content-Length`: an early end is an error. The time of a stall is only counted while the
 * server has to send, because a slow reader here is not its fault.
 */
async function* bodyOf(response: IncomingMessage): AsyncGenerator<Buffer> {
  const stall = () => response.destroy(new BadAnswer(`sends nothing for ${STALL_MS / 1_000} s`))
  const pieces = response[Symbol.asyncIterator]()
  try {
    for (;;) {
      const timer = setTimeout(stall, STALL_MS)
      const { value, done } = await pieces.next().finally(() => clearTimeout(timer))
      if (done) return
      yield value as Buffer
    }
  } finally {
    if (!response.complete) response.destroy()
  }
}

/** Connections to one server. Further requests wait. */
const MOST_SOCKETS = 64
const KEPT = { keepAlive: true, maxSockets: MOST_SOCKETS }
const AGENTS = { 'http:': new http.Agent(KEPT), 'https:': new https.Agent(KEPT) }

/** Addresses where machines of clouds find their own credentials. */
const LINK_LOCAL = new BlockList()
LINK_LOCAL.addSubnet('169.254.0.0', 16, 'ipv4')
LINK_LOCAL.addSubnet('fe80::', 10, 'ipv6')
LINK_LOCAL.addAddress('fd00:ec2::254', 'ipv6')

/** True also for an IPv4 address that is written as an IPv6 address. */
function isLinkLocal(address: string): boolean {
  const family = isIP(address)
  return family !== 0 && LINK_LOCAL.check(address, family === 6 ? 'ipv6' : 'ipv4')
}

const linkLocal = () => new ObjectError('REFUSED', 'its address is link-local, where no objects are read')

/** Resolves a name, and refuses it if one of its addresses is link-local. */
const lookup: LookupFunction = (name, options, answer) => {
  resolveName(name, { ...options, all: true }, (error, found: LookupAddress[]) => {
    if (error) return answer(error, '')
    if (found.some(({ address }) => isLinkLocal(address))) return answer(linkLocal(), '')
    if (options.all) return answer(null, found)
    answer(null, found[0]!.address, found[0]!.family)
  })
}
