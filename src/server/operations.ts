import { randomUUID } from 'node:crypto'
import { Operation } from '../graphql/operation.ts'
import type { Asker } from '../pool/scheduler.ts'
import type { Log } from './logging.ts'
import { logOperation } from './operation-log.ts'

/** An operation that has begun: `end` is called once, when nothing more of it will be sent. */
export interface OpenOperation {
  readonly operation: Operation
  end(): void
}

/** Begins operations, each with an id of its own, and keeps those that are under way. */
export class Operations {
  readonly #log: Log
  readonly #open = new Set<Promise<void>>()

  constructor(log: Log) {
    this.#log = log
  }

  begin(asker: Asker, signal: AbortSignal): OpenOperation {
    const startedAt = performance.now()
    const id = randomUUID()
    const log = this.#log.child({ correlationId: id })
    const operation = new Operation({ id, ...asker, signal, onDefect: (err) => log.error({ err }, 'A defect') })
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#open.add(promise)
    const end = () => {
      if (!this.#open.delete(promise)) return
      if (operation.kind || operation.error) logOperation(this.#log, operation, startedAt)
      resolve()
    }
    return { operation, end }
  }

  /** Resolves when none is under way. */
  async settled(): Promise<void> {
    while (this.#open.size > 0) await Promise.all(this.#open)
  }
}
