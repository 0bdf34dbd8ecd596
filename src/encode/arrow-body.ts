/** The buffers of a record batch, of which an Arrow message's body is made. */
import type { ColumnData, WireType } from './batch.ts'
import { countUnset, packBits, sliceBits } from './bitmap.ts'
import { bytesOf, numbersOf, valuesOf } from './column.ts'
import { decimals128 } from './decimal128.ts'

export interface ArrowArray {
  readonly length: number
  readonly nullCount: number
  /** In the order of the columnar format: validity (empty when nothing is null), then offsets if there are any, then data. */
  readonly buffers: readonly Uint8Array[]
}

/** Rows [from, to) of a column as Arrow wants them: views where the engine's buffers will do, and a bitmap that begins at bit 0. */
export function arrowArray(data: ColumnData, wire: WireType, from: number, to: number): ArrowArray {
  const { nullCount, validity } = nullsOf(data, from, to)
  return { length: to - from, nullCount, buffers: [validity, ...valueBuffers(data, wire, from, to)] }
}

/** Of rows [from, to): a bitmap that begins at bit 0, empty when nothing is null. */
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

/** Offsets that begin at 0. */
function rebased(offsets: Int32Array, from: number, to: number): Int32Array {
  const first = offsets[from]!
  const part = offsets.subarray(from, to + 1)
  return first === 0 ? part : part.map((offset) => offset - first)
}
