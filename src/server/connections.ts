/** Every connection, of HTTP and upgraded ones: how many an address may have, and the end of those whose client does not read. */
import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import { awakeNow } from '../engines/awake.ts'
import { networkOf } from './access.ts'

/** What a client has after its stall timeout to read the error that it ends with. */
const GRACE_MS = 5_000
const MOST_LOOK_MS = 1_000
/** Kept for files, workers and what else the process opens. */
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
  /** Of one address; null: they come through proxies, which are to limit them. */
  readonly mostOfAddress: number | null
  /** Files and connections that the process may have open. */
  readonly openFiles: number
  /** Milliseconds that a client may leave what waits for it unread. */
  readonly stallMs: number
  /** And what it has after that. @default 5 seconds */
  readonly graceMs?: number
}

interface Progress {
  taken: number
  left: number
  /** When it was seen first that the client takes nothing; null: nothing waits, or it reads. */
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

  /** It costs about a microsecond per connection. */
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
 * What the system has not taken yet of the write that is under way: a page is one write, of which a slow reader takes a little at a time. Node's own
 * timeouts of sockets go by it too; where it is missing, a client has to read a whole write within the time.
 */
function unwritten(socket: Socket): number {
  return (socket as { readonly _handle?: { readonly writeQueueSize?: number } | null })._handle?.writeQueueSize ?? 0
}

/** Says why and ends the connection, whatever the client does: its end alone would be waited for for ever. */
export function refuse(socket: Socket, status: string, json: string): void {
  socket.on('error', () => socket.destroy())
  const head = `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(json)}`
  socket.write(`${head}\r\n\r\n${json}`)
  socket.destroySoon()
}
