/** Writes and reads cursors. `model/cursor-seal.ts` describes their text. */
import { createHmac, hash, timingSafeEqual } from 'node:crypto'
import {
  type CursorKey,
  CursorSeal,
  fingerprintDigest,
  KEYS_FROM,
  SIGNED_FROM,
  signature,
  VERSION,
} from '../model/cursor-seal.ts'
import { GeoduckError } from '../model/errors.ts'
import { type Layer, namesOf } from '../model/layer.ts'
import type { FeatureQuery, GroupQuery, RowPosition } from '../model/query.ts'

/** Characters. They are enough for eight sort keys, which is the maximum, and the natural order of a row. */
export const LONGEST_CURSOR = 16_384

/** `digest` identifies groups. */
export type CursorSubject = Pick<FeatureQuery, 'view' | 'where' | 'orderBy'> & Partial<Pick<GroupQuery, 'digest'>>

const fingerprintDigests = new WeakMap<Layer, Buffer>()

/** The key that signs the cursors of this query only. The secret cannot be derived from it. */
export function cursorKey(secret: string, query: CursorSubject): CursorKey {
  const fingerprint = digestOf(query)
  return { key: derivedKey(secret, query, fingerprint).toString('base64'), fingerprint: fingerprint.toString('base64') }
}

/**
 * Writes a cursor in about 20 µs, once per batch. The digest of the filter was made when it was read; the digest of the layer
 * is made once.
 */
export function encodeCursor(secret: string, query: CursorSubject, position: RowPosition): string {
  return new CursorSeal(cursorKey(secret, query)).textOf(position)
}

/**
 * Returns the position of a cursor. @throws GeoduckError CURSOR_INVALID if it was changed, or is from another service or query;
 * CURSOR_EXPIRED if the layer's data has changed
 */
export function decodeCursor(secret: string, query: CursorSubject, text: string): RowPosition {
  if (text.length > LONGEST_CURSOR || !/^[\w-]+$/.test(text)) throw invalid()
  const bytes = Buffer.from(text, 'base64url')
  if (bytes.length <= KEYS_FROM || bytes[0] !== VERSION || bytes.toString('base64url') !== text) throw invalid()
  const fingerprint = bytes.subarray(SIGNED_FROM, KEYS_FROM)
  const key = derivedKey(secret, query, fingerprint)
  if (!timingSafeEqual(signature(key, bytes), bytes.subarray(1, SIGNED_FROM))) throw invalid()
  if (!digestOf(query).equals(fingerprint)) {
    throw new GeoduckError(
      'CURSOR_EXPIRED',
      `The data of layer "${query.view.layer.name}" has changed since; start again without \`after\`.`,
    )
  }
  return { keys: JSON.parse(bytes.toString('utf8', KEYS_FROM)) as RowPosition['keys'] }
}

/** Returns the digest of the layer's fingerprint as `fingerprintIn` does. */
export function fingerprintOf(view: CursorSubject['view']): string {
  return digestOf({ view }).toString('hex')
}

/** Returns the digest of a fingerprint that the cursor names, before the cursor is proven. Null if it has none. */
export function fingerprintIn(text: string): string | null {
  const bytes = Buffer.from(text.slice(0, 64), 'base64url')
  return bytes.length < KEYS_FROM ? null : bytes.toString('hex', SIGNED_FROM, KEYS_FROM)
}

function derivedKey(secret: string, query: CursorSubject, fingerprint: Buffer): Buffer {
  return createHmac('sha256', secret).update(Uint8Array.of(VERSION)).update(queryDigest(query)).update(fingerprint).digest()
}

function digestOf({ view: { layer } }: Pick<CursorSubject, 'view'>): Buffer {
  const known = fingerprintDigests.get(layer)
  if (known) return known
  const digest = fingerprintDigest(layer.fingerprint)
  fingerprintDigests.set(layer, digest)
  return digest
}

function invalid(): GeoduckError {
  return new GeoduckError(
    'CURSOR_INVALID',
    '`after` is no cursor of this layer, filter and order; pass them unchanged, or leave it out.',
  )
}

/**
 * The digest that identifies a query: the layer's short name and table, which never change, the caller's view, the filter and the order. It does not depend on how the filter was
 * written, nor on outputs and limits.
 */
export function queryDigest({ view, where, orderBy, digest }: CursorSubject): Buffer {
  const order =
    digest ??
    orderBy.map((key) => [
      key.kind === 'property' ? key.field.name : { distance: key.probe.digest },
      key.descending,
      key.nullsFirst,
    ])
  const { relation } = view.layer
  const layer = [namesOf(view.layer)[0], relation.kind === 'table' && [relation.schema, relation.table]]
  return hash('sha256', JSON.stringify([layer, view.digest, where?.digest ?? null, order]), 'buffer')
}
