import type { DuckDBConnection } from '@duckdb/node-api'

/** The engine forgets an interrupt that comes while a query begins, so it is said again until the execution has ended. */
const AGAIN_MS = 20

export class Interrupt {
  readonly #connection: DuckDBConnection
  #timer: NodeJS.Timeout | undefined

  constructor(connection: DuckDBConnection) {
    this.#connection = connection
  }

  begin(): void {
    this.#connection.interrupt()
    this.#timer ??= setInterval(() => this.#connection.interrupt(), AGAIN_MS)
  }

  /** Before the connection closes. */
  end(): void {
    clearInterval(this.#timer)
  }
}
