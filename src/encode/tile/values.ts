/** The values of a tile's features. Each is in the tile once, with the type of its column; a feature names it by its number. */
import type { ColumnBatch, ColumnData, WireType } from '../batch.ts'
import { ByteWriter, bytesOf, columnOf, isSet, numbersOf, valuesOf, wordsOf } from '../bytes.ts'
import { jsonValue } from '../value.ts'
import { BYTES, FIXED_32, FIXED_64, putVarint, putVarint64, tag, VARINT } from './protobuf.ts'

/** Fields of the message Value (4.1). */
const [STRING, FLOAT, DOUBLE, INT, UINT, SINT, BOOL] = [1, 2, 3, 4, 5, 6, 7]
/** The field `values` of the message Layer. */
const VALUES = 4
const NONE = -1

/** Returns the number of the row's value. -1 if it has none. */
export type TileValue = (row: number) => number

export class ValueTable {
  /** The values as fields of the message Layer. */
  readonly out = new ByteWriter()
  private readonly known = new Map<string | number, number>()
  private readonly doubles = new Map<number, number>()
  private readonly floats = new Map<number, number>()
  private readonly text = new ByteWriter(256)
  private count = 0

  clear(): void {
    this.out.length = 0
    this.count = 0
    for (const values of [this.known, this.doubles, this.floats]) values.clear()
  }

  /** Returns the values of a column. */
  of(batch: ColumnBatch, index: number, wire: WireType): TileValue {
    const data = columnOf(batch, index)
    const value = this.present(batch, data, index, wire)
    const { validity } = data
    return validity === null ? value : (row) => (isSet(validity, row) ? value(row) : NONE)
  }

  private present(batch: ColumnBatch, data: ColumnData, index: number, wire: WireType): TileValue {
    switch (wire.kind) {
      case 'bool': {
        const values = numbersOf(data)
        return (row) => this.boolean(values[row] !== 0)
      }
      case 'int': {
        if (wire.bits === 64) return this.wide(data, wire.signed)
        const values = numbersOf(data)
        return (row) => this.integer(values[row]!)
      }
      case 'float': {
        const values = valuesOf(data) as Float32Array | Float64Array
        return wire.bits === 32 ? (row) => this.float(values[row]!) : (row) => this.double(values[row]!)
      }
      case 'utf8':
      case 'json':
        return this.texts(data)
      case 'decimal': {
        const text = bytesOf(data)
        if (wire.quoted) return this.texts(data)
        return (row) => this.double(Number(latin1(text.bytes, text.offsets[row]!, text.offsets[row + 1]!)))
      }
      default: {
        // Dates, times and bytes are the texts that they are in JSON, without its quotes.
        const write = jsonValue(index, wire)(batch, this.text)
        return (row) => {
          this.text.length = 0
          write(row)
          const json = this.text.written()
          return json[0] === 0x22 ? this.string(json, 1, json.length - 1) : NONE
        }
      }
    }
  }

  private texts(data: ColumnData): TileValue {
    const { bytes, offsets } = bytesOf(data)
    return (row) => this.string(bytes, offsets[row]!, offsets[row + 1]!)
  }

  /** Numbers beyond 2^53 are compared as text, and the others as numbers. */
  private wide(data: ColumnData, signed: boolean): TileValue {
    const words = wordsOf(data)
    const values = valuesOf(data) as BigInt64Array | BigUint64Array
    return (row) => {
      const high = signed ? words[2 * row + 1]! : words[2 * row + 1]! >>> 0
      if (high >= -0x200000 && high < 0x200000) return this.integer(high * 2 ** 32 + (words[2 * row]! >>> 0))
      // In zigzag form, readers in JavaScript would lose the sign of so large a number.
      const field = high < 0 ? INT! : UINT!
      return this.add(`i${values[row]}`, () => this.varint(field, words[2 * row]!, high))
    }
  }

  private boolean(value: boolean): number {
    return this.add(value ? 'true' : 'false', () => this.varint(BOOL!, Number(value), 0))
  }

  private integer(value: number): number {
    const found = this.known.get(value)
    if (found !== undefined) return found
    const bits = value < 0 ? -2 * value - 1 : value
    return this.add(value, () => this.varint(value < 0 ? SINT! : UINT!, bits % 2 ** 32, Math.floor(bits / 2 ** 32)))
  }

  private varint(field: number, low: number, high: number): void {
    const { out } = this
    const at = out.length
    putVarint(out, tag(field, VARINT!))
    putVarint64(out, low, high)
    this.wrap(at)
  }

  private double(value: number): number {
    if (!Number.isFinite(value)) return NONE
    const found = this.doubles.get(value)
    if (found !== undefined) return found
    this.doubles.set(value, this.count)
    this.fixed(DOUBLE!, FIXED_64!, 8, () => this.out.view.setFloat64(this.out.length, value, true))
    return this.count++
  }

  private float(value: number): number {
    if (!Number.isFinite(value)) return NONE
    const found = this.floats.get(value)
    if (found !== undefined) return found
    this.floats.set(value, this.count)
    this.fixed(FLOAT!, FIXED_32!, 4, () => this.out.view.setFloat32(this.out.length, value, true))
    return this.count++
  }

  private fixed(field: number, wire: number, bytes: number, put: () => void): void {
    const { out } = this
    const at = out.length
    putVarint(out, tag(field, wire))
    out.reserve(bytes)
    put()
    out.length += bytes
    this.wrap(at)
  }

  private string(bytes: Uint8Array, from: number, to: number): number {
    return this.add(`s${latin1(bytes, from, to)}`, () => {
      const { out } = this
      const at = out.length
      putVarint(out, tag(STRING!, BYTES!))
      putVarint(out, to - from)
      out.append(bytes, from, to)
      this.wrap(at)
    })
  }

  private add(key: string | number, write: () => void): number {
    const found = this.known.get(key)
    if (found !== undefined) return found
    this.known.set(key, this.count)
    write()
    return this.count++
  }

  /** Makes a field of the message Layer of the message Value that begins at `at`. */
  private wrap(at: number): void {
    const { out } = this
    const size = out.length - at
    putVarint(out, tag(VALUES, BYTES!))
    putVarint(out, size)
    const head = out.length - at - size
    const written = out.written()
    const kept = written.slice(at + size, at + size + head)
    written.copyWithin(at + head, at, at + size)
    written.set(kept, at)
  }
}

function latin1(bytes: Uint8Array, from: number, to: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString('latin1')
}
