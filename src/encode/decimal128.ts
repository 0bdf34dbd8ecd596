import { isSet } from './bitmap.ts'
import { CHAR } from './bytes.ts'
import type { BytesColumn } from './column.ts'

/** Digits that a double adds up without loss. */
const EXACT_DIGITS = 15

/**
 * Arrow's decimal128 from the text of decimals that all have the same number of digits behind the point: the digits as one signed
 * integer, 16 bytes, little endian. 38 digits fit. Nulls are 0.
 */
export function decimals128({ validity, bytes, offsets }: BytesColumn, from: number, to: number): Uint8Array {
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
