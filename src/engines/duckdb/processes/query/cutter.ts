/** Cuts the chunks of the engine into batches of the requested size. */

import type { DuckDBDataChunk, DuckDBResult } from '@duckdb/node-api'
import type { ColumnBatch } from '../../../../encode/batch.ts'
import { bytesIn, concatenate, rowsWithin } from '../../../../encode/slice.ts'
import { Arena, errorOf } from './arrow-export.ts'

/** Rows [from, to) of a batch. */
export interface BatchRange {
  readonly batch: ColumnBatch
  readonly from: number
  readonly to: number
  /** Releases the memory of the batch if this is its last cut. Call it after the rows are encoded. */
  readonly release: () => void
}

export class BatchCutter {
  #rows: number
  #bytes: number
  #pieces: BatchRange[] = []
  #length = 0

  /** Makes cuts of at most `rows` rows and about `bytes` bytes of column data, but at least one row. */
  constructor(rows: number, bytes: number) {
    this.#rows = rows
    this.#bytes = bytes
  }

  /** Number of rows that are not cut yet. */
  get length(): number {
    return this.#length
  }

  /** Sets the limits of the next cuts. */
  limit(rows: number, bytes: number): void {
    this.#rows = rows
    this.#bytes = bytes
  }

  add(piece: BatchRange): void {
    if (piece.from === piece.to) piece.release()
    else this.#pieces.push(piece)
    this.#length += piece.to - piece.from
  }

  /**
   * Returns a full cut; null if there are too few rows for one. With `last` it returns all rows that remain, up to the limits.
   * A cut inside one chunk copies nothing.
   */
  take(last: boolean): BatchRange | null {
    const [first] = this.#pieces
    if (!first) return null
    const rows = rowsWithin(first.batch, first.from, Math.min(this.#rows, first.to - first.from), this.#bytes)
    if (first.from + rows < first.to || rows === this.#rows) return this.#consume(first, rows)
    // The pieces are joined once per batch, not once per chunk, because a large batch has many chunks.
    if (this.#pieces.length > 1) return last || this.#enough() ? this.#joined() : null
    return last ? this.#consume(first, rows) : null
  }

  /** Releases the memory of the rows that are not cut. */
  close(): void {
    for (const { release } of this.#pieces.splice(0)) release()
    this.#length = 0
  }

  /** Returns the first `rows` rows of a cut, and puts the others back before all waiting rows. */
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

  /** Joins pieces into one batch. It copies the rows of the batch once. */
  #joined(): BatchRange {
    const cuts = this.#fitting().map(({ piece, rows }) => this.#consume(piece, rows))
    if (cuts.length === 1) return cuts[0]!
    const arena = Arena.open()
    const batch = concatenate(cuts, (bytes) => arena.take(bytes))
    for (const { release } of cuts) release()
    return { batch, from: 0, to: batch.length, release: () => arena.close() }
  }

  /** Returns the first pieces that fit into one batch, with the number of their rows. */
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

/**
 * Bytes of column data above which a chunk's memory is released by an explicit garbage collection: V8 does not count it and
 * collects late.
 */
export const HEAVY_BYTES = 16 * 1024 * 1024

/**
 * Reads the chunks of a streamed result one ahead: the engine makes the next chunk while this one is encoded and sent. That
 * costs the memory of one chunk, and its work is lost if nobody reads it. After a heavy chunk it does not read ahead: rows of
 * 64 KB make chunks of 128 MB, and a worker used 2.4 times its memory limit.
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

  /** Returns the next chunk. Null at the end, and also after a failure, because node-api does not distinguish them. */
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

  /** Starts to read the next chunk, unless this one is heavy. */
  ahead(): void {
    if (!this.#heavy) this.#begin()
  }

  #begin(): void {
    this.#ahead ??= this.#result.fetchChunk()
    // `next()` throws the error later.
    this.#ahead.catch(() => {})
  }

  /**
   * Records the size of the last chunk. If it is heavy, there is no read ahead, and a garbage collection of 10 ms before the
   * next chunk.
   */
  weigh(bytes: number): void {
    this.#heavy = bytes > HEAVY_BYTES
  }

  /** The engine's error message; null if it reports none. */
  get failure(): string | null {
    return errorOf(this.#result)
  }

  /** Waits until the engine is idle. A fetch never ends if its connection is closed meanwhile. */
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
