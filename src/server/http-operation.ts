import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import { MIMEType, promisify } from 'node:util'
import { brotliDecompress, gunzip, inflate, inflateRaw, type ZlibOptions } from 'node:zlib'
import { GraphQLError } from 'graphql'
import iconv from 'iconv-lite'
import { formatError, refusalStatus } from '../delivery/client-error.ts'
import type { Operation } from '../delivery/operation.ts'
import { awakeNow } from '../engines/awake.ts'
import { GeoduckError } from '../model/errors.ts'
import { type ClientAddress, callerOf } from './access.ts'
import type { RequestLimits } from './limits.ts'
import { type Operations, traceOf } from './operations.ts'

export interface HttpOperations {
  readonly operations: Operations
  readonly addressOf: ClientAddress
}

/**
 * Begins an operation that lasts as long as its response. It is cancelled if the client disconnects before the end, and always
 * ended.
 */
export function beginOverHttp(req: IncomingMessage, res: ServerResponse, { operations, addressOf }: HttpOperations): Operation {
  const gone = new AbortController()
  const { requestId: id, traceparent } = traceOf(req)
  const { operation, end } = operations.begin(callerOf(addressOf(req), req.socket.remotePort), gone.signal, { id, traceparent })
  res.once('close', () => {
    if (!res.writableFinished) gone.abort()
    end()
  })
  return operation
}

/** Waits for memory for the request. Its body counts from then on, before it has arrived. Rejects with OVERLOADED. */
export async function admit(
  { headers }: IncomingMessage,
  { heldMemory, signal }: Pick<Operation, 'heldMemory' | 'signal'>,
  maxBodyBytes: number,
): Promise<void> {
  const isKnown = headers['transfer-encoding'] === undefined && headers['content-encoding'] === undefined
  const announced = isKnown ? Number(headers['content-length'] ?? 0) : maxBodyBytes
  const bytes = Math.min(announced, maxBodyBytes)
  while (heldMemory.allowance === 0 || heldMemory.allowance < bytes)
    await heldMemory.room(signal, { timed: true, whole: bytes > 0 && heldMemory.allowance > 0 })
  heldMemory.add(bytes)
}

export function sendJson(res: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body)
  const headers = { 'content-type': 'application/json; charset=utf-8', 'content-length': Buffer.byteLength(text) }
  const send = () => void res.writeHead(status, headers).end(text)
  // Node closes a connection that is not kept as soon as the response is sent.
  if (res.req.complete || (res.shouldKeepAlive && res.getHeader('connection') !== 'close')) send()
  else void dropRest(res.req).then(send)
}

/** Sends status and error before the first byte. After it the response can only be cut off. */
export function refuse(res: ServerResponse, error: GraphQLError, status = refusalStatus(error)): void {
  if (res.headersSent) return void res.destroy()
  const { code, retryAfter, http } = error.extensions
  if (typeof retryAfter === 'number') res.setHeader('retry-after', retryAfter)
  if (code === 'UNAUTHENTICATED') res.setHeader('www-authenticate', 'Bearer')
  for (const [name, value] of Object.entries(http?.headers ?? {})) res.setHeader(name, value)
  res.removeHeader('content-disposition')
  sendJson(res, status, { errors: [formatError(error)] })
}

/*
 * Drops the rest of a body that a response does not need. Many clients read the response only after they have sent all of it,
 * and a connection that is reset earlier shows them no response.
 */

/** Most milliseconds and bytes of a rest. */
const MOST_REST = { ms: 10_000, bytes: 128e6 } as const
/** Milliseconds between two looks at them. */
const LOOK_MS = 50

/** Resolves with true when the body has ended, and with false when it is too long, too slow, or its client has gone. */
export function dropRest(req: IncomingMessage): Promise<boolean> {
  // Without this, a body that has arrived but was not read would hold up the connection's next request.
  if (!req.readableEnded) req.resume()
  if (req.complete || req.socket.destroyed) return Promise.resolve(req.complete)
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const [mostBytes, end] = [req.socket.bytesRead + MOST_REST.bytes, awakeNow() + MOST_REST.ms]
  const looking = setInterval(() => {
    if (req.socket.bytesRead > mostBytes || awakeNow() > end) resolve(false)
  }, LOOK_MS)
  for (const event of ['end', 'close']) req.once(event, () => resolve(req.complete))
  return promise.finally(() => clearInterval(looking))
}

/*
 * Reads the text of a body. Its charset and its content encoding are read, or refused with 415.
 */

/** Says how to read the bytes of a body as text. */
export interface BodyForm {
  readonly charset: string
  /** Null for a body that is not compressed. */
  readonly encoding: ContentEncoding | null
}

type Decompress = (bytes: Uint8Array, options: ZlibOptions) => Promise<Buffer>
type ContentEncoding = keyof typeof DECOMPRESS

const [unzlib, unraw] = [
  promisify<Uint8Array, ZlibOptions, Buffer>(inflate),
  promisify<Uint8Array, ZlibOptions, Buffer>(inflateRaw),
]
const ZLIB_METHOD = 8

const DECOMPRESS = {
  gzip: promisify<Uint8Array, ZlibOptions, Buffer>(gunzip),
  // Some clients send the bytes without the header of zlib that the standard requires.
  deflate: (bytes, options) => ((bytes[0]! & 0x0f) === ZLIB_METHOD ? unzlib : unraw)(bytes, options),
  br: promisify<Uint8Array, ZlibOptions, Buffer>(brotliDecompress),
} satisfies Record<string, Decompress>

const ENCODINGS = Object.keys(DECOMPRESS).join(', ')
/** Names that iconv-lite knows, of encodings that nobody sends JSON in. CESU-8 takes 70 ms per megabyte, and others at most 30. */
const NO_CHARSET = /^(base64|hex|cesu8|utf7.*)$/
const UTF_8 = /^utf-?8$/i

/** Returns the form of a JSON body. @throws GraphQLError with status 415 */
export function bodyForm(headers: IncomingHttpHeaders): BodyForm {
  const type = mediaType(headers['content-type'])
  if (type?.essence !== 'application/json') {
    throw unsupported('Send JSON, with the header `content-type: application/json`.', { 'accept-post': 'application/json' })
  }
  const charset = type.params.get('charset') ?? 'utf-8'
  if (NO_CHARSET.test(asIconv(charset)) || !iconv.encodingExists(charset)) {
    throw unsupported(`The charset ${JSON.stringify(charset.slice(0, 100))} is not known; send JSON as UTF-8.`)
  }
  return { charset, encoding: contentEncoding(headers['content-encoding'] ?? '') }
}

/** Returns the name as iconv-lite compares it: `c-e-s-u-8` is CESU-8, and `hex:1999` is hex. */
function asIconv(charset: string): string {
  return charset.toLowerCase().replace(/:\d{4}$|[^0-9a-z]/g, '')
}

function mediaType(header = ''): MIMEType | null {
  try {
    return new MIMEType(header)
  } catch {
    return null
  }
}

function contentEncoding(header: string): ContentEncoding | null {
  const names = header
    .toLowerCase()
    .split(',')
    .map((name) => name.trim().replace(/^x-gzip$/, 'gzip'))
  const [name, ...more] = names.filter((one) => one !== '' && one !== 'identity')
  if (name === undefined) return null
  if (more.length === 0 && Object.hasOwn(DECOMPRESS, name)) return name as ContentEncoding
  const message = `The content encoding ${JSON.stringify(header.slice(0, 100))} is not read; send one of ${ENCODINGS}, or none.`
  throw unsupported(message, { 'accept-encoding': ENCODINGS })
}

/** Makes an error with status 415, for which there is no separate code. */
export function unsupported(message: string, headers: Readonly<Record<string, string>> = {}): GraphQLError {
  return new GraphQLError(message, { extensions: { http: { status: 415, headers } } })
}

/**
 * Reads a body of at most `most` bytes, both as it is sent and after it is decompressed. The rest of a larger body is left to
 * the connection (pipelining.ts).
 *
 * @throws GeoduckError LIMIT_EXCEEDED, and BAD_INPUT if the bytes do not have the form
 */
export async function readText(req: IncomingMessage, { charset, encoding }: BodyForm, most: number): Promise<string> {
  const sent = await bytesOf(req, most)
  const bytes = encoding === null ? sent : await decompressed(sent, encoding, most)
  // Both decoders leave out a byte order mark.
  if (!UTF_8.test(charset)) return iconv.decode(bytes, charset)
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    const name = 'name its charset, as in `content-type: application/json; charset=iso-8859-1`'
    throw new GeoduckError('BAD_INPUT', `The body is not UTF-8: ${name}.`)
  }
}

async function bytesOf(req: IncomingMessage, most: number): Promise<Buffer> {
  if (Number(req.headers['content-length'] ?? 0) > most) throw tooLarge(most)
  const pieces: Buffer[] = []
  let bytes = 0
  // To destroy the request would reset the connection before its client has read why.
  for await (const piece of req.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    bytes += piece.length
    if (bytes > most) throw tooLarge(most)
    pieces.push(piece)
  }
  return Buffer.concat(pieces)
}

async function decompressed(bytes: Buffer, encoding: ContentEncoding, most: number): Promise<Buffer> {
  try {
    return await DECOMPRESS[encoding](bytes, { maxOutputLength: most })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(most)
    throw new GeoduckError('BAD_INPUT', `The body is not ${encoding}, which its \`content-encoding\` says.`)
  }
}

function tooLarge(most: number): GeoduckError {
  return new GeoduckError('LIMIT_EXCEEDED', `The body is larger than ${most} bytes; ask for less at once.`)
}

/*
 * Checks the JSON of a client before it is parsed. JSON.parse takes 60 to 85 ms per megabyte of nested lists, 50 ms per
 * megabyte of objects with different names, and at most 20 ms per megabyte of anything else. The check costs 2 ms per megabyte.
 */

/** Most levels of JSON: more than a filter and its geometry may have. */
export const MOST_LEVELS = 200
/** Most parts of JSON in addition to the largest geometry. */
const MOST_OTHER_PARTS = 10_000

/** Returns the most objects, members of objects and lists. A vertex is a list of numbers, and may be a separate geometry. */
export function mostJsonParts({ maxVertices }: Pick<RequestLimits, 'maxVertices'>): number {
  return 2 * maxVertices + MOST_OTHER_PARTS
}

/** Parses JSON. @throws SyntaxError, or GeoduckError LIMIT_EXCEEDED if it would take long */
export function parseJson(text: string, mostParts: number): unknown {
  const problem = problemOf(text, mostParts)
  if (problem !== null) throw new GeoduckError('LIMIT_EXCEEDED', problem)
  return JSON.parse(text)
}

/** Returns why the JSON must not be parsed, or null. `onMember` receives strings that are members of the outermost object. */
export function problemOf(
  text: string,
  mostParts: number,
  onMember: (name: string, value: string) => void = () => {},
): string | null {
  let level = 0
  let parts = 0
  let name = ''
  let problem: string | null = null
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case QUOTE: {
        const end = stringEnd(text, at)
        if (level === 1) {
          if (text.charCodeAt(end) !== COLON && name !== '') onMember(name, text.slice(at, end))
          name = text.charCodeAt(end) === COLON && end - at <= LONGEST_NAME ? text.slice(at + 1, end - 1) : ''
        }
        at = end - 1
        break
      }
      case OPEN_OBJECT:
      case OPEN_LIST:
        parts++
        level++
        break
      case CLOSE_OBJECT:
      case CLOSE_LIST:
        level--
        break
      case COLON:
        parts++
    }
    if (level > MOST_LEVELS) problem ??= `JSON nested deeper than ${MOST_LEVELS} levels is not read.`
    if (parts > mostParts) problem ??= `JSON with more than ${mostParts} objects, members and lists is not read (--max-vertices).`
  }
  return problem
}

/** Returns the index after the string's closing quote. */
function stringEnd(text: string, from: number): number {
  for (let at = from + 1; ; ) {
    const quote = text.indexOf('"', at)
    if (quote < 0) return text.length
    let backslashes = 0
    while (text.charCodeAt(quote - 1 - backslashes) === BACKSLASH) backslashes++
    if (backslashes % 2 === 0) return quote + 1
    at = quote + 1
  }
}

const LONGEST_NAME = 16
const [QUOTE, COLON, BACKSLASH] = [0x22, 0x3a, 0x5c]
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d]
