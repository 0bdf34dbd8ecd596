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
  readonly mostJsonParts: number
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

  /** graphql-ws takes a message's text or, as its types don't say, the message: it is parsed once. */
  onMessage(read: (text: string) => Promise<void>): void {
    const deliver = read as unknown as (message: object) => Promise<void>
    this.#ws.on('message', (data: Buffer) => {
      if (!this.acknowledged && data.length > MOST_FRAME_BYTES_BEFORE_ACK)
        return this.close(TOO_BIG, 'Too big before connection_ack')
      this.#take(peek(data.toString(), this.#options.mostJsonParts), deliver).catch((error: unknown) => {
        this.#options.log.error({ err: error }, 'A defect')
        this.close(CloseCode.InternalServerError, 'A defect of the server')
      })
    })
  }

  async #take(message: ClientMessage | null, deliver: (message: object) => Promise<void>): Promise<void> {
    const { type, id, parsed, problem } = message ?? {}
    if (problem && type === 'subscribe' && id && this.acknowledged) return this.#refuse(id, problem)
    if (!parsed) return this.close(CloseCode.BadRequest, problem ?? 'Invalid message received')
    if (!id || !this.acknowledged || (type !== 'subscribe' && type !== 'complete')) return deliver(parsed)
    const former = this.#running.get(id)
    if (type === 'complete') {
      former?.left.abort()
      return deliver(parsed)
    }
    if (former && !former.left.signal.aborted) return deliver(parsed)
    if (this.#count >= this.#options.most) {
      return this.#refuse(id, `Operations of one socket: at most ${this.#options.most} at a time (--max-operations).`)
    }
    await this.#run(id, former, () => deliver(parsed))
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

  #refuse(id: string, message: string): Promise<void> {
    const payload = [formatError(fromGeoduck(new GeoduckError('LIMIT_EXCEEDED', message)))]
    return this.send(JSON.stringify({ id, type: 'error', payload }))
  }
}
