/**
 * Chooses how chunks become columns: the fast way, if it returns the same values as the plain way in a self-check when the
 * worker starts.
 */

import type { DuckDBConnection, DuckDBDataChunk } from '@duckdb/node-api'
import type { ColumnBatch, ColumnData, WireColumn, WireType } from '../../../../encode/batch.ts'
import type { Diagnostics } from '../../../engine.ts'
import { Arena, closeArrowOptions, openArrowOptions, readArrow } from './arrow-export.ts'
import { readVectors } from './vectors.ts'

export interface ColumnReader {
  readonly name: Diagnostics['columnReader']
  open(connection: DuckDBConnection): OpenColumnReader
}

export interface ReadChunk {
  readonly batch: ColumnBatch
  /** Releases the memory of the batch for another chunk. The batch must not be read after this. */
  release(): void
}

/** The column reader of one connection. It must be closed before the connection. */
export interface OpenColumnReader {
  /** Reads the first columns of a chunk, which `columns` describes in order. */
  read(chunk: DuckDBDataChunk, columns: readonly WireColumn[]): ReadChunk
  close(): void
}

/** Reads a chunk by its vectors. The batch uses the chunk's own memory, so `release` keeps a reference to the chunk. */
function readPlainly(chunk: DuckDBDataChunk, columns: readonly WireColumn[]): ReadChunk {
  return { batch: readVectors(chunk, columns), release: () => void chunk }
}

const VECTORS: ColumnReader = { name: 'VECTORS', open: () => ({ read: readPlainly, close: () => {} }) }

const ARROW_EXPORT: ColumnReader = {
  name: 'ARROW_EXPORT',
  open: (connection) => {
    const options = openArrowOptions(connection)
    const read = (chunk: DuckDBDataChunk, columns: readonly WireColumn[]) => {
      const arena = Arena.open()
      return { batch: readArrow(chunk, columns, options, arena), release: () => arena.close() }
    }
    return { read, close: () => closeArrowOptions(options) }
  },
}

/** One column of each wire type as SQL over a row number `i`. Every fifth row is null. */
const SELF_CHECK: readonly (readonly [sql: string, wire: WireType])[] = [
  ['i % 2 = 0', { kind: 'bool' }],
  ...([8, 16, 32, 64] as const).flatMap((bits): [string, WireType][] => [
    [`(i % 100)::INT${bits / 8}`, { kind: 'int', bits, signed: true }],
    [`(i % 100)::UINT${bits}`, { kind: 'int', bits, signed: false }],
  ]),
  ['(i / 7)::FLOAT', { kind: 'float', bits: 32 }],
  ['i / 7', { kind: 'float', bits: 64 }],
  ["repeat('é', (i % 40)::INTEGER)", { kind: 'utf8' }],
  ["encode(repeat('a', (i % 40)::INTEGER))", { kind: 'binary' }],
  ['ST_AsWKB(ST_Point(i, -i))', { kind: 'wkb' }],
  ["DATE '2000-01-01' + i::INTEGER", { kind: 'date' }],
  ["TIMESTAMP '2000-01-01' + to_microseconds(i)", { kind: 'timestamp', unit: 'us', utc: false }],
]

/** Returns the reader for a new worker, after the self-check. */
export async function chooseColumnReader(connection: DuckDBConnection): Promise<ColumnReader> {
  const columns = SELF_CHECK.map(([sql, wire]) => ({ name: sql, wire }))
  const select = columns.map(({ name }) => `CASE WHEN i % 5 <> 0 THEN ${name} END`).join(', ')
  const result = await connection.stream(`SELECT ${select} FROM range(100) r(i)`)
  const chunk = await result.fetchChunk()
  if (!chunk) throw new Error('the self-check of the columns returned no rows')
  let reader: OpenColumnReader | null = null
  try {
    reader = ARROW_EXPORT.open(connection)
    return same(reader.read(chunk, columns).batch, readVectors(chunk, columns)) ? ARROW_EXPORT : VECTORS
  } catch {
    return VECTORS
  } finally {
    reader?.close()
  }
}

function same(a: ColumnBatch, b: ColumnBatch): boolean {
  if (a.length !== b.length || a.columns.length !== b.columns.length) return false
  return a.columns.every((column, index) => {
    const other = b.columns[index]
    return (
      other !== undefined && Array.from({ length: a.length }, (_, row) => text(column, row) === text(other, row)).every(Boolean)
    )
  })
}

function text(column: ColumnData, row: number): string | null {
  if (column.validity && !((column.validity[row >> 3] ?? 0) & (1 << (row & 7)))) return null
  if ('values' in column) return String(column.values[row])
  return Buffer.from(column.bytes.subarray(column.offsets[row], column.offsets[row + 1])).toString('hex')
}
