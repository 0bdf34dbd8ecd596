/** Chunks of the engine cut and joined to batches. */
import type { ColumnBatch, ColumnData, FixedValues } from './batch.ts'
import { bytesOf, columnOf, copyBits, setBits, valuesOf } from './bytes.ts'

/** Rows [from, to) of a batch. */
export interface Slice {
  readonly batch: ColumnBatch
  readonly from: number
  readonly to: number
}

/** `bytes` of any content, aligned for every number. */
type Allocate = (bytes: number) => Uint8Array<ArrayBuffer>

/**
 * Joins the rows of at least one slice, in order, to one batch with new buffers. A single slice of a whole batch is returned
 * unchanged.
 *
 * @param allocate makes all buffers except bitmaps, which must begin as zeros
 */
export function concatenate(slices: readonly Slice[], allocate: Allocate = (bytes) => new Uint8Array(bytes)): ColumnBatch {
  const [first] = slices
  if (first === undefined) throw new TypeError('nothing to concatenate')
  if (slices.length === 1 && first.from === 0 && first.to === first.batch.length) return first.batch
  const length = slices.reduce((sum, { from, to }) => sum + to - from, 0)
  return { length, columns: first.batch.columns.map((_, index) => joinColumn(slices, index, length, allocate)) }
}

interface Part {
  readonly data: ColumnData
  readonly from: number
  readonly to: number
}

function joinColumn(slices: readonly Slice[], index: number, length: number, allocate: Allocate): ColumnData {
  const parts = slices.map(({ batch, from, to }) => ({ data: columnOf(batch, index), from, to }))
  const validity = joinValidity(parts, length)
  return parts.every(({ data }) => 'offsets' in data)
    ? { validity, ...joinBytes(parts, length, allocate) }
    : { validity, values: joinValues(parts, length, allocate) }
}

function joinValidity(parts: readonly Part[], length: number): Uint8Array | null {
  if (parts.every(({ data }) => data.validity === null)) return null
  const joined = new Uint8Array((length + 7) >> 3)
  let at = 0
  for (const { data, from, to } of parts) {
    if (data.validity === null) setBits(joined, at, to - from)
    else copyBits(joined, at, data.validity, from, to - from)
    at += to - from
  }
  return joined
}

function joinValues(parts: readonly Part[], length: number, allocate: Allocate): FixedValues {
  const arrays = parts.map(({ data, from, to }) => valuesOf(data).subarray(from, to))
  const first = arrays[0] as FixedValues
  const First = first.constructor as new (buffer: ArrayBuffer, from: number, length: number) => FixedValues
  const bytes = allocate(length * first.BYTES_PER_ELEMENT)
  let at = 0
  for (const array of arrays) {
    bytes.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength), at)
    at += array.byteLength
  }
  return new First(bytes.buffer, bytes.byteOffset, length)
}

function joinBytes(parts: readonly Part[], length: number, allocate: Allocate): { offsets: Int32Array; bytes: Uint8Array } {
  const ranges = parts.map(({ data, from, to }) => {
    const column = bytesOf(data)
    return { column, from, to, start: column.offsets[from]!, end: column.offsets[to]! }
  })
  const places = allocate(4 * (length + 1))
  const offsets = new Int32Array(places.buffer, places.byteOffset, length + 1)
  const bytes = allocate(ranges.reduce((sum, { start, end }) => sum + end - start, 0))
  let row = 0
  let at = 0
  for (const { column, from, to, start, end } of ranges) {
    for (let i = from; i < to; i++) offsets[row++] = column.offsets[i]! - start + at
    bytes.set(column.bytes.subarray(start, end), at)
    at += end - start
  }
  offsets[length] = at
  return { offsets, bytes }
}

/**
 * Returns how many rows from `from` on stay within both `maxRows` and `maxBytes` of column data (values, offsets and texts, not
 * bitmaps): at least one while there is one, however large it is. Binary search over the offsets.
 */
export function rowsWithin(batch: ColumnBatch, from: number, maxRows: number, maxBytes: number): number {
  let low = Math.min(1, batch.length - from)
  let high = Math.max(low, Math.min(maxRows, batch.length - from))
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if (bytesIn(batch, from, from + middle) <= maxBytes) low = middle
    else high = middle - 1
  }
  return low
}

/** Bytes of column data (values, offsets and texts, not bitmaps) of rows [from, to). */
export function bytesIn(batch: ColumnBatch, from: number, to: number): number {
  let bytes = 0
  for (const data of batch.columns) {
    if ('offsets' in data) bytes += 4 * (to - from) + data.offsets[to]! - data.offsets[from]!
    else bytes += data.values.BYTES_PER_ELEMENT * (to - from)
  }
  return bytes
}
