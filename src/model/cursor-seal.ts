/**
 * The text of a cursor is base64url of:
 *
 *     1 byte   version
 *     16 bytes truncated HMAC-SHA256 of everything after it, with the key of the query
 *     8 bytes  truncated SHA-256 of the layer's fingerprint
 *     the rest JSON list of the position's keys; true for a long key
 *
 * The key is derived from the server's secret, the query (layer, filter, order) and the fingerprint. With it, a worker can sign the
 * cursors of one execution only.
 */
import { createHmac, hash } from 'node:crypto'
import type { RowPosition } from './query.ts'

export const VERSION = 2
export const SIGNED_FROM = 17
export const KEYS_FROM = 25
/** Maximum bytes of a key as JSON. A longer key is read from its row, which costs a scan of little more than that row. */
const LONGEST_KEY = 1_024

/** Text, so that it can be frozen with its plan. */
export interface CursorKey {
  /** Base64 of the signing key. */
  readonly key: string
  /** Base64 of the fingerprint's digest. */
  readonly fingerprint: string
}

/** Writes the cursors of one query, at about 15 µs per cursor. */
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

/** The digest of a layer's fingerprint, as cursors have it. */
export function fingerprintDigest(fingerprint: string): Buffer {
  return hash('sha256', fingerprint, 'buffer').subarray(0, KEYS_FROM - SIGNED_FROM)
}

/** Signs a cursor's bytes, ignoring the place of the signature. */
export function signature(key: Buffer, bytes: Buffer): Buffer {
  return createHmac('sha256', key)
    .update(bytes.subarray(SIGNED_FROM))
    .digest()
    .subarray(0, SIGNED_FROM - 1)
}

function carried(key: RowPosition['keys'][number]): RowPosition['keys'][number] {
  return key !== null && key !== true && Buffer.byteLength(JSON.stringify(key)) > LONGEST_KEY ? true : key
}
