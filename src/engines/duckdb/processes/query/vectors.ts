/**
 * Reads a chunk as columns in Arrow's layout in the plain way, by node-api's vectors. Values of fixed width cost nothing: they
 * are views of the vector's memory. Strings and blobs cost one copy each, and a native call (0.6 us and more) if they are
 * longer than 12 bytes. The views are valid as long as the chunk is referenced.
 */
import type { DuckDBDataChunk, DuckDBVector } from '@duckdb/node-api'
import type { ColumnBatch, ColumnData, FixedValues, WireColumn } from '../../../../encode/batch.ts'

/** Private fields of node-api with the raw memory. The pinned version and the tests make sure that they exist. */
interface RawVector {
  readonly validity: { readonly data: BigUint64Array | null; readonly offset: number }
  readonly items?: FixedValues
  readonly dataView?: DataView
  getItemBytes?(row: number): Uint8Array | null
  getItem(row: number): unknown
}

const encoder = new TextEncoder()

/** Reads the first columns of a chunk, which `columns` describes in order. */
export function readVectors(chunk: DuckDBDataChunk, columns: readonly WireColumn[]): ColumnBatch {
  const length = chunk.rowCount
  return { length, columns: columns.map((_, index) => readColumn(chunk.getColumnVector(index), length)) }
}

function readColumn(vector: DuckDBVector, length: number): ColumnData {
  const raw = vector as unknown as RawVector
  const validity = bitmap(raw, length)
  if (raw.items) return { validity, values: raw.items }
  if (!raw.dataView) throw new TypeError(`A vector of ${vector.constructor.name} reached the wire`)
  const { buffer, byteOffset, byteLength } = raw.dataView
  // A boolean vector has one byte per value; strings and blobs are DuckDB's `string_t` of 16 bytes.
  if (byteLength < length * 16) return { validity, values: new Uint8Array(buffer, byteOffset, length) }
  return { validity, ...readStrings(raw, raw.dataView, length) }
}

/** Returns Arrow's bitmap. DuckDB's validity words have the same layout: least significant bit first, 1 means present. */
function bitmap({ validity: { data, offset } }: RawVector, length: number): Uint8Array | null {
  if (!data) return null
  if (offset !== 0) throw new RangeError('A sliced vector reached the wire')
  return new Uint8Array(data.buffer, data.byteOffset, (length + 7) >> 3)
}

function readStrings(raw: RawVector, view: DataView, length: number): { offsets: Int32Array; bytes: Uint8Array } {
  const offsets = new Int32Array(length + 1)
  let bytes = new Uint8Array(length * 24)
  let end = 0
  for (let row = 0; row < length; row++) {
    const value = stringAt(raw, view, row)
    if (value) {
      if (end + value.length > bytes.length) bytes = grown(bytes, end + value.length)
      bytes.set(value, end)
      end += value.length
    }
    offsets[row + 1] = end
  }
  return { offsets, bytes: bytes.subarray(0, end) }
}

function stringAt(raw: RawVector, view: DataView, row: number): Uint8Array | null {
  const { data } = raw.validity
  if (data && ((data[row >> 6] ?? 0n) & (1n << BigInt(row & 63))) === 0n) return null
  const size = view.getUint32(row * 16, true)
  if (size <= 12) return new Uint8Array(view.buffer, view.byteOffset + row * 16 + 4, size)
  if (raw.getItemBytes) return raw.getItemBytes(row)
  return encoder.encode(raw.getItem(row) as string)
}

function grown(bytes: Uint8Array, atLeast: number): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(Math.max(bytes.length * 2, atLeast))
  larger.set(bytes)
  return larger
}
