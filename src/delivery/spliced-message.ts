/**
 * How a result passes through graphql-ws, which prints its messages itself: it is given an object that prints as a token, and the pieces of the
 * result are put where the token stands. It prints a message and hands it to `send` in one go, so there is at most one such object on its way.
 */
import { randomUUID } from 'node:crypto'
import type { FormattedExecutionResult } from 'graphql'
import { byteLength, textBytes, toChunks } from './raw-json.ts'

/** Never leaves the process, so no text of a client can hold it. */
const TOKEN = `payload-${randomUUID()}`

let printed: SplicedPayload | null = null

export class SplicedPayload {
  readonly #chunks: readonly (Uint8Array | string)[]
  readonly byteLength: number
  /** Of it what is not a worker's: text that was made here. */
  readonly textBytes: number

  constructor(result: FormattedExecutionResult) {
    this.#chunks = toChunks(result)
    this.byteLength = byteLength(this.#chunks)
    this.textBytes = textBytes(this.#chunks)
  }

  toJSON(): string {
    printed = this
    return TOKEN
  }

  /** The message as it goes out, in pieces: `text` itself when no payload was printed into it. */
  static pieces(text: string): readonly (Uint8Array | string)[] {
    const payload = printed
    printed = null
    const at = payload ? text.indexOf(TOKEN) : -1
    if (!payload || at < 0) return [text]
    return [text.slice(0, at - 1), ...payload.#chunks, text.slice(at + TOKEN.length + 1)]
  }
}
