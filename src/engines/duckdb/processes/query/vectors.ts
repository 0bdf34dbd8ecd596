/**
 * A chunk as columns in Arrow's layout, the plain way: through node-api's vectors. Fixed widths cost nothing (views over the vector's
 * memory), strings and blobs one copy each, and a native call (0.6 us and more) for those longer than 12 bytes.
 * The views hold as long as the chunk is referenced.
 */
import type { DuckDBDataChunk, DuckDBVector } from '@duckdb/node-api'
import type { ColumnBatch, ColumnData, FixedValues, WireColumn } from '../../../../encode/batch.ts'

/** node-api keeps the raw memory in private fields; these are the ones read here, pinned by its version and the tests. */
interface RawVector {
  readonly validity: { readonly data: BigUint64Array | null; readonly offset: number }
  readonly items?: FixedValues
  readonly dataView?: DataView
  getItemBytes?(row: number): Uint8Array | null
  getItem(row: number): unknown
}

const encoder = new TextEncoder()

/** `columns` describe the chunk's first columns, in order. */
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
  // A boolean vector is a byte a value; strings and blobs are DuckDB's 16-byte string_t.
  if (byteLength < length * 16) return { validity, values: new Uint8Array(buffer, byteOffset, length) }
  return { validity, ...readStrings(raw, raw.dataView, length) }
}

/** DuckDB's validity words are Arrow's bitmap already: least significant bit first, 1 = present. */
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
