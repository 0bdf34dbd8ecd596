import type { ColumnBatch, ColumnData, FixedValues } from './batch.ts'

/** Writes text as UTF-8 bytes, so that no JavaScript string of a feature ever exists. */

/** ASCII codes that the writers write one by one. */
export const CHAR = {
  QUOTE: 0x22,
  PLUS: 0x2b,
  COMMA: 0x2c,
  MINUS: 0x2d,
  POINT: 0x2e,
  ZERO: 0x30,
  COLON: 0x3a,
  OPEN: 0x5b,
  BACKSLASH: 0x5c,
  CLOSE: 0x5d,
  CLOSE_OBJECT: 0x7d,
  SPACE: 0x20,
  NEWLINE: 0x0a,
  RETURN: 0x0d,
  OPEN_PAREN: 0x28,
  CLOSE_PAREN: 0x29,
  T: 0x54,
  Z: 0x5a,
} as const

/**
 * Fixed text in words of eight bytes, stored as doubles. One store per word costs a third of `Uint8Array.set` for such lengths.
 * Only the bits of a NaN might change when stored, and no UTF-8 text has them. Words are little endian, like every machine that
 * the engine runs on.
 */
export interface Literal {
  readonly words: Float64Array
  readonly length: number
}

const utf8 = new TextEncoder()

export function literal(text: string): Literal {
  const bytes = utf8.encode(text)
  const words = new Float64Array(Math.ceil(bytes.length / 8))
  new Uint8Array(words.buffer).set(bytes)
  return { words, length: bytes.length }
}

/** Bytes that a store may write after the last valid byte, because groups of digits and words of literals are stored whole. */
const OVERRUN = 8

/**
 * A buffer that grows by doubling and is used again for every batch. The `put...` functions of the other files take an offset
 * in `view` and return the next one. They do not check the size, so their callers reserve first.
 */
export class ByteWriter {
  view: DataView<ArrayBuffer>
  length = 0
  private bytes: Uint8Array<ArrayBuffer>

  constructor(capacity = 1 << 16) {
    this.bytes = new Uint8Array(capacity)
    this.view = new DataView(this.bytes.buffer)
  }

  /** Bytes of the buffer, written or not. */
  get capacity(): number {
    return this.bytes.length
  }

  /** Makes room for `size` more bytes. `view` may be a different object afterwards. */
  reserve(size: number): void {
    if (this.length + size + OVERRUN > this.bytes.length) this.grow(this.length + size + OVERRUN)
  }

  private grow(needed: number): void {
    const larger = new Uint8Array(Math.max(needed, 2 * this.bytes.length))
    larger.set(this.bytes.subarray(0, this.length))
    this.bytes = larger
    this.view = new DataView(larger.buffer)
  }

  byte(value: number): void {
    this.reserve(1)
    this.view.setUint8(this.length++, value)
  }

  literal({ words, length }: Literal): void {
    this.reserve(length)
    const { view, length: at } = this
    for (let i = 0; i < words.length; i++) view.setFloat64(at + 8 * i, words[i]!, true)
    this.length = at + length
  }

  ascii(text: string): void {
    for (let i = 0; i < text.length; i++) this.byte(text.charCodeAt(i))
  }

  /** Appends bytes without change. */
  append(source: Uint8Array, from: number, to: number): void {
    this.reserve(to - from)
    this.bytes.set(source.subarray(from, to), this.length)
    this.length += to - from
  }

  /** Replaces every `byte` from `from` on by a blank. */
  blank(byte: number, from: number): void {
    const written = this.written()
    for (let at = written.indexOf(byte, from); at >= 0; at = written.indexOf(byte, at + 1)) written[at] = CHAR.SPACE
  }

  /** Returns a view of the written bytes. The next text overwrites them. */
  written(): Uint8Array<ArrayBuffer> {
    return this.bytes.subarray(0, this.length)
  }
}

/**
 * Typed access to a column's buffers. Buffers that do not fit the wire type are a defect of the code that filled the column.
 */
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

/** Returns values of up to 32 bits, and floats. */
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

/** Returns 64-bit values as pairs of words, the low one first. To read a BigInt would cost an allocation per value. */
export function wordsOf(data: ColumnData): Int32Array {
  const values = valuesOf(data)
  if (!(values instanceof BigInt64Array || values instanceof BigUint64Array))
    throw new TypeError('a 64-bit column holds narrow values')
  return new Int32Array(values.buffer, values.byteOffset, 2 * values.length)
}

/** Arrow's bitmaps: item i is bit i & 7 of byte i >> 3, least significant first. */

export function isSet(bits: Uint8Array, i: number): boolean {
  return ((bits[i >> 3]! >> (i & 7)) & 1) === 1
}

/** Returns bits [from, to) as a bitmap that begins at bit 0. Bits after the last are 0. It copies whole bytes. */
export function sliceBits(bits: Uint8Array, from: number, to: number): Uint8Array {
  const sliced = new Uint8Array((to - from + 7) >> 3)
  const shift = from & 7
  const first = from >> 3
  for (let i = 0; i < sliced.length; i++) {
    const low = bits[first + i]! >> shift
    const high = shift === 0 ? 0 : (bits[first + i + 1] ?? 0) << (8 - shift)
    sliced[i] = low | high
  }
  clearBehind(sliced, to - from)
  return sliced
}

function clearBehind(bits: Uint8Array, length: number): void {
  if ((length & 7) !== 0) bits[length >> 3] = bits[length >> 3]! & ((1 << (length & 7)) - 1)
}

/**
 * Copies `count` bits of `source` from bit `from` on to bit `at` of `target`, whose bits there are 0. It copies one byte per
 * step.
 */
export function copyBits(target: Uint8Array, at: number, source: Uint8Array, from: number, count: number): void {
  const sliced = sliceBits(source, from, from + count)
  const shift = at & 7
  const first = at >> 3
  for (let i = 0; i < sliced.length; i++) {
    const byte = sliced[i]!
    target[first + i] = target[first + i]! | (byte << shift)
    if (shift !== 0 && first + i + 1 < target.length) target[first + i + 1] = byte >> (8 - shift)
  }
}

/** Sets `count` bits from bit `at` on. */
export function setBits(target: Uint8Array, at: number, count: number): void {
  const end = at + count
  for (let i = at; i < end; ) {
    if ((i & 7) === 0 && end - i >= 8) {
      target[i >> 3] = 0xff
      i += 8
    } else {
      target[i >> 3] = target[i >> 3]! | (1 << (i & 7))
      i++
    }
  }
}

/** Packs bytes [from, to), each 0 or 1, into a bitmap. */
export function packBits(values: Uint8Array, from: number, to: number): Uint8Array {
  const packed = new Uint8Array((to - from + 7) >> 3)
  for (let i = from; i < to; i++) {
    const bit = i - from
    packed[bit >> 3] = packed[bit >> 3]! | (values[i]! << (bit & 7))
  }
  return packed
}

/** Returns how many of the first `length` bits are 0. Bits after them must be 0. */
export function countUnset(bits: Uint8Array, length: number): number {
  let set = 0
  for (let i = 0; i < bits.length; i++) {
    for (let byte = bits[i]!; byte !== 0; byte &= byte - 1) set++
  }
  return length - set
}
