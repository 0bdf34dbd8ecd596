/**
 * Requests of one connection, one at a time. Node hands over every request that a client has pipelined, so that one connection could have
 * thousands in work. Here a request waits until the response before it has ended, and while one waits the connection is not read: what has been
 * parsed by then is one read's worth, 64 KB.
 */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { GeoduckError } from '../errors.ts'
import { formatError, fromGeoduck } from '../graphql/client-error.ts'
import { sendJson } from './json.ts'

/** 64 KB of requests without a body are 1,500. No client that is known pipelines more than some tens. */
const MOST_WAITING = 100
/** Seconds. */
const RETRY_AFTER = 1
/** Milliseconds that what is left of a body is read for, and dropped, so that a client that still sends it meets the response first. */
const REST_OF_BODY_MS = 1_000

class Connection {
  readonly #socket: Socket
  readonly #listener: RequestListener
  #waiting: (readonly [IncomingMessage, ServerResponse])[] = []
  #busy = false
  /** What comes is not answered any more. */
  #full = false

  constructor(socket: Socket, listener: RequestListener) {
    this.#socket = socket
    this.#listener = listener
    // Node reads on by itself after the end of each request.
    socket.on('resume', () => {
      if (this.#waiting.length > 0) socket.pause()
    })
    socket.once('close', () => {
      this.#waiting = []
      this.#full = true
    })
  }

  take(req: IncomingMessage, res: ServerResponse): void {
    if (this.#full) return
    if (!this.#busy) return this.#answer(req, res)
    if (this.#waiting.length === MOST_WAITING) return this.#refuse(res)
    this.#waiting.push([req, res])
    this.#socket.pause()
  }

  #answer(req: IncomingMessage, res: ServerResponse): void {
    this.#busy = true
    res.once('close', () => {
      if (!req.complete) this.#dropRest(req)
      this.#next()
    })
    this.#listener(req, res)
  }

  #next(): void {
    this.#busy = false
    const next = this.#waiting.shift()
    if (next) this.#answer(...next)
    if (this.#waiting.length === 0 && !this.#socket.destroyed) this.#socket.resume()
  }

  /** Its response was made without it, and Node reads on to the next request. */
  #dropRest(req: IncomingMessage): void {
    const timer = setTimeout(() => this.#socket.destroy(), REST_OF_BODY_MS)
    req.once('close', () => clearTimeout(timer))
  }

  /** After the responses to those before it; then the connection ends. */
  #refuse(res: ServerResponse): void {
    this.#full = true
    const message = `More than ${MOST_WAITING} requests wait on this connection; read their responses before you send more.`
    const error = fromGeoduck(new GeoduckError('OVERLOADED', message, { details: { retryAfter: RETRY_AFTER } }))
    res.setHeader('connection', 'close')
    res.setHeader('retry-after', RETRY_AFTER)
    sendJson(res, 503, { errors: [formatError(error)] })
  }
}

export function oneAtATime(listener: RequestListener): RequestListener {
  const connections = new WeakMap<Socket, Connection>()
  return (req, res) => {
    const { socket } = req
    const connection = connections.get(socket) ?? new Connection(socket, listener)
    connections.set(socket, connection)
    connection.take(req, res)
  }
}
