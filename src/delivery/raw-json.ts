/**
 * JSON that a worker has made. The server inserts its bytes into a response without parsing or printing them. A batch of 1,024
 * polygons costs one copy of about 300 KB, instead of 5-10 ms to parse and 5-10 ms to print.
 */
import { randomUUID } from 'node:crypto'

/** Marks the place of a raw value in printed JSON. It is random and never leaves the process, so no data can contain it. */
const TOKEN = `raw-${randomUUID()}-`
const INDEX_DIGITS = 6

export type JsonPiece = Uint8Array | string

/** One JSON value as bytes. */
export class RawJson {
  /** The UTF-8 bytes of the value, in order. */
  readonly pieces: readonly Uint8Array[]

  constructor(...pieces: readonly Uint8Array[]) {
    this.pieces = pieces
  }
}

/** One JSON value that is made while the text before it is sent. */
export class FlowingJson {
  /**
   * Returns the pieces of the value, in order. Call it once. The bytes of a piece are valid until the next piece is requested.
   */
  readonly flow: () => AsyncIterable<readonly JsonPiece[]>
  /** True if the value is known only after all other flowing values, so it must follow them. */
  readonly isLast: boolean

  constructor(flow: () => AsyncIterable<readonly JsonPiece[]>, isLast: boolean) {
    this.flow = flow
    this.isLast = isLast
  }
}

/** Prints a value as JSON in pieces. No piece is empty. Raw values are not copied. */
export function toParts(value: unknown): (JsonPiece | FlowingJson)[] {
  const found: (RawJson | FlowingJson)[] = []
  const text = JSON.stringify(value, (_, member: unknown) =>
    member instanceof RawJson || member instanceof FlowingJson
      ? TOKEN + String(found.push(member) - 1).padStart(INDEX_DIGITS, '0')
      : member,
  )
  const [head, ...rest] = text.split(`"${TOKEN}`)
  const parts: (JsonPiece | FlowingJson)[] = [head!]
  for (const piece of rest) {
    const value = found[Number(piece.slice(0, INDEX_DIGITS))]!
    if (value instanceof RawJson) parts.push(...value.pieces)
    else parts.push(value)
    parts.push(piece.slice(INDEX_DIGITS + 1))
  }
  return parts.filter((part) => part instanceof FlowingJson || part.length > 0)
}

/** Prints a value that has no flowing parts as JSON in pieces. @throws Error if it has one */
export function toChunks(value: unknown): JsonPiece[] {
  const parts = toParts(value)
  if (!isWhole(parts)) throw new Error('a flowing value can only be sent as an HTTP response')
  return parts
}

/** Returns true if no part of the JSON is a flowing value. */
export function isWhole(parts: (JsonPiece | FlowingJson)[]): parts is JsonPiece[] {
  return !parts.some((part) => part instanceof FlowingJson)
}

/** Returns the length of all pieces in bytes of UTF-8. */
export function byteLength(chunks: readonly JsonPiece[]): number {
  return chunks.reduce((sum, chunk) => sum + Buffer.byteLength(chunk), 0)
}

/** Returns the length in bytes of UTF-8 of the pieces that are text, which the server itself has made. */
export function textBytes(chunks: readonly JsonPiece[]): number {
  return byteLength(chunks.filter((chunk) => typeof chunk === 'string'))
}

/**
 * Copies the pieces into one buffer. By default a small one shares its memory with others, so one that is kept should have its own:
 * `Buffer.allocUnsafeSlow`.
 */
export function join(chunks: readonly JsonPiece[], allocate: (bytes: number) => Buffer = Buffer.allocUnsafe): Buffer {
  const whole = allocate(byteLength(chunks))
  let at = 0
  for (const chunk of chunks) {
    if (typeof chunk === 'string') at += whole.write(chunk, at)
    else {
      whole.set(chunk, at)
      at += chunk.byteLength
    }
  }
  return whole
}
