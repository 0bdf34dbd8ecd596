/**
 * Writes CSV (RFC 4180). A missing value is an empty field, and an empty text is `""`: readers that know the difference keep it.
 * Floats may be `NaN`, `Infinity` and `-Infinity`. Dates that are infinite in the engine are empty fields.
 */
import { WkbReader } from '../geometry/wkb.ts'
import type { BatchLayout, ColumnBatch, ColumnData, Encoder, Output, WireType } from './batch.ts'
import { type ByteWriter, bytesOf, CHAR, columnOf, literal, numbersOf } from './bytes.ts'
import { geometryOf, propertiesOf, wireColumn } from './feature-collection.ts'
import { writeDecimal } from './number.ts'
import { orNothing, presentValue, type RowWriter, textEncoder, type ValueWriter } from './value.ts'
import { WktText } from './wkb/wkt.ts'

type Options = Omit<Extract<Output, { readonly kind: 'csv' }>, 'kind'>

interface CsvColumn {
  readonly name: string
  readonly value: ValueWriter
}

const LINE_END = '\r\n'

/**
 * Writes the header and one record per row, each with its line end. The first column is the key, unless it is one of the
 * properties. It is named `id`. Then follow the properties, the distance if the rows are ordered by it first, and the geometry
 * as WKT, named `WKT`. A name that a property has gets underscores before it.
 */
export function csvRecords(layout: BatchLayout, options: Options, out: ByteWriter): Encoder {
  const columns = columnsOf(layout, options)
  const opening = columns.map(({ name }) => quotedName(name)).join(',') + LINE_END
  const end = literal(LINE_END)
  const record: ValueWriter = (batch, out) => {
    const writers = columns.map(({ value }) => value(batch, out))
    return (row) => {
      for (const [n, write] of writers.entries()) {
        if (n > 0) out.byte(CHAR.COMMA)
        write(row)
      }
      out.literal(end)
    }
  }
  return textEncoder({ opening, between: '', closing: '' }, record, out)
}

/** Returns the length of the header at the start of a document, with its line end. */
export function headerBytes(document: Uint8Array): number {
  let inQuotes = false
  for (let at = 0; at < document.length; at++) {
    if (document[at] === CHAR.QUOTE) inQuotes = !inQuotes
    else if (document[at] === CHAR.NEWLINE && !inQuotes) return at + 1
  }
  return document.length
}

function columnsOf(layout: BatchLayout, { precision, only, geometry: place }: Options): readonly CsvColumn[] {
  const { key, distance } = layout
  const properties = propertiesOf(layout, only)
  const columns = properties.map((index) => csvColumn(layout, index, wireColumn(layout, index).name))
  if (key !== null && !properties.some((index) => index === key && wireColumn(layout, index).name === 'id'))
    columns.unshift(csvColumn(layout, key, freeName('id', namesOf(columns))))
  if (distance !== undefined) columns.push(csvColumn(layout, distance, freeName('distance', namesOf(columns))))
  if (layout.geometries.length === 0) return columns
  const { column } = geometryOf(layout, place)
  return [...columns, { name: freeName('WKT', namesOf(columns)), value: (batch, out) => wkt(batch, column, out, precision) }]
}

const namesOf = (columns: readonly CsvColumn[]): readonly string[] => columns.map(({ name }) => name)

/**
 * Returns the name with as many underscores before it as it needs to be free. Names that differ only in case count as equal: DuckDB
 * and GDAL rename one of them.
 */
export function freeName(name: string, names: readonly string[]): string {
  const taken = new Set(names.map((other) => other.toLowerCase()))
  let free = name
  while (taken.has(free.toLowerCase())) free = `_${free}`
  return free
}

function csvColumn(layout: BatchLayout, index: number, name: string): CsvColumn {
  const { wire } = wireColumn(layout, index)
  return {
    name,
    value: (batch, out) => {
      const data = columnOf(batch, index)
      return orNothing(data.validity, presentField(data, out, wire))
    },
  }
}

function presentField(data: ColumnData, out: ByteWriter, wire: WireType): RowWriter {
  switch (wire.kind) {
    case 'utf8':
    case 'json':
      return text(data, out)
    case 'decimal': {
      const { bytes, offsets } = bytesOf(data)
      return (row) => writeDecimal(out, bytes, offsets[row]!, offsets[row + 1]!)
    }
    case 'float':
      return float(data, out, wire)
    case 'bool':
      return presentValue(data, out, wire)
    case 'int':
      return wire.bits === 64 ? bare(out, presentValue(data, out, wire)) : presentValue(data, out, wire)
    default:
      return bare(out, presentValue(data, out, wire))
  }
}

function float(data: ColumnData, out: ByteWriter, wire: WireType): RowWriter {
  const values = numbersOf(data)
  const write = presentValue(data, out, wire)
  return (row) => {
    if (Number.isFinite(values[row]!)) write(row)
    else out.ascii(String(values[row]))
  }
}

/** Takes the quotes off a JSON string without escapes. What has no quotes is the null of an infinite date. */
function bare(out: ByteWriter, write: RowWriter): RowWriter {
  return (row) => {
    const from = out.length
    write(row)
    const written = out.written()
    const isQuoted = written[from] === CHAR.QUOTE
    if (isQuoted) written.copyWithin(from, from + 1)
    out.length = isQuoted ? out.length - 2 : from
  }
}

function text(data: ColumnData, out: ByteWriter): RowWriter {
  const { bytes, offsets } = bytesOf(data)
  return (row) => writeField(out, bytes, offsets[row]!, offsets[row + 1]!)
}

/** Writes UTF-8 text as a field. It has quotes if it is empty, or if it contains a comma, a quote or a line end. */
function writeField(out: ByteWriter, source: Uint8Array, from: number, to: number): void {
  let at = from
  while (at < to && !wantsQuotes(source[at]!)) at++
  if (at === to && from < to) {
    out.append(source, from, to)
    return
  }
  out.byte(CHAR.QUOTE)
  for (let start = from; start < to; ) {
    const quote = source.subarray(start, to).indexOf(CHAR.QUOTE)
    const end = quote < 0 ? to : start + quote + 1
    out.append(source, start, end)
    if (quote >= 0) out.byte(CHAR.QUOTE)
    start = end
  }
  out.byte(CHAR.QUOTE)
}

function wantsQuotes(byte: number): boolean {
  return byte === CHAR.COMMA || byte === CHAR.QUOTE || byte === CHAR.NEWLINE || byte === CHAR.RETURN
}

function quotedName(name: string): string {
  return /[",\r\n]|^$/.test(name) ? `"${name.replaceAll('"', '""')}"` : name
}

/** WKT always has quotes: every geometry but a point has commas. */
function wkt(batch: ColumnBatch, column: number, out: ByteWriter, precision: number): RowWriter {
  const { validity, offsets, bytes } = bytesOf(columnOf(batch, column))
  const writer = new WktText(out, new WkbReader(bytes), precision)
  return orNothing(validity, (row) => {
    out.byte(CHAR.QUOTE)
    writer.write(offsets[row]!, offsets[row + 1]!)
    out.byte(CHAR.QUOTE)
  })
}
