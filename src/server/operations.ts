import { randomUUID } from 'node:crypto'
import type { Log } from '../config/logging.ts'
import { Operation } from '../delivery/operation.ts'
import type { Caller, Engine, Explanation } from '../engines/engine.ts'
import { GeoduckError } from '../model/errors.ts'
import type { FeatureQuery } from '../model/query.ts'
import type { ClientMemory } from './client-memory.ts'

/** An operation that has begun: `end` is called once, when nothing more of it will be sent. */
export interface OpenOperation {
  readonly operation: Operation
  end(): void
}

export interface OperationsOptions {
  readonly log: Log
  /** An operation whose client waits longer than this is told of with its plan. */
  readonly slowMs: number
  /** Where what operations hold for their clients is counted. */
  readonly memory: ClientMemory
  readonly explain: Explain
  /** Operations of one address at a time. */
  readonly mostOfAddress: number
}

/** Begins operations, each with an id of its own, and keeps those that are under way. */
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

  /** Those under way. */
  get open(): Iterable<Operation> {
    return this.#open.keys()
  }

  /** `listener` is told of each that has ended, and was one: a page that was opened is not. */
  onEnd(listener: (operation: Operation) => void): void {
    this.#onEnd = listener
  }

  /** One for which its address or client has no place is begun all the same, to be ended by its `refusal`. */
  begin(asker: Caller, signal: AbortSignal): OpenOperation {
    const id = randomUUID()
    const log = this.#options.log.child({ correlationId: id })
    const refusal = this.#places.take(asker)
    const heldMemory = this.#options.memory.open(asker)
    const onDefect = (err: unknown) => log.error({ err }, signal.aborted ? 'A defect, after the client had gone' : 'A defect')
    const operation = new Operation({ id, ...asker, heldMemory, signal, refusal, onDefect })
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#open.set(operation, promise)
    const end = () => {
      if (!this.#open.delete(operation)) return
      if (!refusal) this.#places.leave(asker)
      if (operation.kind || operation.error) {
        operation.ended()
        logOperation(this.#options.log, operation, this.#options.slowMs, this.#options.explain)
        this.#onEnd(operation)
      }
      heldMemory.close()
      resolve()
    }
    return { operation, end }
  }

  /** Resolves when it is the operation's turn to be read, checked and executed. */
  start({ address }: Operation): Promise<void> {
    return this.#starts.next(address)
  }

  /** Resolves when none is under way. */
  async settled(): Promise<void> {
    while (this.#open.size > 0) await Promise.all(this.#open.values())
  }
}

type Explain = Engine['explain']

/**
 * One line an operation, when it is over: a sentence for the eye, the same in fields for machines. Where the client had to wait for the server
 * longer than `slowMs` it is a warning, and tells the plans: SQL without values.
 */
function logOperation(log: Log, operation: Operation, slowMs: number, explain: Explain): void {
  const { id, client, kind, name, layers, rows, bytes, batches, lane, degraded, outcome } = operation
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
    slow ? `slow: waited ${waitMs} ms` : null,
  ]
  const sentence = `${what}: ${outcome}, ${how.filter((word) => word !== null).join(', ')} [${id} ${client}]`
  const fields = { id, client, kind, operationName, layer, rows, bytes, batches, ms, waitMs, lane, degraded, outcome }
  if (slow) log.warn({ operation: { ...fields, plans: operation.queries.flatMap((query) => planned(query, explain)) } }, sentence)
  else log.info({ operation: fields }, sentence)
}

/** A question that was refused has no plan; why, the client was told, or the log was as a defect. */
function planned(query: FeatureQuery, explain: Explain): Explanation[] {
  try {
    return [explain(query)]
  } catch {
    return []
  }
}

/* Operations that are open, by address and client. */

/** Seconds. */
const RETRY_AFTER = 1

interface Address {
  open: number
  readonly clients: Map<string, number>
}

class OperationLimit {
  readonly #most: number
  readonly #addresses = new Map<string, Address>()

  /** `most`: of one address. */
  constructor(most: number) {
    this.#most = most
  }

  /**
   * Null, and the place is taken; or why there is none. A client has no more places than its address has left: so one connection takes at most
   * half of them, and there is one left for the next connection until many share them.
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
 * When an operation starts: one of each address in a turn of the event loop, in the order in which they came. To read, check and start an
 * operation takes 0.3 ms and more; hundreds that arrive at once would hold up everybody for as long as all of them take.
 */
export class OperationStarts {
  /** Of each address that has started one in this turn: those that wait for the next ones. */
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
