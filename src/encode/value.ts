/** Writes the values of a column in JSON. The wire type of the column selects the writer once. */
import type { ColumnBatch, ColumnData, Encoder, WireType } from './batch.ts'
import { type ByteWriter, bytesOf, CHAR, columnOf, doublesOf, isSet, literal, numbersOf, wordsOf } from './bytes.ts'
import { PER_SECOND, writeDate, writeTimestamp } from './iso8601.ts'
import { DoubleText, NULL, putPair, writeDecimal, writeFloat, writeInt64, writeInteger } from './number.ts'

/** Writes the value of one row, present or not. */
export type RowWriter = (row: number) => void

/** A way to write some member of every feature: it finds its buffers once per batch and then writes row by row. */
export type ValueWriter = (batch: ColumnBatch, out: ByteWriter) => RowWriter

const TRUE = literal('true')
const FALSE = literal('false')

/** Writes a column's values as JSON, and null if a value is missing. */
export function jsonValue(index: number, wire: WireType): ValueWriter {
  return (batch, out) => {
    const data = columnOf(batch, index)
    return orNull(data.validity, out, presentValue(data, out, wire))
  }
}

const utf8 = new TextDecoder()

/** Writes a column of texts as JSON, with other texts for its values. */
export function labelValue(index: number, labels: ReadonlyMap<string, string>): ValueWriter {
  const literals = new Map([...labels].map(([value, text]) => [value, literal(JSON.stringify(text))]))
  return (batch, out) => {
    const data = columnOf(batch, index)
    const { bytes, offsets } = bytesOf(data)
    return orNull(data.validity, out, (row) => {
      const label = literals.get(utf8.decode(bytes.subarray(offsets[row], offsets[row + 1])))
      if (!label) throw new TypeError('a value of the column is not among its labels')
      out.literal(label)
    })
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

/** Writes a column's values as JSON where they are present. */
export function presentValue(data: ColumnData, out: ByteWriter, wire: WireType): RowWriter {
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

/** Text before, between and after the values of a batch. */
export interface FixedFrame {
  readonly opening: string
  readonly between: string
  readonly closing: string
}

/** The end may depend on the rows. */
type Frame = Omit<FixedFrame, 'closing'> & { readonly closing: string | ((out: ByteWriter) => void) }

/**
 * Creates an encoder of one JSON value per row, in a frame. It writes every batch into `out`, from its beginning. If a row
 * cannot be written, it throws EncodingError and returns nothing.
 */
export function textEncoder({ opening, between, closing }: Frame, value: ValueWriter, out: ByteWriter): Encoder {
  const open = literal(opening)
  const separator = literal(between)
  const close = typeof closing === 'string' ? literal(closing) : null
  return (batch, from, to) => {
    out.length = 0
    out.literal(open)
    const write = value(batch, out)
    let row = from
    try {
      for (; row < to; row++) {
        if (row > from) out.literal(separator)
        write(row)
      }
    } catch (cause) {
      throw new EncodingError(row, cause)
    }
    if (close) out.literal(close)
    else if (typeof closing === 'function') closing(out)
    return out.written()
  }
}

/** The error for a value that cannot be written. The row is never silently left out. It is for the log and holds no values. */
export class EncodingError extends Error {
  override readonly name = 'EncodingError'
  /** The index of the row in the encoder's batch, from 0. */
  readonly row: number

  constructor(row: number, cause: unknown) {
    super(`row ${row} of the batch: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
    this.row = row
  }
}

const LETTERS: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '\b': 'b',
  '\t': 't',
  '\n': 'n',
  '\f': 'f',
  '\r': 'r',
}
const CONTROL = 0x75

/**
 * The character after the backslash for each byte that JSON escapes: its letter, or `u` if it has none. 0 for all other bytes.
 */
const ESCAPES = new Uint8Array(256).fill(CONTROL, 0, 0x20)
for (const [character, letter] of Object.entries(LETTERS)) ESCAPES[character.charCodeAt(0)] = letter.charCodeAt(0)
const LONGEST_ESCAPE = 6

/**
 * Writes UTF-8 text as a JSON string. It copies four bytes at a time while none needs an escape. The engine returns no invalid
 * UTF-8.
 */
function writeJsonString(out: ByteWriter, source: DataView, from: number, to: number): void {
  out.reserve(to - from + 2)
  const { view } = out
  let at = out.length
  view.setUint8(at++, CHAR.QUOTE)
  let i = from
  for (; i + 4 <= to; i += 4) {
    const word = source.getInt32(i, true)
    if (wantsEscape(word)) break
    view.setInt32(at, word, true)
    at += 4
  }
  for (; i < to; i++) {
    const byte = source.getUint8(i)
    if (ESCAPES[byte] !== 0) break
    view.setUint8(at++, byte)
  }
  out.length = at
  if (i < to) writeEscaped(out, source, i, to)
  out.byte(CHAR.QUOTE)
}

/**
 * Returns true if one of four bytes is below 0x20, a quote or a backslash. Each difference borrows into the top bit of such a
 * byte.
 */
function wantsEscape(word: number): boolean {
  const control = word - 0x20202020
  const quote = (word ^ 0x22222222) - 0x01010101
  const backslash = (word ^ 0x5c5c5c5c) - 0x01010101
  return ((control | quote | backslash) & ~word & 0x80808080) !== 0
}

/** Writes the rest of a string from its first byte that needs an escape. */
function writeEscaped(out: ByteWriter, source: DataView, from: number, to: number): void {
  out.reserve(LONGEST_ESCAPE * (to - from))
  for (let i = from; i < to; i++) {
    const byte = source.getUint8(i)
    const letter = ESCAPES[byte]!
    if (letter === 0) {
      out.byte(byte)
      continue
    }
    out.byte(CHAR.BACKSLASH)
    out.byte(letter)
    if (letter === CONTROL) writeControl(out, byte)
  }
}

/** 00XX: only control characters without their own letter get here, and their second digit is hexadecimal. */
function writeControl(out: ByteWriter, byte: number): void {
  out.length = putPair(out.view, out.length, 0)
  out.byte(CHAR.ZERO + (byte >> 4))
  out.byte('0123456789abcdef'.charCodeAt(byte & 15))
}

/** Bytes as a JSON string of base64. */
function writeBase64(out: ByteWriter, bytes: Uint8Array, from: number, to: number): void {
  out.byte(CHAR.QUOTE)
  out.ascii(Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString('base64'))
  out.byte(CHAR.QUOTE)
}
