/** How the values of a column are written in JSON, chosen once by the column's wire type. */
import type { ColumnBatch, ColumnData, WireType } from './batch.ts'
import { isSet } from './bitmap.ts'
import { type ByteWriter, literal } from './bytes.ts'
import { bytesOf, columnOf, doublesOf, numbersOf, wordsOf } from './column.ts'
import { PER_SECOND, writeDate, writeTimestamp } from './iso8601.ts'
import { writeBase64, writeJsonString } from './json-string.ts'
import { DoubleText, NULL, writeDecimal, writeFloat, writeInt64, writeInteger } from './number.ts'

/** Writes the value of one row, present or not. */
export type RowWriter = (row: number) => void

/** A way to write some member of every feature: it looks its buffers up once a batch and then goes row by row. */
export type ValueWriter = (batch: ColumnBatch, out: ByteWriter) => RowWriter

const TRUE = literal('true')
const FALSE = literal('false')

/** JSON of a column's values; null where there is none. */
export function jsonValue(index: number, wire: WireType): ValueWriter {
  return (batch, out) => {
    const data = columnOf(batch, index)
    return orNull(data.validity, out, presentValue(data, out, wire))
  }
}

export function orNull(validity: Uint8Array | null, out: ByteWriter, write: RowWriter): RowWriter {
  if (validity === null) return write
  return (row) => {
    if (isSet(validity, row)) write(row)
    else out.literal(NULL)
  }
}

export function orNothing(validity: Uint8Array | null, write: RowWriter): RowWriter {
  if (validity === null) return write
  return (row) => {
    if (isSet(validity, row)) write(row)
  }
}

function presentValue(data: ColumnData, out: ByteWriter, wire: WireType): RowWriter {
  switch (wire.kind) {
    case 'bool':
      return boolean(data, out)
    case 'int':
      return wire.bits === 64 ? wideInteger(data, out, wire.signed) : integer(data, out)
    case 'float':
      return wire.bits === 64 ? double(data, out) : float(data, out)
    case 'date':
      return date(data, out)
    case 'timestamp':
      return timestamp(data, out, PER_SECOND[wire.unit], wire.utc)
    case 'utf8':
      return string(data, out)
    case 'json':
      return bytes(data, out, (to, source, from, end) => to.append(source, from, end))
    case 'decimal':
      return bytes(data, out, wire.quoted ? writeQuotedDecimal : writeDecimal)
    case 'binary':
    case 'wkb':
      return bytes(data, out, writeBase64)
  }
}

function boolean(data: ColumnData, out: ByteWriter): RowWriter {
  const values = numbersOf(data)
  return (row) => out.literal(values[row] === 0 ? FALSE : TRUE)
}

function integer(data: ColumnData, out: ByteWriter): RowWriter {
  const values = numbersOf(data)
  return (row) => writeInteger(out, values[row]!)
}

function wideInteger(data: ColumnData, out: ByteWriter, signed: boolean): RowWriter {
  const words = wordsOf(data)
  return (row) => writeInt64(out, words[2 * row]!, words[2 * row + 1]!, signed)
}

function double(data: ColumnData, out: ByteWriter): RowWriter {
  const values = doublesOf(data)
  const text = new DoubleText()
  return (row) => text.write(out, values, row)
}

function float(data: ColumnData, out: ByteWriter): RowWriter {
  const values = numbersOf(data)
  return (row) => writeFloat(out, values[row]!)
}

function date(data: ColumnData, out: ByteWriter): RowWriter {
  const values = numbersOf(data)
  return (row) => writeDate(out, values[row]!)
}

function timestamp(data: ColumnData, out: ByteWriter, perSecond: number, utc: boolean): RowWriter {
  const words = wordsOf(data)
  return (row) => writeTimestamp(out, words[2 * row]!, words[2 * row + 1]!, perSecond, utc)
}

function string(data: ColumnData, out: ByteWriter): RowWriter {
  const { bytes, offsets } = bytesOf(data)
  const source = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return (row) => writeJsonString(out, source, offsets[row]!, offsets[row + 1]!)
}

type WriteBytes = (out: ByteWriter, bytes: Uint8Array, from: number, to: number) => void

function bytes(data: ColumnData, out: ByteWriter, write: WriteBytes): RowWriter {
  const column = bytesOf(data)
  return (row) => write(out, column.bytes, column.offsets[row]!, column.offsets[row + 1]!)
}

function writeQuotedDecimal(out: ByteWriter, source: Uint8Array, from: number, to: number): void {
  out.ascii('"')
  writeDecimal(out, source, from, to)
  out.ascii('"')
}
