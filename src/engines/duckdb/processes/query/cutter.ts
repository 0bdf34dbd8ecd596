/** Chunks of the engine's size in, batches of the client's size out. */

import type { DuckDBDataChunk, DuckDBResult } from '@duckdb/node-api'
import type { ColumnBatch } from '../../../../encode/batch.ts'
import { bytesIn, concatenate, rowsWithin } from '../../../../encode/slice.ts'
import { Arena, errorOf } from './arrow-export.ts'

/** Rows [from, to) of a batch. */
export interface BatchRange {
  readonly batch: ColumnBatch
  readonly from: number
  readonly to: number
  /** To be called when its rows have been encoded, and not before: the last cut of a batch gives the batch's memory back. */
  readonly release: () => void
}

export class BatchCutter {
  #rows: number
  #bytes: number
  #pieces: BatchRange[] = []
  #length = 0

  /** A cut holds at most `rows` rows and about `bytes` bytes of column data, but at least one row. */
  constructor(rows: number, bytes: number) {
    this.#rows = rows
    this.#bytes = bytes
  }

  /** Rows that are waiting. */
  get length(): number {
    return this.#length
  }

  /** For the cuts to come, as in the constructor. */
  limit(rows: number, bytes: number): void {
    this.#rows = rows
    this.#bytes = bytes
  }

  add(piece: BatchRange): void {
    if (piece.from === piece.to) piece.release()
    else this.#pieces.push(piece)
    this.#length += piece.to - piece.from
  }

  /** A full cut, or null while more rows could join it. `last`: whatever is there. A cut within one chunk copies nothing. */
  take(last: boolean): BatchRange | null {
    const [first] = this.#pieces
    if (!first) return null
    const rows = rowsWithin(first.batch, first.from, Math.min(this.#rows, first.to - first.from), this.#bytes)
    if (first.from + rows < first.to || rows === this.#rows) return this.#consume(first, rows)
    // Once a batch, not once a chunk: large batches are of many.
    if (this.#pieces.length > 1) return last || this.#enough() ? this.#joined() : null
    return last ? this.#consume(first, rows) : null
  }

  /** The first rows of a cut that was taken; the others wait again, in front of all. */
  shorten(cut: BatchRange, rows: number): BatchRange {
    const border = cut.from + rows
    const [next] = this.#pieces
    this.#length += cut.to - border
    if (next?.batch === cut.batch) this.#pieces[0] = { ...next, from: border }
    else this.#pieces.unshift({ ...cut, from: border })
    return { ...cut, to: border, release: () => {} }
  }

  #enough(): boolean {
    if (this.#length >= this.#rows) return true
    const bytes = this.#pieces.reduce((sum, { batch, from, to }) => sum + bytesIn(batch, from, to), 0)
    return bytes >= this.#bytes
  }

  #consume(piece: BatchRange, rows: number): BatchRange {
    const border = piece.from + rows
    this.#length -= rows
    if (border === piece.to) {
      this.#pieces.shift()
      return piece
    }
    this.#pieces[0] = { ...piece, from: border }
    return { ...piece, to: border, release: () => {} }
  }

  /** A batch of several pieces: one copy of its rows, and of no others. */
  #joined(): BatchRange {
    const cuts = this.#fitting().map(({ piece, rows }) => this.#consume(piece, rows))
    if (cuts.length === 1) return cuts[0]!
    const arena = Arena.open()
    const batch = concatenate(cuts, (bytes) => arena.take(bytes))
    for (const { release } of cuts) release()
    return { batch, from: 0, to: batch.length, release: () => arena.close() }
  }

  /** So many rows of the first pieces as one batch may have. */
  #fitting(): { readonly piece: BatchRange; readonly rows: number }[] {
    const fitting: { piece: BatchRange; rows: number }[] = []
    let [rows, bytes] = [this.#rows, this.#bytes]
    for (const piece of this.#pieces) {
      const { batch, from, to } = piece
      if (fitting.length > 0 && (rows === 0 || bytesIn(batch, from, from + 1) > bytes)) break
      const taken = rowsWithin(batch, from, Math.min(rows, to - from), bytes)
      fitting.push({ piece, rows: taken })
      rows -= taken
      bytes -= bytesIn(batch, from, from + taken)
      if (from + taken < to) break
    }
    return fitting
  }
}

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
