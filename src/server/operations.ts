import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Log } from '../config/logging.ts'
import { Operation } from '../delivery/operation.ts'
import type { Caller, Engine, Explanation } from '../engines/engine.ts'
import { GeoduckError } from '../model/errors.ts'
import type { Query } from '../model/query.ts'
import type { ClientMemory } from './client-memory.ts'

/** An operation that has begun. `end` is called once, when nothing more of it will be sent. */
export interface OpenOperation {
  readonly operation: Operation
  end(): void
}

/** The ids by which the log names an operation. */
export interface OperationNames {
  /** @default a new id */
  readonly id?: string
  /** The `traceparent` of its request, or of the request that opened its WebSocket. */
  readonly traceparent: string | null
  /** The `x-request-id` of the request that opened its WebSocket. */
  readonly socket?: string
}

export interface OperationsOptions {
  readonly log: Log
  /** Milliseconds of waiting after which an operation is logged with its plan. */
  readonly slowMs: number
  /** Counts the held memory of operations. */
  readonly memory: ClientMemory
  readonly explain: Explain
  /** Most operations of one address at a time. */
  readonly mostOfAddress: number
}

/** Begins operations, gives each an id, and keeps those that are open. */
export class Operations {
  readonly #options: OperationsOptions
  readonly #open = new Map<Operation, Promise<void>>()
  readonly #places: OperationLimit
  readonly #starts = new OperationStarts()
  #onEnd: (operation: Operation) => void = () => {}

  constructor(options: OperationsOptions) {
    this.#options = options
    this.#places = new OperationLimit(options.mostOfAddress)
  }

  /** The open operations. */
  get open(): Iterable<Operation> {
    return this.#open.keys()
  }

  /** Calls `listener` after each operation has ended. A request for a web page is no operation. */
  onEnd(listener: (operation: Operation) => void): void {
    this.#onEnd = listener
  }

  /** Begins an operation. If its address or client has too many, it begins too, and its `refusal` ends it. */
  begin(asker: Caller, signal: AbortSignal, { id = randomUUID(), ...names }: OperationNames): OpenOperation {
    const log = this.#options.log.child({ correlationId: id, ...given(names) })
    const refusal = this.#places.take(asker)
    const heldMemory = this.#options.memory.open(asker)
    const onDefect = (err: unknown) =>
      log.error({ err }, signal.aborted ? 'A defect, after the client had disconnected' : 'A defect')
    const operation = new Operation({ id, ...asker, heldMemory, signal, refusal, onDefect })
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#open.set(operation, promise)
    const end = () => {
      if (!this.#open.delete(operation)) return
      if (!refusal) this.#places.leave(asker)
      if (operation.kind || operation.error) {
        operation.ended()
        logOperation(this.#options, operation, given(names))
        this.#onEnd(operation)
      }
      heldMemory.close()
      resolve()
    }
    return { operation, end }
  }

  /** Resolves when the operation may be read, checked and executed. */
  start({ address }: Operation): Promise<void> {
    return this.#starts.next(address)
  }

  /** Resolves when no operation is open. */
  async settled(): Promise<void> {
    while (this.#open.size > 0) await Promise.all(this.#open.values())
  }
}

type Explain = Engine['explain']

function given({ traceparent, socket }: Omit<OperationNames, 'id'>): object {
  return { ...(traceparent !== null && { traceparent }), ...(socket !== undefined && { socket }) }
}

/**
 * Logs one line per operation when it is over: a sentence for people, and the same facts in fields for machines. If the client
 * waited for the server longer than `slowMs`, the line is a warning and includes the plans, which are SQL without values.
 */
function logOperation({ log, slowMs, explain }: OperationsOptions, operation: Operation, names: object): void {
  const { id, client, kind, name, layers, rows, bytes, batches, lane, degraded, cached, outcome } = operation
  const ms = Math.round(performance.now() - operation.startedAt)
  const waitMs = Math.round(operation.waitMs)
  const slow = waitMs > slowMs
  const layer = [...layers].join(',') || null
  const operationName = name
  const what = [kind ?? 'request', name, layer].filter((word) => word !== null).join(' ')
  const delivered = batches > 0 ? `${rows} rows in ${batches}` : null
  const how = [
    delivered,
    `${bytes} bytes`,
    `${ms} ms`,
    lane,
    degraded ? 'degraded' : null,
    cached ? 'cached' : null,
    slow ? `slow: waited ${waitMs} ms` : null,
  ]
  const sentence = `${what}: ${outcome}, ${how.filter((word) => word !== null).join(', ')} [${id} ${client}]`
  const fields = {
    id,
    client,
    kind,
    operationName,
    layer,
    rows,
    bytes,
    batches,
    ms,
    waitMs,
    lane,
    degraded,
    cached,
    outcome,
    ...names,
  }
  if (slow) log.warn({ operation: { ...fields, plans: operation.queries.flatMap((query) => planned(query, explain)) } }, sentence)
  else log.info({ operation: fields }, sentence)
}

/** Returns the plans of a query. A refused query has none: the client received the reason, or the log has it as a defect. */
function planned(query: Query, explain: Explain): Explanation[] {
  try {
    return [explain(query)]
  } catch {
    return []
  }
}

/* The number of open operations, by address and client. */

/** Seconds. */
const RETRY_AFTER = 1

interface Address {
  open: number
  readonly clients: Map<string, number>
}

class OperationLimit {
  readonly #most: number
  readonly #addresses = new Map<string, Address>()

  /** @param most most operations of one address */
  constructor(most: number) {
    this.#most = most
  }

  /**
   * Counts the operation and returns null, or returns the reason for a refusal. A client may have no more operations than its
   * address has left. So one connection gets at most half of them, and one is free for the next connection until many share
   * them.
   */
  take({ client, address = client }: Caller): GeoduckError | null {
    const taken = this.#addresses.get(address) ?? { open: 0, clients: new Map<string, number>() }
    const own = taken.clients.get(client) ?? 0
    if (own >= this.#most - taken.open) return this.#refusal()
    taken.open++
    taken.clients.set(client, own + 1)
    this.#addresses.set(address, taken)
    return null
  }

  leave({ client, address = client }: Caller): void {
    const taken = this.#addresses.get(address)
    if (!taken) return
    const own = (taken.clients.get(client) ?? 0) - 1
    if (own > 0) taken.clients.set(client, own)
    else taken.clients.delete(client)
    taken.open--
    if (taken.open === 0) this.#addresses.delete(address)
  }

  #refusal(): GeoduckError {
    const message = `Operations of one address: at most ${this.#most} at a time (--max-address-operations), of one connection no more than are left; end some, or ask again in ${RETRY_AFTER} s.`
    return new GeoduckError('OVERLOADED', message, { details: { retryAfter: RETRY_AFTER } })
  }
}

/**
 * Decides when an operation starts: one per address and turn of the event loop, in order of arrival. To read, check and start
 * an operation takes 0.3 ms and more. Hundreds that arrive at once would make every client wait until all of them have started.
 */
export class OperationStarts {
  /** The waiting operations of each address that has started one in this turn. */
  readonly #waiting = new Map<string, (() => void)[]>()

  /** Resolves when an operation of the address may start. */
  async next(address: string): Promise<void> {
    const waiting = this.#waiting.get(address)
    if (waiting) return await new Promise((start) => waiting.push(start))
    if (this.#waiting.size === 0) setImmediate(this.#turn)
    this.#waiting.set(address, [])
  }

  readonly #turn = () => {
    for (const [address, waiting] of this.#waiting) {
      const start = waiting.shift()
      if (start) start()
      else this.#waiting.delete(address)
    }
    if (this.#waiting.size > 0) setImmediate(this.#turn)
  }
}

/** The ids by which a request is found in the logs of all programs that it passes. */
export interface Trace {
  /** The `x-request-id` of the request, or a new one. */
  readonly requestId: string
  /** The `traceparent` of the request (W3C Trace Context). */
  readonly traceparent: string | null
}

/** Ids of the known proxies and tracers. They are safe in a header, in a line of the log and in JSON. */
const REQUEST_ID = /^[\w.:;=+/@-]{1,128}$/
const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/

const traces = new WeakMap<IncomingMessage, Trace>()

/** Returns the ids of the request. An id that is too long, or that has other characters, counts as missing. */
export function traceOf(req: IncomingMessage): Trace {
  const known = traces.get(req)
  if (known) return known
  const { 'x-request-id': requestId, traceparent } = req.headers
  const trace = {
    requestId: typeof requestId === 'string' && REQUEST_ID.test(requestId) ? requestId : randomUUID(),
    traceparent: typeof traceparent === 'string' && TRACEPARENT.test(traceparent) ? traceparent : null,
  }
  traces.set(req, trace)
  return trace
}

/** Returns the headers that repeat the ids in the response. */
export function traceHeaders(req: IncomingMessage): [name: string, value: string][] {
  const { requestId, traceparent } = traceOf(req)
  return [['x-request-id', requestId], ...(traceparent === null ? [] : [['traceparent', traceparent] as [string, string]])]
}
