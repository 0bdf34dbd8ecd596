/**
 * One WebSocket in the form that graphql-ws uses. It limits and orders incoming messages, and puts the worker's bytes into
 * outgoing ones.
 */
import type { Socket } from 'node:net'
import type { GraphQLError } from 'graphql'
import { CloseCode, type Server } from 'graphql-ws'
import type { WebSocket } from 'ws'
import type { Log } from '../config/logging.ts'
import { failed, formatError, fromGeoduck } from '../delivery/client-error.ts'
import { writeTextFrame } from '../delivery/deliver.ts'
import type { Operation } from '../delivery/operation.ts'
import type { JsonPiece } from '../delivery/raw-json.ts'
import type { Caller } from '../engines/engine.ts'
import { GeoduckError } from '../model/errors.ts'
import type { ClientMemory } from './client-memory.ts'
import { problemOf } from './http-operation.ts'
import { MOST_CONTROL_BYTES, MOST_FRAME_BYTES_BEFORE_ACK, MOST_ID_LENGTH } from './limits.ts'
import type { Operations, Trace } from './operations.ts'
import { SocketFlow } from './socket-flow.ts'

const TOO_BIG = 1009
/** Most bytes of a close frame's reason. */
const MOST_REASON_BYTES = 123

/** Leaves out a byte order mark. */
const UTF_8 = new TextDecoder()

/** The interface of a socket that graphql-ws requires. */
type GraphQLSocket = Parameters<Server['opened']>[0]

interface Running {
  readonly operation: Operation
  readonly left: AbortController
  /** Resolves when nothing more of the operation will be sent. */
  readonly over: Promise<void>
}

export interface ClientSocketOptions {
  /** The header of the upgrade. */
  readonly authorization: string | undefined
  /** Workers are shared fairly between callers. */
  readonly asker: Caller
  /** The request that opened the socket. */
  readonly trace: Trace
  readonly operations: Operations
  readonly memory: ClientMemory
  /** Most operations at a time. */
  readonly most: number
  readonly mostJsonParts: number
  readonly log: Log
}

export class ClientSocket implements GraphQLSocket {
  readonly protocol: string
  /** The header `Authorization` of the upgrade. Pages cannot set it. */
  readonly authorization: string | undefined
  /** True after `connection_ack`. */
  acknowledged = false
  /** Why its client may not write. Null if it may. */
  writeRefusal: string | null = 'The connection is not acknowledged yet.'
  readonly #ws: WebSocket
  /** The TCP socket of the WebSocket. */
  readonly #socket: Socket
  readonly #options: ClientSocketOptions
  readonly #flow: SocketFlow
  /** The last operation per id. The client chose the id. */
  readonly #running = new Map<string, Running>()
  #count = 0

  constructor(ws: WebSocket, socket: Socket, options: ClientSocketOptions) {
    this.#ws = ws
    this.#socket = socket
    this.#options = options
    this.authorization = options.authorization
    this.#flow = new SocketFlow(ws, socket, options.memory.open(options.asker))
    socket.on('data', () => {
      if (!this.acknowledged && this.#flow.exceedsFirst) this.close(TOO_BIG, 'Too big before connection_ack')
    })
    this.protocol = ws.protocol
    ws.once('close', () => {
      for (const { left } of this.#running.values()) left.abort()
    })
  }

  operation(id: string): Operation {
    return this.#running.get(id)!.operation
  }

  /** Sends a result of an operation. Resolves when the system has taken it or the socket is closed. */
  next(id: string, payload: readonly JsonPiece[]): Promise<void> {
    if (this.#ws.readyState !== this.#ws.OPEN) return Promise.resolve()
    const pieces = [`{"id":${JSON.stringify(id)},"type":"next","payload":`, ...payload, '}']
    return new Promise((resolve) => writeTextFrame(this.#socket, pieces, resolve))
  }

  /** Sends any other message. Resolves in the same cases. */
  send(text: string): Promise<void> {
    if (this.#ws.readyState !== this.#ws.OPEN) return Promise.resolve()
    return new Promise((resolve) => {
      const taken = this.#flow.answer(text.length)
      this.#ws.send(text, () => {
        taken()
        resolve()
      })
    })
  }

  close(code?: number, reason?: string): void {
    this.#ws.close(code, reason && Buffer.byteLength(reason) <= MOST_REASON_BYTES ? reason : '')
  }

  /** Passes messages on. graphql-ws accepts the text or the parsed message (which its types omit), so each is parsed once. */
  onMessage(read: (text: string) => Promise<void>): void {
    const deliver = read as unknown as (message: object) => Promise<void>
    // Messages are read in order, and none while too many answers wait.
    let before = Promise.resolve()
    this.#ws.on('message', (data: Buffer) => {
      if (!this.acknowledged && data.length > MOST_FRAME_BYTES_BEFORE_ACK)
        return this.close(TOO_BIG, 'Too big before connection_ack')
      before = before
        .then(() => this.#flow.room())
        .then(() => {
          // It is not awaited, so that other messages are read while an operation runs.
          this.#take(UTF_8.decode(data), deliver).catch((error: unknown) => {
            this.#options.log.error({ err: error }, 'A defect')
            this.close(CloseCode.InternalServerError, 'A defect of the server')
          })
        })
    })
  }

  async #take(text: string, deliver: (message: object) => Promise<void>): Promise<void> {
    if (this.#ws.readyState !== this.#ws.OPEN) return
    const message = peek(text, this.#options.mostJsonParts)
    if (!message || isTooLong(message, text)) return this.close(CloseCode.BadRequest, 'Invalid message received')
    const { type, id, parsed, problem } = message
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

  /**
   * Runs an operation. A completed id may be used again, but only after graphql-ws, which identifies operations by id, has
   * finished with it.
   */
  async #run(id: string, former: Running | undefined, deliver: () => Promise<void>): Promise<void> {
    const left = new AbortController()
    const { operations, asker, trace } = this.#options
    const { operation, end } = operations.begin(asker, left.signal, { traceparent: trace.traceparent, socket: trace.requestId })
    const { heldMemory } = operation
    const { promise: over, resolve } = Promise.withResolvers<void>()
    const running = { operation, left, over }
    this.#running.set(id, running)
    this.#count++
    try {
      await former?.over
      while (!left.signal.aborted && heldMemory.allowance === 0) await heldMemory.room(left.signal, { timed: true })
      if (!left.signal.aborted) await deliver()
    } catch (error) {
      // An error in any part ends this operation only. The socket and its other operations continue.
      if (!left.signal.aborted) await this.#fail(id, operation, error)
    } finally {
      this.#count--
      if (this.#running.get(id) === running) this.#running.delete(id)
      end()
      resolve()
    }
  }

  #refuse(id: string, message: string): Promise<void> {
    return this.#sendError(id, fromGeoduck(new GeoduckError('LIMIT_EXCEEDED', message)))
  }

  #fail(id: string, operation: Operation, error: unknown): Promise<void> {
    return this.#sendError(id, failed(error, operation))
  }

  #sendError(id: string, error: GraphQLError): Promise<void> {
    return this.send(JSON.stringify({ id, type: 'error', payload: [formatError(error)] }))
  }
}

/**
 * Returns true if the message exceeds its limit. Each message of an operation repeats its id, and the other kinds of message
 * are short.
 */
function isTooLong({ type, id }: ClientMessage, text: string): boolean {
  if (id !== null && id.length > MOST_ID_LENGTH) return true
  return type !== 'connection_init' && type !== 'subscribe' && text.length > MOST_CONTROL_BYTES
}

/** The kinds of message that a client sends (graphql-transport-ws). */
const KINDS = ['connection_init', 'ping', 'pong', 'subscribe', 'complete'] as const

interface ClientMessage {
  readonly type: (typeof KINDS)[number]
  readonly id: string | null
  /** The parsed message. Null if it was not parsed, for the reason in `problem`. */
  readonly parsed: object | null
  readonly problem: string | null
}

/** Adds the member `query`, which graphql-ws requires, to a payload with a hash in its place. */
function withQuery(payload: unknown): void {
  const members = payload as { query?: unknown; readonly extensions?: { readonly persistedQuery?: unknown } } | null | undefined
  if (members?.extensions?.persistedQuery) members.query ??= ''
}

/** Reads the parts of a message that are needed before graphql-ws reads it. Returns null if it is no message. */
function peek(text: string, mostJsonParts: number): ClientMessage | null {
  try {
    const members: Record<string, unknown> = {}
    const problem = problemOf(text, mostJsonParts, (name, value) => {
      if (name === 'id' || name === 'type') members[name] = JSON.parse(value)
    })
    const parsed = problem === null ? (JSON.parse(text) as Record<string, unknown>) : null
    const { type, id } = parsed ?? members
    const kind = KINDS.find((known) => known === type)
    if (kind === 'subscribe' && parsed) withQuery(parsed['payload'])
    return kind ? { type: kind, id: typeof id === 'string' ? id : null, parsed, problem } : null
  } catch {
    return null
  }
}
