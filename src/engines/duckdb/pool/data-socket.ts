/**
 * The server's end of the socket to a worker. The channel of a Tinypool task makes three copies of each batch, and their garbage
 * collection took most of the server's time: 3.5 us per feature in total, against 1.1 us with a Unix socket.
 */
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import net from 'node:net'
import path from 'node:path'
import { FrameReader, messageOf, requestFrameOf } from '../frame.ts'
import type { ReceivedBatch, Reply, ToWorker } from '../messages.ts'

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

interface Listeners {
  readonly onMessage: (message: Reply | ReceivedBatch) => void
  /** Called once, regardless of which side closes the socket. */
  readonly onClosed: () => void
}

export class DataSocket {
  readonly #socket: net.Socket

  private constructor(name: string, { onMessage, onClosed }: Listeners) {
    const reader = new FrameReader((frame) => onMessage(messageOf(frame)))
    const onread = {
      buffer: () => reader.space,
      callback: (bytes: number) => {
        reader.filled(bytes)
        return true
      },
    }
    this.#socket = net.connect({ path: name, onread })
    this.#socket.on('error', () => {})
    this.#socket.on('close', onClosed)
  }

  static async connect(name: string, listeners: Listeners): Promise<DataSocket> {
    const data = new DataSocket(name, listeners)
    await once(data.#socket, 'connect')
    return data
  }

  send(message: ToWorker): void {
    for (const piece of requestFrameOf(message)) this.#socket.write(piece)
  }

  close(): void {
    this.#socket.destroy()
  }
}
