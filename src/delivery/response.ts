/** Sends a result as the JSON body of an HTTP response. The bytes that a worker made are inserted without a copy. */
import type { ServerResponse } from 'node:http'
import Negotiator from 'negotiator'
import type { Config } from '../config/config.ts'
import { Body } from './compression.ts'
import { deliver, flush, rowsOf, UNBUFFERED } from './deliver.ts'
import type { StreamMediaType } from './events.ts'
import type { Keeper, Operation } from './operation.ts'
import { byteLength, FlowingJson, isWhole, type JsonPiece, textBytes } from './raw-json.ts'

export type JsonMediaType = 'application/json' | 'application/graphql-response+json'

/** Bytes of the smallest body that is compressed. A smaller one fits into a few packets. */
const LEAST_COMPRESSED = 16_384

/** The media type of a result: JSON, or a vector tile. */
export type ResultType = JsonMediaType | 'application/vnd.mapbox-vector-tile'

interface ResponseOptions {
  readonly type: ResultType
  readonly compression: Config['compression']
  /** True if only the headers are sent. */
  readonly isHead: boolean
}

/** Sends a result that has `data`. */
export async function sendParts(
  parts: (JsonPiece | FlowingJson)[],
  res: ServerResponse,
  operation: Operation,
  { type, compression, isHead }: ResponseOptions,
): Promise<void> {
  const whole = isWhole(parts) ? parts : null
  // Only the server's own text is added here: the bytes of a worker were counted when they arrived.
  if (whole) operation.heldMemory.add(textBytes(whole))
  const body = new Body(res, whole && byteLength(whole) < LEAST_COMPRESSED ? 'off' : compression)
  const size = whole && !body.compressed ? { 'content-length': byteLength(whole) } : {}
  const flowing = { ...UNBUFFERED, 'cache-control': `${res.getHeader('cache-control') ?? 'no-cache'}, no-transform` }
  const charset = type === 'application/vnd.mapbox-vector-tile' ? '' : '; charset=utf-8'
  res.writeHead(200, { 'content-type': `${type}${charset}`, ...size, ...(!whole && flowing) })
  const keep = whole && operation.keeper && keeping(whole, body, operation, operation.keeper)
  const wire = {
    payload: (pieces: readonly JsonPiece[]) => pieces,
    send: (pieces: readonly JsonPiece[]) => flush(body.to, pieces),
    end: async () => {
      await body.end('')
      keep?.()
    },
    // After the first byte, only a missing end of the body can show a failure.
    fail: () => body.cut(''),
  }
  // The rest of a flowing page is only read for a body.
  const pieces = isHead ? rowsOf([]) : piecesOf(parts)
  await deliver(whole ? rowsOf([whole]) : pieces, wire, operation)
}

/** Returns how to keep the body when all of it has left. An uncompressed one is copied at once: the memory of its pieces is soon used again. */
function keeping(
  whole: readonly JsonPiece[],
  body: Body,
  { heldMemory }: Operation,
  { most, keep }: Keeper,
): (() => void) | undefined {
  const bytes = byteLength(whole)
  if (!body.compressed) return void (bytes <= most && keep(whole, null))
  // The copy grows while the client reads, and is never larger than this.
  heldMemory.add(Math.min(bytes, most))
  const collected = body.collect(most)
  return () => {
    const pieces = collected()
    if (pieces) keep(pieces, body.encoding)
  }
}

async function* piecesOf(parts: readonly (JsonPiece | FlowingJson)[]): AsyncGenerator<readonly JsonPiece[], void, void> {
  for (const part of parts) {
    if (part instanceof FlowingJson) yield* part.flow()
    else yield [part]
  }
}

/* Media types of the `Accept` header. Only UTF-8 is supported. */

/** Returns the form in which the client takes a stream, or null if it takes none. */
export function streamTypeFor(accept: string | null): StreamMediaType | null {
  const [chosen] = accepted(accept, ['text/event-stream', 'multipart/mixed;subscriptionspec=1.0'], /^(subscription|defer)spec$/i)
  return chosen === undefined ? null : chosen === 'text/event-stream' ? chosen : 'multipart/mixed'
}

/** Returns null if the client accepts neither type. A client without a preference gets the type that browsers show. */
export function jsonTypeFor(accept: string | null): JsonMediaType | null {
  return accepted<JsonMediaType>(accept, JSON_TYPES)[0] ?? null
}

/** Returns true for a browser that opens a page: it prefers HTML to JSON. */
export function prefersPage(accept: string | undefined): boolean {
  return accepted(accept ?? null, [...JSON_TYPES, 'text/html'])[0] === 'text/html'
}

const JSON_TYPES = ['application/json', 'application/graphql-response+json'] as const

/** A parameter. Its value may be in quotes, and may then contain `,` and `;`. */
const PARAMETER = /;\s*([^\s=;,"]+)\s*=\s*("(?:\\.|[^"\\])*"|[^\s;,"]*)/g

/** Returns the accepted types, the preferred one first. Only `q`, a charset other than UTF-8, and the parameters `also` count. */
function accepted<Type extends string>(accept: string | null, offered: readonly Type[], also = /^$/): Type[] {
  const counting = (_: string, name: string, value: string) => {
    const counts = /^q$/i.test(name) || also.test(name) || (/^charset$/i.test(name) && !/^"?utf-?8"?$/i.test(value))
    return counts ? `;${name}=${value}` : ''
  }
  const plain = accept?.replace(PARAMETER, counting).trim()
  return new Negotiator({ headers: { accept: plain || '*/*' } }).mediaTypes([...offered]) as Type[]
}
