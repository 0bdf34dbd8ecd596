/**
 * What waits to be sent to the client of one WebSocket besides batches, and what of its messages has arrived in part. A client that leaves its
 * answers unread is not read from until it takes them: so it can't have the server hold pongs, refusals and small results without end.
 */
import type { Socket } from 'node:net'
import type { WebSocket } from 'ws'
import { AwakeTimer } from '../engines/awake.ts'
import type { ClientHeldMemory } from './client-memory.ts'
import { MOST_FRAME_BYTES_BEFORE_ACK } from './limits.ts'

/** Of answers: reading stops above it, and goes on at half of it. */
const MOST_WAITING_BYTES = 65_536
/** What a message in the queue costs beside its text. */
const BYTES_BESIDE = 256
/** Read from a connection at once. */
const CHUNK_BYTES = 65_536
/** Milliseconds that a message may take to arrive whole, as a request may. */
const MESSAGE_MS = 60_000
/** The WebSocket registry's 1013. */
const TRY_AGAIN_LATER = 1013

export class SocketFlow {
  readonly #ws: WebSocket
  readonly #incoming: ClientHeldMemory
  #answers = 0
  #drained = Promise.withResolvers<void>()
  #partial = 0
  #late: AwakeTimer | undefined
  #pong: Buffer | null = null
  #pongWaits = false

  /** `incoming` counts what has arrived of messages that are not whole; it is closed with the socket. */
  constructor(ws: WebSocket, socket: Socket, incoming: ClientHeldMemory) {
    this.#ws = ws
    this.#incoming = incoming
    socket.on('data', ({ length }: Buffer) => this.#arrives(length))
    for (const event of ['message', 'ping', 'pong']) ws.on(event, () => this.#isWhole())
    ws.on('ping', (data: Buffer) => this.#answerPing(data))
    ws.once('close', () => {
      this.#late?.clear()
      this.#drained.resolve()
      incoming.close()
    })
  }

  /** Counts an answer; the function that is returned is to be called when the system has taken it. */
  answer(bytes: number): () => void {
    const counted = bytes + BYTES_BESIDE
    this.#answers += counted
    this.#readOrNot()
    return () => {
      this.#answers -= counted
      if (this.#answers > MOST_WAITING_BYTES / 2) return
      this.#drained.resolve()
      this.#drained = Promise.withResolvers()
      this.#readOrNot()
    }
  }

  /** Resolves when the next message may be answered. */
  async room(): Promise<void> {
    while (this.#answers > MOST_WAITING_BYTES && this.#ws.readyState === this.#ws.OPEN) await this.#drained.promise
  }

  /** Whether more has arrived of a message than one before `connection_ack` may have. */
  get exceedsFirst(): boolean {
    return this.#partial > MOST_FRAME_BYTES_BEFORE_ACK + CHUNK_BYTES
  }

  /** While a pong waits and another ping has come, nothing more is read. Of those that still come, the last is answered: RFC 6455, 5.5.3. */
  #answerPing(data: Buffer): void {
    if (this.#ws.readyState !== this.#ws.OPEN) return
    if (this.#pongWaits) {
      this.#pong = data
      this.#readOrNot()
      return
    }
    const taken = this.answer(data.length)
    this.#pongWaits = true
    this.#ws.pong(data, false, () => {
      const next = this.#pong
      this.#pong = null
      this.#pongWaits = false
      if (next) this.#answerPing(next)
      taken()
    })
  }

  #arrives(bytes: number): void {
    this.#partial += bytes
    this.#incoming.add(bytes)
    this.#late ??= new AwakeTimer(MESSAGE_MS, () => this.#ws.terminate())
    if (this.#partial <= CHUNK_BYTES || this.#incoming.hasRoom) return
    this.#ws.close(TRY_AGAIN_LATER, 'Too much of your address waits in memory (--unread-limit)')
    this.#ws.pause()
  }

  #isWhole(): void {
    this.#incoming.remove(this.#partial)
    this.#partial = 0
    this.#late?.clear()
    this.#late = undefined
  }

  #readOrNot(): void {
    if (this.#answers > MOST_WAITING_BYTES || this.#pong !== null) this.#ws.pause()
    else if (this.#ws.isPaused && this.#ws.readyState === this.#ws.OPEN && this.#answers <= MOST_WAITING_BYTES / 2)
      this.#ws.resume()
  }
}
