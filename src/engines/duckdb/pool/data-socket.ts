/**
 * The server's end of the socket that a worker sends batches over. The channel of a Tinypool task makes three copies of each
 * batch, and their garbage collection took most of the server's time: 3.5 us per feature in total, against 1.1 us with a Unix
 * socket.
 */
import { randomUUID } from 'node:crypto'
import net from 'node:net'
import path from 'node:path'
import { FrameReader } from '../frame.ts'
import type { ReceivedBatch } from '../messages.ts'

/** Most bytes of a socket's path: 108 with the NUL after it (unix(7)). */
const LONGEST_NAME = 107

/**
 * Returns a path for the socket in the worker's folder, or in /tmp if that path would be too long. Only this user may connect
 * to either.
 */
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
    // If nobody waits for it, the rejection must not end the server.
    this.#closed.promise.catch(() => {})
    this.#socket.on('error', () => {})
    this.#socket.on('close', () => {
      this.#closed.reject(new Error('the data socket of the worker has closed'))
      onClosed()
    })
  }

  /** Connects to the socket. `onClosed` is called once, regardless of which side closes the socket. */
  static async connect(name: string, onClosed: () => void): Promise<DataSocket> {
    const data = new DataSocket(name, onClosed)
    await Promise.race([new Promise<void>((resolve) => data.#socket.once('connect', resolve)), data.#closed.promise])
    return data
  }

  /** Starts an execution: `onBatch` receives its batches. */
  begin(onBatch: (batch: ReceivedBatch) => void): void {
    this.#onBatch = onBatch
    this.#received = 0
  }

  /**
   * Waits until `batches` batches have arrived, because the end of the execution arrives over the channel and may be faster.
   * Rejects if the socket closes before.
   */
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
