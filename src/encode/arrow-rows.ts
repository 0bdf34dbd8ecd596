/** Reads the rows of an Arrow IPC stream, one record batch at a time. A value is as a client would write it in JSON. */
import {
  type Data,
  DataType,
  type Date_,
  DateUnit,
  type Decimal,
  type Field,
  RecordBatchReader,
  type Time,
  type Timestamp,
  TimeUnit,
} from 'apache-arrow'
import { type ErrorCode, GeoduckError } from '../model/errors.ts'
import type { Field as Column } from '../model/layer.ts'
import { show } from '../model/show.ts'

/** Bytes of a record batch, with the messages before it. It is held as a whole. */
const MOST_BATCH_BYTES = 16e6

export interface ArrowRows {
  readonly count: number
  /** About the bytes of one row. */
  readonly rowBytes: number
  read(row: number): ArrowRow | ArrowFailure
}

/** A value that has no form in JSON. */
export interface ArrowFailure {
  readonly code: ErrorCode
  readonly message: string
}

export interface ArrowRow {
  readonly key: string
  /** In hexadecimal. */
  readonly wkb: string | null
  /** The CRS that the geometries of the stream name. */
  readonly crs: string | null
  readonly properties: Readonly<Record<string, unknown>>
}

/** @throws GeoduckError BAD_INPUT if it is no Arrow stream, or lacks a column; LIMIT_EXCEEDED for a large record batch */
export async function* arrowRows(
  next: () => Promise<Uint8Array | null>,
  columns: readonly Column[],
): AsyncGenerator<ArrowRows, void> {
  let bytes = 0
  async function* pieces() {
    for (let piece = await next(); piece; piece = await next()) {
      bytes += piece.length
      if (bytes > MOST_BATCH_BYTES + piece.length)
        throw new GeoduckError(
          'LIMIT_EXCEEDED',
          `A record batch has more than ${MOST_BATCH_BYTES / 1e6} MB; write smaller ones, such as with \`max_chunksize\` of pyarrow's \`write_table\`.`,
        )
      yield piece
    }
  }
  try {
    const reader = await RecordBatchReader.from(pieces())
    if (!reader.isStream()) throw badInput('The body is no Arrow IPC stream')
    for await (const { data, schema } of reader) {
      yield rowsOf(data, schema.fields, bytes, columns)
      bytes = 0
    }
  } catch (error) {
    if (error instanceof GeoduckError) throw error
    throw badInput('The body is no whole Arrow IPC stream')
  }
}

type Reader = (row: number) => unknown

function rowsOf(data: Data, fields: readonly Field[], bytes: number, columns: readonly Column[]): ArrowRows {
  const key = keyField(fields, columns)
  const geometry = fields.find(({ name, type }) => name === 'geometry' && isBinary(type))
  if (!geometry && fields.some(({ name }) => name === 'geometry'))
    throw badInput('The column `geometry` takes WKB: binary values, with or without the extension type `geoarrow.wkb`')
  const others = fields.filter((field) => field !== key && field !== geometry)
  const reader = (field: Field) => readerOf(data.children[fields.indexOf(field)]!, field.name, data.length)
  const [readKey, readWkb] = [reader(key), geometry ? reader(geometry) : () => null]
  const read = others.map((field) => {
    const value = reader(field)
    const isJson = columns.find(({ name }) => name === field.name)?.type.kind === 'json'
    return [field.name, isJson ? (row: number) => jsonOf(value(row), field.name) : value] as const
  })
  const crs = geometry ? crsOf(geometry) : null
  return {
    count: data.length,
    rowBytes: Math.ceil(bytes / Math.max(1, data.length)),
    read: (row) =>
      orFailure(() => {
        const id = readKey(row)
        if (id === null) throw badInput(`\`${key.name}\` is null, and each feature has a key`)
        const wkb = readWkb(row) as Uint8Array | null
        return {
          key: String(id),
          wkb: wkb && Buffer.from(wkb.buffer, wkb.byteOffset, wkb.length).toString('hex'),
          crs,
          properties: Object.fromEntries(read.map(([name, value]) => [name, value(row)])),
        }
      }),
  }
}

function orFailure(read: () => ArrowRow): ArrowRow | ArrowFailure {
  try {
    return read()
  } catch (error) {
    const { code, message } = error instanceof GeoduckError ? error : badInput('A value of the row is damaged')
    return { code, message }
  }
}

/** The column `id`, with underscores before it if the layer has such a column, or `key`. */
function keyField(fields: readonly Field[], columns: readonly Column[]): Field {
  const taken = new Set(columns.map(({ name }) => name))
  let id = 'id'
  while (taken.has(id)) id = `_${id}`
  const field = fields.find(({ name }) => name === id) ?? fields.find(({ name }) => name === 'key' && !taken.has(name))
  if (field && (DataType.isUtf8(field.type) || DataType.isLargeUtf8(field.type) || DataType.isInt(field.type))) return field
  throw badInput(`The stream has no column \`${id}\` of texts or integers, which are the keys of the features`)
}

const isBinary = (type: DataType) => DataType.isBinary(type) || DataType.isLargeBinary(type)

/** A CRS without an authority counts as none: coordinates are in the CRS of the layer. */
function crsOf({ metadata }: Field): string | null {
  const { crs } = JSON.parse(metadata.get('ARROW:extension:metadata') || '{}') as { readonly crs?: unknown }
  if (typeof crs === 'string') return /^\w+:\w+$/.test(crs) ? crs : null
  const { authority, code } = (crs as { readonly id?: { authority?: unknown; code?: unknown } } | null)?.id ?? {}
  return authority === undefined ? null : `${authority}:${code}`
}

function jsonOf(value: unknown, name: string): unknown {
  try {
    return value === null ? null : JSON.parse(String(value))
  } catch {
    throw badInput(`\`properties\`: ${show(name)} takes texts of JSON`)
  }
}

/** Returns a function for the value of each row, or null. It proves first that the buffers have all rows. */
function readerOf(data: Data, name: string, rows: number): Reader {
  const value = valueReader(data, data.type, name)
  const { valueOffsets, nullBitmap } = data
  const offsets: ArrayLike<unknown> | undefined = valueOffsets
  const isWhole =
    data.length >= rows &&
    (offsets ? offsets.length > rows : (data.values as ArrayLike<unknown>).length >= lengthOf(data.type, rows)) &&
    (data.nullCount === 0 || nullBitmap.length * 8 >= rows)
  if (!isWhole) throw badInput(`The column ${show(name)} has fewer values than its record batch`)
  return (row) => (data.nullCount > 0 && !data.getValid(row) ? null : value(row))
}

/** The number of items of the buffer for these rows. */
function lengthOf(type: DataType, rows: number): number {
  if (DataType.isBool(type)) return Math.ceil(rows / 8)
  if (DataType.isDecimal(type)) return (type.bitWidth / 32) * rows
  return DataType.isFixedSizeBinary(type) ? type.byteWidth * rows : rows
}

const UTF_8 = new TextDecoder('utf-8', { fatal: true })

function valueReader(data: Data, type: DataType, name: string): Reader {
  const { values, valueOffsets } = data
  const bytes = (row: number) => (values as Uint8Array).subarray(Number(valueOffsets[row]), Number(valueOffsets[row + 1]))
  if (isBinary(type)) return bytes
  if (DataType.isUtf8(type) || DataType.isLargeUtf8(type)) return (row) => textOf(bytes(row), name)
  if (DataType.isBool(type)) return (row) => (((values as Uint8Array)[row >> 3]! >> (row & 7)) & 1) === 1
  if (DataType.isInt(type)) return (row) => wholeNumber((values as BigInt64Array | Int32Array)[row]!)
  if (DataType.isFloat(type) && type.precision > 0) return (row) => (values as Float64Array)[row]!
  if (DataType.isDecimal(type)) return (row) => decimalOf(values as Uint32Array, row, type)
  if (DataType.isDate(type)) return (row) => dateOf((values as Int32Array | BigInt64Array)[row]!, type)
  if (DataType.isTimestamp(type)) return (row) => momentOf((values as BigInt64Array)[row]!, type)
  if (DataType.isTime(type)) return (row) => momentOf(BigInt((values as Int32Array | BigInt64Array)[row]!), type).slice(11)
  if (DataType.isFixedSizeBinary(type) && type.byteWidth === 16)
    return (row) => uuidOf((values as Uint8Array).subarray(16 * row, 16 * (row + 1)))
  if (DataType.isDictionary(type)) return labelReader(data, name)
  throw badInput(`The column ${show(name)} has the Arrow type ${type}, which is not read; cast it to that of the layer's column`)
}

/** A dictionary may have several parts, which were sent one after the other. */
function labelReader({ values, dictionary }: Data, name: string): Reader {
  const parts = (dictionary?.data ?? []).map((part) => ({ length: part.length, read: readerOf(part, name, part.length) }))
  return (row) => {
    let code = Number((values as Int32Array)[row])
    for (const { length, read } of parts) {
      if (code >= 0 && code < length) return read(code)
      code -= length
    }
    throw badInput(`\`properties\`: ${show(name)} has a value that is not in its dictionary`)
  }
}

function textOf(bytes: Uint8Array, name: string): string {
  try {
    return UTF_8.decode(bytes)
  } catch {
    throw badInput(`\`properties\`: ${show(name)} is no valid text`)
  }
}

/** A number if a double represents it, and else its text, as in JSON. */
function wholeNumber(value: bigint | number): number | string {
  return typeof value === 'number' || Number.isSafeInteger(Number(value)) ? Number(value) : String(value)
}

/** Decimal digits that a double represents exactly. */
const EXACT_DIGITS = 15

function decimalOf(words: Uint32Array, row: number, { scale, bitWidth }: Decimal): number | string {
  const count = bitWidth / 32
  let units = 0n
  for (let word = count - 1; word >= 0; word--) units = (units << 32n) | BigInt(words[row * count + word]!)
  units = BigInt.asIntN(bitWidth, units)
  const digits = String(units < 0n ? -units : units).padStart(scale + 1, '0')
  const text = `${units < 0n ? '-' : ''}${digits.slice(0, digits.length - scale)}${scale > 0 ? `.${digits.slice(-scale)}` : ''}`
  return digits.length <= EXACT_DIGITS ? Number(text) : text
}

const DAY_MS = 86_400_000

function dateOf(value: number | bigint, { unit }: Date_): string {
  return isoOf(unit === DateUnit.DAY ? Number(value) * DAY_MS : Number(value)).split('T')[0]!
}

const PER_SECOND = {
  [TimeUnit.SECOND]: 1n,
  [TimeUnit.MILLISECOND]: 1_000n,
  [TimeUnit.MICROSECOND]: 1_000_000n,
  [TimeUnit.NANOSECOND]: 1_000_000_000n,
}

function momentOf(value: bigint, type: Timestamp | Time): string {
  const per = PER_SECOND[type.unit]
  const fraction = ((value % per) + per) % per
  const [seconds] = isoOf(Number((value - fraction) / per) * 1_000).split('.')
  const digits = String(per).length - 1
  return `${seconds}${digits > 0 ? `.${String(fraction).padStart(digits, '0')}` : ''}${'timezone' in type && type.timezone ? 'Z' : ''}`
}

function isoOf(ms: number): string {
  const date = new Date(ms)
  if (Number.isNaN(date.getTime())) throw badInput('A date or a time is outside the years that are read')
  return date.toISOString()
}

function uuidOf(bytes: Uint8Array): string {
  return Buffer.from(bytes)
    .toString('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

function badInput(what: string): GeoduckError {
  return new GeoduckError('BAD_INPUT', `${what}.`)
}
