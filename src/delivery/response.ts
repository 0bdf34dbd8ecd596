/** Sends a result as the JSON body of an HTTP response. The bytes that a worker made are inserted without a copy. */
import type { ServerResponse } from 'node:http'
import type { Config } from '../config/config.ts'
import { Body } from './compression.ts'
import { deliver, flush, rowsOf, UNBUFFERED } from './deliver.ts'
import type { Operation } from './operation.ts'
import { byteLength, FlowingJson, isWhole, type JsonPiece, textBytes } from './raw-json.ts'

export type JsonMediaType = 'application/json' | 'application/graphql-response+json'

/** Bytes of the smallest body that is compressed. A smaller one fits into a few packets. */
const LEAST_COMPRESSED = 16_384

interface ResponseOptions {
  readonly type: JsonMediaType
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
  res.writeHead(200, { 'content-type': `${type}; charset=utf-8`, ...size, ...(!whole && flowing) })
  const wire = {
    payload: (pieces: readonly JsonPiece[]) => pieces,
    send: (pieces: readonly JsonPiece[]) => flush(body.to, pieces),
    end: () => body.end(''),
    // After the first byte, only a missing end of the body can show a failure.
    fail: () => body.cut(''),
  }
  // The rest of a flowing page is only read for a body.
  const pieces = isHead ? rowsOf([]) : piecesOf(parts)
  await deliver(whole ? rowsOf([whole]) : pieces, wire, operation)
}

async function* piecesOf(parts: readonly (JsonPiece | FlowingJson)[]): AsyncGenerator<readonly JsonPiece[], void, void> {
  for (const part of parts) {
    if (part instanceof FlowingJson) yield* part.flow()
    else yield [part]
  }
}
