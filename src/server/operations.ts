import { randomUUID } from 'node:crypto'
import type { Log } from '../config/logging.ts'
import { Operation } from '../delivery/operation.ts'
import type { Asker } from '../engines/engine.ts'
import type { ClientMemory } from './client-memory.ts'
import { type Explain, logOperation } from './operation-log.ts'
import { Places } from './places.ts'
import { Starts } from './starts.ts'

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
  readonly #places: Places
  readonly #starts = new Starts()
  #onEnd: (operation: Operation) => void = () => {}

  constructor(options: OperationsOptions) {
    this.#options = options
    this.#places = new Places(options.mostOfAddress)
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
  begin(asker: Asker, signal: AbortSignal): OpenOperation {
    const id = randomUUID()
    const log = this.#options.log.child({ correlationId: id })
    const refusal = this.#places.take(asker)
    const holding = this.#options.memory.open(asker)
    const onDefect = (err: unknown) => log.error({ err }, signal.aborted ? 'A defect, after the client had gone' : 'A defect')
    const operation = new Operation({ id, ...asker, holding, signal, refusal, onDefect })
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
      holding.close()
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
