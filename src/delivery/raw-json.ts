/**
 * JSON text that was made elsewhere and goes into a response as it is: this process neither parses nor prints it. A batch of 1,024 polygons
 * costs it one copy of about 300 KB instead of 5-10 ms of parsing and as much of printing.
 */
import { randomUUID } from 'node:crypto'

/** Stands in the text for a raw value. Nobody outside of the process ever sees it, so no data can hold it by chance or intent. */
const TOKEN = `raw-${randomUUID()}-`
const INDEX_DIGITS = 6

export type JsonPiece = Uint8Array | string

export class RawJson {
  /** UTF-8 of one JSON value, when they are put behind each other. */
  readonly pieces: readonly Uint8Array[]

  constructor(...pieces: readonly Uint8Array[]) {
    this.pieces = pieces
  }
}

/** A value that is still being made while the text before it leaves. Only writers who wait for it may be given one. */
export class FlowingJson {
  /** Its pieces behind each other, read once. Each is for the taking until the next is asked for. */
  readonly flow: () => AsyncIterable<readonly JsonPiece[]>
  /** It is known when the others are, and stands behind them. */
  readonly isLast: boolean

  constructor(flow: () => AsyncIterable<readonly JsonPiece[]>, isLast: boolean) {
    this.flow = flow
    this.isLast = isLast
  }
}

/** JSON of a value in pieces, none of them empty, whose raw values are the very bytes they were made of. */
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

/** The same where nothing flows. */
export function toChunks(value: unknown): JsonPiece[] {
  const parts = toParts(value)
  if (!isWhole(parts)) throw new Error('A value that is not there yet was printed')
  return parts
}

export function isWhole(parts: (JsonPiece | FlowingJson)[]): parts is JsonPiece[] {
  return !parts.some((part) => part instanceof FlowingJson)
}

/** Bytes of UTF-8 in all. */
export function byteLength(chunks: readonly JsonPiece[]): number {
  return chunks.reduce((sum, chunk) => sum + Buffer.byteLength(chunk), 0)
}

/** Bytes of UTF-8 of what is not a worker's. */
export function textBytes(chunks: readonly JsonPiece[]): number {
  return byteLength(chunks.filter((chunk) => typeof chunk === 'string'))
}

/** The pieces behind each other: the one copy. */
export function join(chunks: readonly JsonPiece[]): Buffer {
  const whole = Buffer.allocUnsafe(byteLength(chunks))
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
