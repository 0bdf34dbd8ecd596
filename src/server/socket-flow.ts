/**
 * Limits the bytes that wait for the client of one WebSocket besides batches, and the messages that have arrived in part. The
 * server does not read from a client that leaves its answers unread, so it never holds pongs, refusals and small results
 * without limit.
 */
import type { Socket } from 'node:net'
import type { WebSocket } from 'ws'
import { AwakeTimer } from '../engines/awake.ts'
import type { ClientHeldMemory } from './client-memory.ts'
import { MOST_FRAME_BYTES_BEFORE_ACK } from './limits.ts'

/** Bytes of waiting answers above which reading stops. It continues at half of them. */
const MOST_WAITING_BYTES = 65_536
/** Bytes of a message in the queue in addition to its text. */
const BYTES_BESIDE = 256
/** Most bytes per read of a connection. */
const CHUNK_BYTES = 65_536
/** Milliseconds in which a whole message must arrive, as for a request. */
const MESSAGE_MS = 60_000
/** Close code 1013 of the WebSocket registry. */
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

  /** @param incoming counts the bytes of messages that have arrived in part. It is closed with the socket. */
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

  /** Counts an answer. Call the returned function when the system has taken the answer. */
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

  /** True if a partial message is larger than one before `connection_ack` may be. */
  get exceedsFirst(): boolean {
    return this.#partial > MOST_FRAME_BYTES_BEFORE_ACK + CHUNK_BYTES
  }

  /**
   * Answers a ping. If a pong waits and another ping has arrived, reading stops. Only the last of further pings is answered
   * (RFC 6455, 5.5.3).
   */
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
