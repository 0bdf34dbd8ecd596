/**
 * Requests of one connection, one at a time. Node hands over every request that a client has pipelined, so that one connection could have
 * thousands in work. Here a request waits until the response before it has ended, and while one waits the connection is not read: what has been
 * parsed by then is one read's worth, 64 KB.
 */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { formatError, fromGeoduck } from '../delivery/client-error.ts'
import { GeoduckError } from '../model/errors.ts'
import { type ClientAddress, networkOf } from './access.ts'
import { sendJson } from './http-operation.ts'

/** No client that is known pipelines more than some tens. 64 KB of GraphQL requests are fewer; the smallest requests there are, 2,000, are not. */
const MOST_WAITING = 512
/** On all connections of an address: a request that waits takes about 5 KB. */
const MOST_WAITING_OF_ADDRESS = 8_192
/** Seconds. */
const RETRY_AFTER = 1
/** Milliseconds that what is left of a body is read for, and dropped, so that a client that still sends it meets the response first. */
const REST_OF_BODY_MS = 1_000

/** How many requests of each address wait. */
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
  /** What comes is not answered any more. */
  #full = false

  constructor(socket: Socket, listener: RequestListener, ofAddresses: Waiting) {
    this.#socket = socket
    this.#listener = listener
    this.#ofAddresses = ofAddresses
    // Node reads on by itself after the end of each request.
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

  /** A paused stream that is being resumed takes `pause()` for done and says nothing, while Node's HTTP server stops at the event. */
  #stopReading(): void {
    this.#socket.pause()
    this.#socket.emit('pause')
  }

  #answer({ req, res }: Request): void {
    this.#busy = true
    res.once('close', () => {
      if (!req.complete) this.#dropRest(req)
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

  /** Its response was made without it, and Node reads on to the next request. */
  #dropRest(req: IncomingMessage): void {
    const timer = setTimeout(() => this.#socket.destroy(), REST_OF_BODY_MS)
    req.once('close', () => clearTimeout(timer))
  }

  /** After the responses to those before it; then the connection ends. */
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
