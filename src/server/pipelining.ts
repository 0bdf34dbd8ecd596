/**
 * Handles the requests of one connection one at a time. Node passes on every request that a client has pipelined, so one
 * connection could have thousands running. Here a request waits until the response before it has ended. While one waits, the
 * connection is not read, so the requests that are already parsed are those of one read, 64 KB.
 */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { formatError, fromGeoduck } from '../delivery/client-error.ts'
import { GeoduckError } from '../model/errors.ts'
import { type ClientAddress, networkOf } from './access.ts'
import { dropRest, sendJson } from './http-operation.ts'

/**
 * Most waiting requests of a connection. Known clients pipeline some tens. 64 KB hold fewer GraphQL requests, but 2,000 of the
 * smallest requests.
 */
const MOST_WAITING = 512
/** Most waiting requests of an address. Each takes about 5 KB. */
const MOST_WAITING_OF_ADDRESS = 8_192
/** Seconds. */
const RETRY_AFTER = 1

/** Counts the waiting requests per address. */
class Waiting {
  readonly #counts = new Map<string, number>()

  of(address: string): number {
    return this.#counts.get(address) ?? 0
  }

  add(address: string, count: number): void {
    const sum = this.of(address) + count
    if (sum > 0) this.#counts.set(address, sum)
    else this.#counts.delete(address)
  }
}

interface Request {
  readonly req: IncomingMessage
  readonly res: ServerResponse
  readonly address: string
}

class Connection {
  readonly #socket: Socket
  readonly #listener: RequestListener
  readonly #ofAddresses: Waiting
  #waiting: Request[] = []
  #busy = false
  /** True if further requests are not answered. */
  #full = false

  constructor(socket: Socket, listener: RequestListener, ofAddresses: Waiting) {
    this.#socket = socket
    this.#listener = listener
    this.#ofAddresses = ofAddresses
    // Node continues to read by itself after the end of each request.
    socket.on('resume', () => {
      if (this.#waiting.length > 0) this.#stopReading()
    })
    socket.once('close', () => {
      for (const { address } of this.#waiting) ofAddresses.add(address, -1)
      this.#waiting = []
      this.#full = true
    })
  }

  take(request: Request): void {
    const { address, res } = request
    const isFull = this.#waiting.length === MOST_WAITING || this.#ofAddresses.of(address) === MOST_WAITING_OF_ADDRESS
    if (this.#full) return
    if (!this.#busy) this.#answer(request)
    else if (isFull) this.#refuse(res)
    else this.#wait(request)
  }

  #wait(request: Request): void {
    this.#waiting.push(request)
    this.#ofAddresses.add(request.address, 1)
    this.#stopReading()
  }

  /**
   * Stops reading. A paused stream that is about to resume emits no event on `pause()`, but Node's HTTP server stops at that
   * event.
   */
  #stopReading(): void {
    this.#socket.pause()
    this.#socket.emit('pause')
  }

  #answer({ req, res }: Request): void {
    this.#busy = true
    res.once('close', () => {
      // Node reads the next request after it.
      void dropRest(req).then((ended) => ended || this.#socket.destroy())
      this.#next()
    })
    this.#listener(req, res)
  }

  #next(): void {
    this.#busy = false
    if (this.#socket.destroyed) return
    const next = this.#waiting.shift()
    if (next) {
      this.#ofAddresses.add(next.address, -1)
      this.#answer(next)
    }
    if (this.#waiting.length === 0) this.#socket.resume()
  }

  /** Refuses the request after the responses to earlier ones, then ends the connection. */
  #refuse(res: ServerResponse): void {
    this.#full = true
    const message = 'Too many requests wait on your connections; read their responses before you send more.'
    const error = fromGeoduck(new GeoduckError('OVERLOADED', message, { details: { retryAfter: RETRY_AFTER } }))
    res.setHeader('connection', 'close')
    res.setHeader('retry-after', RETRY_AFTER)
    sendJson(res, 503, { errors: [formatError(error)] })
  }
}

export function oneAtATime(addressOf: ClientAddress, listener: RequestListener): RequestListener {
  const connections = new WeakMap<Socket, Connection>()
  const ofAddresses = new Waiting()
  return (req, res) => {
    const { socket } = req
    const connection = connections.get(socket) ?? new Connection(socket, listener, ofAddresses)
    connections.set(socket, connection)
    connection.take({ req, res, address: networkOf(addressOf(req)) })
  }
}
