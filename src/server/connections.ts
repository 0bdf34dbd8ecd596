/** Counts all HTTP and upgraded connections per address, and ends those whose client does not read. */
import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import { awakeNow } from '../engines/awake.ts'
import { networkOf } from './access.ts'

/** Milliseconds after the stall timeout in which a client can read the error. */
const GRACE_MS = 5_000
const MOST_LOOK_MS = 1_000
/** Open files that the process reserves for files, workers and other uses. */
const OWN_FILES = 256
const LEAST_CONNECTIONS = 64

const REFUSAL = JSON.stringify({
  errors: [
    {
      message: 'Too many connections from your address (--max-connections); close some, or try again later.',
      extensions: { code: 'OVERLOADED', retry: true, retryAfter: 5 },
    },
  ],
})

export interface ConnectionsOptions {
  /** Most connections of one address. Null if connections arrive through proxies, which must limit them. */
  readonly mostOfAddress: number | null
  /** Most files and connections that the process may have open. */
  readonly openFiles: number
  /** Milliseconds that a client may leave data unread. */
  readonly stallMs: number
  /** Milliseconds that a client has after `stallMs`. @default 5 seconds */
  readonly graceMs?: number
}

interface Progress {
  taken: number
  left: number
  /** The time when the client was first found to take nothing. Null if nothing waits or the client reads. */
  since: number | null
}

export class Connections {
  readonly #options: ConnectionsOptions
  readonly #progress = new Map<Socket, Progress>()
  readonly #ofAddress = new Map<string, number>()
  readonly #looking: NodeJS.Timeout

  constructor(http: Server, options: ConnectionsOptions) {
    this.#options = options
    http.maxConnections = Math.max(LEAST_CONNECTIONS, options.openFiles - OWN_FILES)
    http.on('connection', (socket: Socket) => this.#opened(socket))
    this.#looking = setInterval(() => this.#look(), Math.min(MOST_LOOK_MS, options.stallMs / 4)).unref()
  }

  close(): void {
    clearInterval(this.#looking)
  }

  #opened(socket: Socket): void {
    const address = networkOf(socket.remoteAddress ?? '')
    const count = (this.#ofAddress.get(address) ?? 0) + 1
    const { mostOfAddress } = this.#options
    if (mostOfAddress !== null && count > mostOfAddress) {
      refuse(socket, '503 Service Unavailable', REFUSAL)
      return
    }
    this.#ofAddress.set(address, count)
    this.#progress.set(socket, { taken: 0, left: 0, since: null })
    socket.once('close', () => {
      this.#progress.delete(socket)
      const left = this.#ofAddress.get(address)! - 1
      if (left === 0) this.#ofAddress.delete(address)
      else this.#ofAddress.set(address, left)
    })
  }

  /** Looks for clients that do not read. It costs about a microsecond per connection. */
  #look(): void {
    const { stallMs, graceMs = GRACE_MS } = this.#options
    const now = awakeNow()
    for (const [socket, progress] of this.#progress) {
      const waiting = socket.writableLength
      if (waiting === 0) {
        progress.since = null
        continue
      }
      const taken = socket.bytesWritten - waiting
      const left = unwritten(socket)
      if (progress.since === null || taken !== progress.taken || left !== progress.left) {
        Object.assign(progress, { taken, left, since: now })
      } else if (now - progress.since >= stallMs + graceMs) socket.destroy()
    }
  }
}

/**
 * Returns the bytes of the current write that the system has not taken yet. A page is one write, and a slow reader takes a
 * little at a time. Node's own socket timeouts use the same value. If it is missing, a client must read a whole write within
 * the time.
 */
function unwritten(socket: Socket): number {
  return (socket as { readonly _handle?: { readonly writeQueueSize?: number } | null })._handle?.writeQueueSize ?? 0
}

/** Sends the reason and ends the connection. It does not wait for the client's end, which may never arrive. */
export function refuse(
  socket: Socket,
  status: string,
  json: string,
  headers: readonly [name: string, value: string][] = [],
): void {
  socket.on('error', () => socket.destroy())
  const own = headers.map(([name, value]) => `\r\n${name}: ${value}`).join('')
  const head = `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(json)}${own}`
  socket.write(`${head}\r\n\r\n${json}`)
  socket.destroySoon()
}
