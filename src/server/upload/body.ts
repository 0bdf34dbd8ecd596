/** The bytes of a request, which are read from the socket only as fast as they are taken. */
import type { IncomingMessage } from 'node:http'
import { GeoduckError } from '../../model/errors.ts'

export class UploadBody {
  readonly #req: IncomingMessage
  readonly #signal: AbortSignal
  #piece: Buffer | null = null
  #isEnded = false
  #wake: () => void = () => {}
  readonly #onData = (piece: Buffer) => {
    this.#req.pause()
    this.#piece = this.#piece ? Buffer.concat([this.#piece, piece]) : piece
    this.#wake()
  }
  readonly #onEnd = () => {
    this.#isEnded = true
    this.#wake()
  }

  /** @param signal ends the body with its reason */
  constructor(req: IncomingMessage, signal: AbortSignal) {
    this.#req = req
    this.#signal = signal
    req.on('data', this.#onData)
    req.pause()
    for (const event of ['end', 'close']) req.once(event, this.#onEnd)
    signal.addEventListener('abort', this.#onEnd)
    if (signal.aborted) this.#onEnd()
  }

  /** Returns the next bytes. Null: all have been read. @throws the reason of the signal, and GeoduckError for a body that is cut */
  async next(): Promise<Buffer | null> {
    if (!this.#piece && !this.#isEnded) {
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#wake = resolve
      this.#req.resume()
      await promise
    }
    this.#signal.throwIfAborted()
    const piece = this.#piece
    this.#piece = null
    if (piece || this.#req.complete) return piece
    throw new GeoduckError('BAD_INPUT', 'The body is cut: its end is missing.')
  }

  /** Leaves the rest of the body to others. */
  stop(): void {
    this.#req.off('data', this.#onData)
    this.#signal.removeEventListener('abort', this.#onEnd)
    this.#onEnd()
  }
}
