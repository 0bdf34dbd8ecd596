/**
 * The server's end of the way that batches take. A Unix socket, not the task's channel: the channel makes three copies of every batch, whose
 * collection was most of this process's time (3.5 us a feature in all, 1.1 us by the socket).
 */
import { randomUUID } from 'node:crypto'
import net from 'node:net'
import path from 'node:path'
import { FrameReader } from '../frame.ts'
import type { ReceivedBatch } from '../messages.ts'

/** A socket's name has 108 bytes with the NUL behind it (unix(7)). */
const LONGEST_NAME = 107

/** In the worker's folder, or where names are short: none but this user may connect there either. */
export function dataSocketIn(folder: string): string {
  const inside = path.join(folder, 'data')
  return Buffer.byteLength(inside) <= LONGEST_NAME ? inside : `/tmp/geoduck-${randomUUID()}`
}

export class DataSocket {
  readonly #socket: net.Socket
  readonly #closed = Promise.withResolvers<never>()
  #onBatch: (batch: ReceivedBatch) => void = () => {}
  #received = 0
  #awaited: { readonly count: number; readonly resolve: () => void } | null = null

  private constructor(name: string, onClosed: () => void) {
    const reader = new FrameReader((batch) => this.#receive(batch))
    const onread = {
      buffer: () => reader.space,
      callback: (bytes: number) => {
        reader.filled(bytes)
        return true
      },
    }
    this.#socket = net.connect({ path: name, onread })
    // Nobody may be waiting for it.
    this.#closed.promise.catch(() => {})
    this.#socket.on('error', () => {})
    this.#socket.on('close', () => {
      this.#closed.reject(new Error('the data socket of the worker has closed'))
      onClosed()
    })
  }

  /** Resolves when it is connected. `onClosed` is called once, whoever closes it. */
  static async connect(name: string, onClosed: () => void): Promise<DataSocket> {
    const data = new DataSocket(name, onClosed)
    await Promise.race([new Promise<void>((resolve) => data.#socket.once('connect', resolve)), data.#closed.promise])
    return data
  }

  /** An execution begins: its batches go there. */
  begin(onBatch: (batch: ReceivedBatch) => void): void {
    this.#onBatch = onBatch
    this.#received = 0
  }

  /** Its end came by the channel, and may have overtaken them: resolves when all are here, rejects when they can't come. */
  async end(batches: number): Promise<void> {
    if (this.#received < batches) {
      const whole = new Promise<void>((resolve) => (this.#awaited = { count: batches, resolve }))
      await Promise.race([whole, this.#closed.promise])
    }
    this.#onBatch = () => {}
  }

  close(): void {
    this.#socket.destroy()
  }

  #receive(batch: ReceivedBatch): void {
    this.#received++
    this.#onBatch(batch)
    if (this.#awaited?.count === this.#received) {
      this.#awaited.resolve()
      this.#awaited = null
    }
  }
}
