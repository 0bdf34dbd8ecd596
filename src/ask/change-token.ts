/**
 * Writes and reads the tokens of change streams. A token is base64url of a byte with its version, 16 bytes of a truncated HMAC-SHA256, and JSON. The key
 * is derived from the server's secret, the layer and the filter.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { SIGNED_FROM, signature } from '../model/cursor-seal.ts'
import { GeoduckError } from '../model/errors.ts'
import type { RowPosition } from '../model/query.ts'
import { type CursorSubject, LONGEST_CURSOR, queryDigest } from './cursor.ts'

/** The part of the changes that a client has received. */
export interface ChangePosition {
  /** The identity of the store. */
  readonly store: string
  /** The client has the layer at this version, or a part of it. */
  readonly version: number
  /** The client has a part of the snapshot. */
  readonly snapshot?: {
    /** The digest of the fingerprint that this version of the layer has. */
    readonly fingerprint: string
    /** The last feature that it has. Null: it has none yet. */
    readonly after: RowPosition | null
  }
  /** The client has all of `version`, and a part of the difference to a later one. */
  readonly difference?: { readonly to: number; readonly after: RowPosition }
  /** The stays that begin before this position and may dwell after it, for DWELL. */
  readonly stays?: StaysPosition
}

export interface StaysPosition {
  /** The oldest stays. */
  readonly known: readonly Stay[]
  /** The others are read again from the changes after this version. */
  readonly since?: number
}

/** An object that is inside a fence. */
export interface Stay {
  readonly object: string
  readonly fence: string | null
  /** The version in which it entered. */
  readonly version: number
  /** The time at which it entered, in seconds. Null: it had none. */
  readonly time: number | null
}

const VERSION = 1

/** The subscription that a token belongs to. That of fences has their digest. */
type TokenKind = 'changes' | 'viewport' | `fences ${string}`

export function encodeToken(secret: string, subject: CursorSubject, position: object, kind: TokenKind = 'changes'): string {
  const bytes = Buffer.concat([Buffer.alloc(SIGNED_FROM, VERSION), Buffer.from(JSON.stringify(position))])
  signature(derivedKey(secret, subject, kind), bytes).copy(bytes, 1)
  return bytes.toString('base64url')
}

/** @throws GeoduckError CURSOR_INVALID if it was changed, or is from another service, layer or filter */
export function decodeToken<Position = ChangePosition>(
  secret: string,
  subject: CursorSubject,
  token: string,
  kind: TokenKind = 'changes',
): Position {
  const bytes = Buffer.from(token, 'base64url')
  const isWhole = token.length <= LONGEST_CURSOR && bytes[0] === VERSION && bytes.length > SIGNED_FROM
  if (isWhole && bytes.toString('base64url') === token) {
    if (timingSafeEqual(signature(derivedKey(secret, subject, kind), bytes), bytes.subarray(1, SIGNED_FROM)))
      return JSON.parse(bytes.toString('utf8', SIGNED_FROM)) as Position
  }
  throw new GeoduckError(
    'CURSOR_INVALID',
    '`since` is no token of this subscription; pass its other arguments unchanged, or leave it out to begin again.',
  )
}

function derivedKey(secret: string, subject: CursorSubject, kind: TokenKind): Buffer {
  return createHmac('sha256', secret).update(kind).update(queryDigest(subject)).digest()
}
