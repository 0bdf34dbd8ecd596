/** Reads the text of a request's body. Its charset and its content encoding are read, or refused with 415. */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { MIMEType, promisify } from 'node:util'
import { brotliDecompress, gunzip, inflate, inflateRaw, type ZlibOptions } from 'node:zlib'
import { GraphQLError } from 'graphql'
import iconv from 'iconv-lite'
import { GeoduckError } from '../model/errors.ts'

/** How the bytes of a body become text. */
export interface BodyForm {
  readonly charset: string
  /** Null for a body that is sent as it is. */
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
const NO_CHARSET = /^(base64|hex|cesu-?8|utf-?7.*)$/i
const UTF_8 = /^utf-?8$/i

/** Returns the form of a JSON body. @throws GraphQLError with status 415 */
export function bodyForm(headers: IncomingHttpHeaders): BodyForm {
  const type = mediaType(headers['content-type'])
  if (type?.essence !== 'application/json') {
    throw unsupported('Send JSON, with the header `content-type: application/json`.', { 'accept-post': 'application/json' })
  }
  const charset = type.params.get('charset') ?? 'utf-8'
  if (NO_CHARSET.test(charset) || !iconv.encodingExists(charset)) {
    throw unsupported(`The charset ${JSON.stringify(charset.slice(0, 100))} is not known; send JSON as UTF-8.`)
  }
  return { charset, encoding: contentEncoding(headers['content-encoding'] ?? '') }
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

/** An error with this status, which has no code of its own. */
function unsupported(message: string, headers: Readonly<Record<string, string>> = {}): GraphQLError {
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
