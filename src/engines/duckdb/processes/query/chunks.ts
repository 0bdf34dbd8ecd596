import type { DuckDBDataChunk, DuckDBResult } from '@duckdb/node-api'
import { errorOf } from './library.ts'

/** Columns of so many bytes, and the chunk that they were copied from, are given back by hand: V8 sees neither and takes its time. */
const HEAVY_BYTES = 16 * 1024 * 1024

/**
 * The chunks of a streamed result, one ahead: the engine makes the next one while this one is encoded and sent. It costs the memory of one
 * chunk, and the work for it where nobody comes to take it. Behind a heavy one it waits until that is gone: rows of 64 KB make chunks of 128
 * MB, which held a worker at 2.4 times its limit.
 */
export class Chunks {
  /** Milliseconds spent waiting for the engine. */
  waitedMs = 0
  readonly #result: DuckDBResult
  #ahead: Promise<DuckDBDataChunk | null> | null = null
  #heavy = false

  constructor(result: DuckDBResult) {
    this.#result = result
  }

  /** Null: there are no more, or the stream has failed, which looks the same to node-api. */
  async next(): Promise<DuckDBDataChunk | null> {
    this.#collect()
    this.#begin()
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
    if (!this.#heavy) this.#begin()
  }

  #begin(): void {
    this.#ahead ??= this.#result.fetchChunk()
    // Whoever takes it meets its error.
    this.#ahead.catch(() => {})
  }

  /** How much the chunk was that came last: the next one is not begun, and costs a collection of 10 ms, if that is much. */
  weigh(bytes: number): void {
    this.#heavy = bytes > HEAVY_BYTES
  }

  /** Why it failed, in the engine's words; null when it says nothing. */
  get failure(): string | null {
    return errorOf(this.#result)
  }

  /** Resolves when the engine is at rest: a connection that closes under a fetch never tells its end. */
  async settle(interrupt: () => void): Promise<void> {
    this.#collect()
    if (!this.#ahead) return
    interrupt()
    await this.#ahead.catch(() => {})
  }

  #collect(): void {
    if (this.#heavy) globalThis.gc?.()
  }
}
