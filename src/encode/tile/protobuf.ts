/** Writes the parts of a protobuf message that a vector tile has. */
import type { ByteWriter } from '../bytes.ts'

/** Wire types. */
export const [VARINT, FIXED_64, BYTES, FIXED_32] = [0, 1, 2, 5]
const LONGEST_VARINT = 10
const WORD = 2 ** 32

export function tag(field: number, wire: number): number {
  return 8 * field + wire
}

/** @param value a whole number from 0 to 2^53 */
export function putVarint(out: ByteWriter, value: number): void {
  out.reserve(LONGEST_VARINT)
  const { view } = out
  let at = out.length
  let left = value
  for (; left >= WORD / 2; left = Math.floor(left / 128)) view.setUint8(at++, (left % 128) | 128)
  let word = left | 0
  for (; word >= 128; word >>>= 7) view.setUint8(at++, (word & 127) | 128)
  view.setUint8(at++, word)
  out.length = at
}

/** Writes a number of 64 bits without a sign. */
export function putVarint64(out: ByteWriter, low: number, high: number): void {
  out.reserve(LONGEST_VARINT)
  let [lower, upper] = [low >>> 0, high >>> 0]
  while (upper > 0 || lower >= 128) {
    out.view.setUint8(out.length++, (lower & 127) | 128)
    lower = ((lower >>> 7) | (upper << 25)) >>> 0
    upper >>>= 7
  }
  out.view.setUint8(out.length++, lower)
}

export function varintSize(value: number): number {
  let size = 1
  for (let left = value; left >= 128; left = Math.floor(left / 128)) size++
  return size
}

/** The bytes of a list of numbers of 32 bits without a sign. */
export function packedSize(integers: Uint32Array, length: number): number {
  let size = length
  for (let i = 0; i < length; i++) {
    const value = integers[i]!
    if (value >= 128) size += value < 16_384 ? 1 : value < 2_097_152 ? 2 : value < 268_435_456 ? 3 : 4
  }
  return size
}

export function putPacked(out: ByteWriter, integers: Uint32Array, length: number): void {
  out.reserve(5 * length)
  const { view } = out
  let at = out.length
  for (let i = 0; i < length; i++) {
    let value = integers[i]!
    for (; value >= 128; value >>>= 7) view.setUint8(at++, (value & 127) | 128)
    view.setUint8(at++, value)
  }
  out.length = at
}

export function putBytes(out: ByteWriter, field: number, bytes: Uint8Array): void {
  putVarint(out, tag(field, BYTES))
  putVarint(out, bytes.length)
  out.append(bytes, 0, bytes.length)
}
