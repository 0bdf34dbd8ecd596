/** Typed access to a column's buffers; a column whose buffers are not those of its wire type is a defect of whoever filled it. */
import type { ColumnBatch, ColumnData, FixedValues } from './batch.ts'

export type BytesColumn = Extract<ColumnData, { offsets: Int32Array }>

export function columnOf(batch: ColumnBatch, index: number): ColumnData {
  const data = batch.columns[index]
  if (data === undefined) throw new TypeError(`the batch has no column ${index}`)
  return data
}

export function bytesOf(data: ColumnData): BytesColumn {
  if (!('offsets' in data)) throw new TypeError('a column of texts holds values of a fixed width')
  return data
}

export function valuesOf(data: ColumnData): FixedValues {
  if (!('values' in data)) throw new TypeError('a column of fixed width holds texts')
  return data.values
}

/** Values up to 32 bits, floats too. */
export function numbersOf(data: ColumnData): Exclude<FixedValues, BigInt64Array | BigUint64Array> {
  const values = valuesOf(data)
  if (values instanceof BigInt64Array || values instanceof BigUint64Array)
    throw new TypeError('a narrow column holds 64-bit values')
  return values
}

export function doublesOf(data: ColumnData): Float64Array {
  const values = valuesOf(data)
  if (!(values instanceof Float64Array)) throw new TypeError('a column of doubles holds other values')
  return values
}

/** 64-bit values as pairs of words, the low one first: reading a BigInt would cost an allocation a value. */
export function wordsOf(data: ColumnData): Int32Array {
  const values = valuesOf(data)
  if (!(values instanceof BigInt64Array || values instanceof BigUint64Array))
    throw new TypeError('a 64-bit column holds narrow values')
  return new Int32Array(values.buffer, values.byteOffset, 2 * values.length)
}
