/** Makes the buffers of a record batch, which form the body of an Arrow message. */
import type { ColumnData, WireType } from './batch.ts'
import { type BytesColumn, bytesOf, CHAR, countUnset, isSet, numbersOf, packBits, sliceBits, valuesOf } from './bytes.ts'

export interface ArrowArray {
  readonly length: number
  readonly nullCount: number
  /** In the order of the columnar format: validity (empty when nothing is null), then offsets if there are any, then data. */
  readonly buffers: readonly Uint8Array[]
}

/**
 * Returns rows [from, to) of a column in Arrow's layout. It uses views of the engine's buffers if possible; a bitmap begins at
 * bit 0.
 */
export function arrowArray(data: ColumnData, wire: WireType, from: number, to: number): ArrowArray {
  const { nullCount, validity } = nullsOf(data, from, to)
  return { length: to - from, nullCount, buffers: [validity, ...valueBuffers(data, wire, from, to)] }
}

/** Returns the nulls of rows [from, to) as a bitmap that begins at bit 0. It is empty if nothing is null. */
export function nullsOf({ validity }: ColumnData, from: number, to: number): { nullCount: number; validity: Uint8Array } {
  if (validity === null) return { nullCount: 0, validity: EMPTY }
  const sliced = sliceBits(validity, from, to)
  const nullCount = countUnset(sliced, to - from)
  return { nullCount, validity: nullCount === 0 ? EMPTY : sliced }
}

const EMPTY = new Uint8Array(0)

function valueBuffers(data: ColumnData, wire: WireType, from: number, to: number): Uint8Array[] {
  switch (wire.kind) {
    case 'bool':
      return [packBits(asBytes(numbersOf(data)), from, to)]
    case 'int':
    case 'float':
    case 'date':
    case 'timestamp':
      return [asBytes(valuesOf(data).subarray(from, to))]
    case 'decimal':
      return [decimals128(bytesOf(data), from, to)]
    case 'utf8':
    case 'json':
    case 'binary':
    case 'wkb': {
      const { bytes, offsets } = bytesOf(data)
      return [asBytes(rebased(offsets, from, to)), bytes.subarray(offsets[from], offsets[to])]
    }
  }
}

function asBytes(values: ArrayBufferView): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
}

/** Returns offsets that begin at 0. */
function rebased(offsets: Int32Array, from: number, to: number): Int32Array {
  const first = offsets[from]!
  const part = offsets.subarray(from, to + 1)
  return first === 0 ? part : part.map((offset) => offset - first)
}

/** Decimal digits that a double holds exactly. */
const EXACT_DIGITS = 15

/**
 * Converts the text of decimals to Arrow's decimal128: the digits as one signed integer of 16 bytes, little endian. All
 * decimals have the same number of digits after the point. 38 digits fit. Nulls are 0.
 */
function decimals128({ validity, bytes, offsets }: BytesColumn, from: number, to: number): Uint8Array {
  const values = new Uint8Array(16 * (to - from))
  const view = new DataView(values.buffer)
  for (let row = from; row < to; row++) {
    if (validity === null || isSet(validity, row)) putDecimal(view, 16 * (row - from), bytes, offsets[row]!, offsets[row + 1]!)
  }
  return values
}

function putDecimal(view: DataView, at: number, bytes: Uint8Array, from: number, to: number): void {
  if (to - from <= EXACT_DIGITS) putNarrow(view, at, bytes, from, to)
  else putWide(view, at, Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString('latin1'))
}

function putNarrow(view: DataView, at: number, bytes: Uint8Array, from: number, to: number): void {
  let value = 0
  for (let i = from; i < to; i++) {
    const byte = bytes[i]!
    if (byte >= CHAR.ZERO) value = 10 * value + byte - CHAR.ZERO
  }
  if (bytes[from] === CHAR.MINUS) value = -value
  const high = Math.floor(value / 2 ** 32)
  view.setInt32(at, value - high * 2 ** 32, true)
  view.setInt32(at + 4, high, true)
  if (value < 0) view.setBigInt64(at + 8, -1n, true)
}

function putWide(view: DataView, at: number, text: string): void {
  const value = BigInt(text.replace('.', ''))
  view.setBigUint64(at, BigInt.asUintN(64, value), true)
  view.setBigInt64(at + 8, value >> 64n, true)
}
