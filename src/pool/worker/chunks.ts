import type { DuckDBDataChunk, DuckDBResult } from '@duckdb/node-api'
import { errorOf } from './library.ts'

/**
 * The chunks of a streamed result, one ahead: the engine makes the next one while this one is encoded and sent. It costs the memory of one
 * chunk, and the work for it where nobody comes to take it.
 */
export class Chunks {
  /** Milliseconds spent waiting for the engine. */
  waitedMs = 0
  readonly #result: DuckDBResult
  #ahead: Promise<DuckDBDataChunk | null> | null = null

  constructor(result: DuckDBResult) {
    this.#result = result
  }

  /** Null: there are no more, or the stream has failed, which looks the same to node-api. */
  async next(): Promise<DuckDBDataChunk | null> {
    this.ahead()
    const start = performance.now()
    try {
      const chunk = await this.#ahead
      return chunk && chunk.rowCount > 0 ? chunk : null
    } finally {
      this.waitedMs += performance.now() - start
      this.#ahead = null
    }
  }

  ahead(): void {
    this.#ahead ??= this.#result.fetchChunk()
    // Whoever takes it meets its error.
    this.#ahead.catch(() => {})
  }

  /** Why it failed, in the engine's words; null when it says nothing. */
  get failure(): string | null {
    return errorOf(this.#result)
  }

  /** Resolves when the engine is at rest: a connection that closes under a fetch never tells its end. */
  async settle(interrupt: () => void): Promise<void> {
    if (!this.#ahead) return
    interrupt()
    await this.#ahead.catch(() => {})
  }
}
