/**
 * The text of a cursor: base64url of
 *
 *     1 byte   version
 *     16 bytes HMAC-SHA256, cut, of all that follows, with the key of the question
 *     8 bytes  SHA-256, cut, of the layer's fingerprint
 *     the rest JSON list of the position's keys; true for one that is long
 *
 * The key is derived from the server's secret, the question (layer, filter, order) and the fingerprint: with it a worker signs the cursors of
 * its own execution, and no others.
 */
import { createHmac } from 'node:crypto'
import type { RowPosition } from './query.ts'

export const VERSION = 2
export const SIGNED_FROM = 17
export const KEYS_FROM = 25
/** Bytes of a key as JSON. What is longer is looked up in its row, which costs a scan of little more than that row. */
const LONGEST_KEY = 1_024

/** Text, so that it can be frozen with its plan. */
export interface CursorKey {
  /** Base64 of what signs. */
  readonly key: string
  /** Base64 of the fingerprint's digest. */
  readonly fingerprint: string
}

/** Writes the cursors of one question: about 15 us each. */
export class CursorSeal {
  readonly #key: Buffer
  readonly #fingerprint: Buffer

  constructor({ key, fingerprint }: CursorKey) {
    this.#key = Buffer.from(key, 'base64')
    this.#fingerprint = Buffer.from(fingerprint, 'base64')
  }

  textOf({ keys }: RowPosition): string {
    const carriedKeys = Buffer.from(JSON.stringify(keys.map(carried)))
    const bytes = Buffer.alloc(KEYS_FROM + carriedKeys.length)
    bytes[0] = VERSION
    this.#fingerprint.copy(bytes, SIGNED_FROM)
    carriedKeys.copy(bytes, KEYS_FROM)
    signature(this.#key, bytes).copy(bytes, 1)
    return bytes.toString('base64url')
  }
}

/** Of a cursor's bytes, whatever stands in their place. */
export function signature(key: Buffer, bytes: Buffer): Buffer {
  return createHmac('sha256', key)
    .update(bytes.subarray(SIGNED_FROM))
    .digest()
    .subarray(0, SIGNED_FROM - 1)
}

function carried(key: RowPosition['keys'][number]): RowPosition['keys'][number] {
  return key !== null && key !== true && Buffer.byteLength(JSON.stringify(key)) > LONGEST_KEY ? true : key
}
