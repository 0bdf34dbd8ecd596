/** Columns from plain values, in buffers as difficult as the engine's may be. */
import type { ColumnBatch, ColumnData, FixedValues, WireColumn, WireType } from '../../../src/encode/batch.ts'

/** boolean, number (int up to 32 bits, float, date), bigint (int 64, timestamp), string (utf8, json, decimal), Uint8Array; null. */
export type Value = boolean | number | bigint | string | Uint8Array | null

export interface Column extends WireColumn {
  readonly values: readonly Value[]
}

/** Rows [from, to) of the columns. Nulls have rubbish where their value would be, offsets do not begin at 0, bytes are not aligned. */
export function toBatch(columns: readonly Column[], from: number, to: number): ColumnBatch {
  return { length: to - from, columns: columns.map(({ wire, values }) => toData(wire, values.slice(from, to))) }
}

function toData(wire: WireType, values: readonly Value[]): ColumnData {
  const validity = values.includes(null) ? bitmap(values.map((value) => value !== null)) : null
  switch (wire.kind) {
    case 'utf8':
    case 'json':
    case 'decimal':
    case 'binary':
    case 'wkb':
      return { validity, ...variable(values) }
    default:
      return { validity, values: fixed(wire, values) }
  }
}

function bitmap(present: readonly boolean[]): Uint8Array {
  const bits = new Uint8Array(Math.ceil(present.length / 8)).fill(0xff)
  for (const [i, is] of present.entries()) if (!is) bits[i >> 3]! &= ~(1 << (i & 7))
  return bits
}

const RUBBISH = Buffer.from('"\\\u0000! nothing of a value')

function variable(values: readonly Value[]): { offsets: Int32Array; bytes: Uint8Array } {
  const texts = values.map((value) => (value === null ? RUBBISH : Buffer.from(value as string)))
  const whole = Buffer.concat([RUBBISH.subarray(0, 3), ...texts])
  const bytes = new Uint8Array(new ArrayBuffer(whole.length + 1), 1)
  bytes.set(whole)
  const offsets = new Int32Array(values.length + 1).fill(3)
  for (const [i, text] of texts.entries()) offsets[i + 1] = offsets[i]! + text.length
  return { offsets, bytes }
}

function fixed(wire: WireType, values: readonly Value[]): FixedValues {
  const numbers = values.map((value) => Number(value ?? 77))
  const wide = values.map((value) => (typeof value === 'bigint' ? value : -77n))
  switch (wire.kind) {
    case 'bool':
      return Uint8Array.from(numbers, (n) => (n === 0 ? 0 : 1))
    case 'date':
      return Int32Array.from(numbers)
    case 'timestamp':
      return BigInt64Array.from(wide)
    case 'float':
      return wire.bits === 32 ? Float32Array.from(numbers) : Float64Array.from(numbers)
    case 'int':
      if (wire.bits === 64) return wire.signed ? BigInt64Array.from(wide) : BigUint64Array.from(wide)
      return INTEGERS[wire.bits][wire.signed ? 1 : 0].from(numbers)
    default:
      throw new TypeError(wire.kind)
  }
}

const INTEGERS = {
  8: [Uint8Array, Int8Array],
  16: [Uint16Array, Int16Array],
  32: [Uint32Array, Int32Array],
} as const
