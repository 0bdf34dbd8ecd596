/**
 * The text of a cursor: base64url of
 *
 *     1 byte   version
 *     16 bytes HMAC-SHA256, cut, of version, question and the rest
 *     8 bytes  SHA-256, cut, of the layer's fingerprint
 *     the rest JSON list of the position's keys; true for one that is long
 *
 * The question (layer, filter, order) is not in it: it is signed with it, and the one who resumes has to ask it again.
 */
import { createHmac, hash, timingSafeEqual } from 'node:crypto'
import { GeoduckError } from '../model/errors.ts'
import type { Layer } from '../model/layer.ts'
import type { FeatureQuery, Position } from '../model/query.ts'
import { questionDigest } from './query-digest.ts'

const VERSION = 1
const SIGNED_FROM = 17
const KEYS_FROM = 25
/** Bytes of a key as JSON. What is longer is looked up in its row, which costs a scan of little more than that row. */
const LONGEST_KEY = 1_024
/** Characters. Eight sort keys, the most there may be, and a row's place fit in. */
export const LONGEST_CURSOR = 16_384

export type CursorSubject = Pick<FeatureQuery, 'layer' | 'where' | 'orderBy'>

const fingerprintDigests = new WeakMap<Layer, Buffer>()

/** About 15 us, once a batch; the filter's digest was made when it was read, the layer's is made once. */
export function encodeCursor(secret: string, query: CursorSubject, position: Position): string {
  const keys = Buffer.from(JSON.stringify(position.keys.map(carried)))
  const bytes = Buffer.alloc(KEYS_FROM + keys.length)
  bytes[0] = VERSION
  fingerprintDigest(query).copy(bytes, SIGNED_FROM)
  keys.copy(bytes, KEYS_FROM)
  signature(secret, query, bytes).copy(bytes, 1)
  return bytes.toString('base64url')
}

/** CURSOR_INVALID: not of this service, changed, or of another question. CURSOR_EXPIRED: the layer's data is not what it was. */
export function decodeCursor(secret: string, query: CursorSubject, text: string): Position {
  if (text.length > LONGEST_CURSOR || !/^[\w-]+$/.test(text)) throw invalid()
  const bytes = Buffer.from(text, 'base64url')
  if (bytes.length <= KEYS_FROM || bytes[0] !== VERSION || bytes.toString('base64url') !== text) throw invalid()
  if (!timingSafeEqual(signature(secret, query, bytes), bytes.subarray(1, SIGNED_FROM))) throw invalid()
  if (!fingerprintDigest(query).equals(bytes.subarray(SIGNED_FROM, KEYS_FROM))) {
    throw new GeoduckError(
      'CURSOR_EXPIRED',
      `The data of layer "${query.layer.name}" has changed since; start again without \`after\`.`,
    )
  }
  return { keys: JSON.parse(bytes.toString('utf8', KEYS_FROM)) as Position['keys'] }
}

function carried(key: Position['keys'][number]): Position['keys'][number] {
  return key !== null && key !== true && Buffer.byteLength(JSON.stringify(key)) > LONGEST_KEY ? true : key
}

function signature(secret: string, query: CursorSubject, bytes: Buffer): Buffer {
  const hmac = createHmac('sha256', secret).update(Uint8Array.of(VERSION)).update(questionDigest(query))
  return hmac
    .update(bytes.subarray(SIGNED_FROM))
    .digest()
    .subarray(0, SIGNED_FROM - 1)
}

function fingerprintDigest({ layer }: CursorSubject): Buffer {
  const known = fingerprintDigests.get(layer)
  if (known) return known
  const digest = hash('sha256', layer.fingerprint, 'buffer').subarray(0, KEYS_FROM - SIGNED_FROM)
  fingerprintDigests.set(layer, digest)
  return digest
}

function invalid(): GeoduckError {
  return new GeoduckError(
    'CURSOR_INVALID',
    '`after` is no cursor of this layer, filter and order; pass them as they were, or leave it out.',
  )
}
