/** One WebSocket as graphql-ws drives it. What comes in is bounded here and kept in order; what goes out takes in the worker's bytes. */
import type { Socket } from 'node:net'
import { CloseCode, type Server } from 'graphql-ws'
import type { WebSocket } from 'ws'
import { GeoduckError } from '../errors.ts'
import { formatError, fromGeoduck } from '../graphql/client-error.ts'
import type { Operation } from '../graphql/operation.ts'
import type { Asker } from '../pool/scheduler.ts'
import { MOST_FRAME_BYTES_BEFORE_ACK } from './limits.ts'
import type { Log } from './logging.ts'
import type { Operations } from './operations.ts'
import { type ClientMessage, peek } from './peek.ts'
import { SplicedPayload } from './spliced-message.ts'
import { writeTextFrame } from './text-frame.ts'

const TOO_BIG = 1009

/** What graphql-ws wants a socket to be. */
type GraphQLSocket = Parameters<Server['opened']>[0]

interface Running {
  readonly operation: Operation
  readonly left: AbortController
  /** Resolves when nothing more of it will be sent. */
  readonly over: Promise<void>
}

export interface ClientSocketOptions {
  /** Slots are shared fairly between these. */
  readonly asker: Asker
  readonly operations: Operations
  /** Operations at a time. */
  readonly most: number
  readonly log: Log
}

export class ClientSocket implements GraphQLSocket {
  readonly protocol: string
  /** After `connection_ack`. */
  acknowledged = false
  readonly #ws: WebSocket
  /** Beneath it. */
  readonly #socket: Socket
  readonly #options: ClientSocketOptions
  /** By the id that the client gave; the last one of each. */
  readonly #running = new Map<string, Running>()
  #count = 0

  constructor(ws: WebSocket, socket: Socket, options: ClientSocketOptions) {
    this.#ws = ws
    this.#socket = socket
    this.#options = options
    this.protocol = ws.protocol
    ws.once('close', () => {
      for (const { left } of this.#running.values()) left.abort()
    })
  }

  operation(id: string): Operation {
    return this.#running.get(id)!.operation
  }

  /** Resolves when the kernel has taken it, or the socket is gone: graphql-ws pulls the next result then. */
  send(text: string): Promise<void> {
    const pieces = SplicedPayload.pieces(text)
    if (this.#ws.readyState !== this.#ws.OPEN) return Promise.resolve()
    return new Promise((resolve) => {
      if (pieces.length === 1) this.#ws.send(text, () => resolve())
      else writeTextFrame(this.#socket, pieces, () => resolve())
    })
  }

  close(code?: number, reason?: string): void {
    this.#ws.close(code, reason)
  }

  onMessage(deliver: (text: string) => Promise<void>): void {
    this.#ws.on('message', (data: Buffer) => {
      if (!this.acknowledged && data.length > MOST_FRAME_BYTES_BEFORE_ACK)
        return this.close(TOO_BIG, 'Too big before connection_ack')
      const text = data.toString()
      this.#take(text, peek(text), deliver).catch((error: unknown) => {
        this.#options.log.error({ err: error }, 'A defect')
        this.close(CloseCode.InternalServerError, 'A defect of the server')
      })
    })
  }

  async #take(text: string, message: ClientMessage | null, deliver: (text: string) => Promise<void>): Promise<void> {
    if (!message) return this.close(CloseCode.BadRequest, 'Invalid message received')
    const { type, id } = message
    if (id === null || !this.acknowledged || (type !== 'subscribe' && type !== 'complete')) return deliver(text)
    const former = this.#running.get(id)
    if (type === 'complete') {
      former?.left.abort()
      return deliver(text)
    }
    if (former && !former.left.signal.aborted) return deliver(text)
    if (this.#count >= this.#options.most) return this.#refuse(id)
    await this.#run(id, former, () => deliver(text))
  }

  /** An id may be used again once the client has completed it: not before graphql-ws, which knows operations by their ids, is through with it. */
  async #run(id: string, former: Running | undefined, deliver: () => Promise<void>): Promise<void> {
    const left = new AbortController()
    const { operation, end } = this.#options.operations.begin(this.#options.asker, left.signal)
    const { promise: over, resolve } = Promise.withResolvers<void>()
    const running = { operation, left, over }
    this.#running.set(id, running)
    this.#count++
    try {
      await former?.over
      if (!left.signal.aborted) await deliver()
    } finally {
      this.#count--
      if (this.#running.get(id) === running) this.#running.delete(id)
      end()
      resolve()
    }
  }

  #refuse(id: string): Promise<void> {
    const message = `Operations of one socket: at most ${this.#options.most} at a time (--max-operations).`
    const payload = [formatError(fromGeoduck(new GeoduckError('LIMIT_EXCEEDED', message)))]
    return this.send(JSON.stringify({ id, type: 'error', payload }))
  }
}
