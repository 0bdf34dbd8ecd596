/** Writes Arrow IPC streams. Only this file and arrow-rows.ts use apache-arrow, which writes the format's metadata. Bodies are copied here. */
import * as arrow from 'apache-arrow'
import { BufferRegion, FieldNode, RecordBatch } from 'apache-arrow/ipc/metadata/message'
import { typeOfNative } from '../geometry/geometry-type.ts'
import { type ArrowArray, arrowArray } from './arrow-body.ts'
import type { BatchLayout, ColumnData, Encoder, GeoArrowShape, LayoutGeometry, Output, WireType } from './batch.ts'
import { columnOf } from './bytes.ts'
import { geometryOf, propertiesOf, wireColumn } from './feature-collection.ts'
import { DIMENSIONS, GeoArrowColumn } from './geoarrow.ts'

interface ArrowColumn {
  readonly index: number
  readonly field: arrow.Field
  /** Returns rows [from, to) as the column's array and its inner arrays, outermost first. */
  read(data: ColumnData, from: number, to: number): readonly ArrowArray[]
}

/** A message begins with this and the length of its metadata. A length of 0 ends the stream. */
const CONTINUATION = 0xffffffff
const END_BYTES = 8
/** The buffer is this much larger than the batch that needs it, because the next batches are about as large. */
const SPARE = 1.25

type Options = Omit<Extract<Output, { readonly kind: 'arrow' | 'arrow-base64' }>, 'kind'>

/**
 * Writes a self-contained IPC stream per batch: schema, one record batch, end marker. The first column is the key, unless it is
 * one of the properties. It is named `id`, with underscores before it if a property has that name. Then follow the properties,
 * and the geometry under its own name, as `geoarrow.wkb` or in the native type of its shape. The engine's infinite dates and
 * times are the largest values of their types.
 */
export function arrowStream(layout: BatchLayout, options: Options): Encoder {
  const columns = arrowColumns(layout, options)
  const schema = schemaMessage(columns)
  let stream = new Uint8Array(0)
  return (batch, from, to) => {
    const arrays = columns.flatMap(({ index, read }) => read(columnOf(batch, index), from, to))
    const metadata = recordBatchMessage(arrays, to - from)
    const parts = [schema, prefix(padded(metadata.length)), metadata, ...arrays.flatMap(({ buffers }) => buffers), prefix(0)]
    const length = parts.reduce((sum, part) => sum + padded(part.length), 0)
    if (length > stream.length) stream = new Uint8Array(Math.ceil(SPARE * length))
    join(stream, parts)
    return stream.subarray(0, length)
  }
}

function arrowColumns(layout: BatchLayout, { shape, only, geometry: place }: Options): ArrowColumn[] {
  const { key, geometryName } = layout
  const properties = propertiesOf(layout, only)
  const columns = properties.map((index) => arrowColumn(layout, index, wireColumn(layout, index).name))
  // A property that is the key is also listed under its own name.
  if (key !== null && !columns.some(({ index, field }) => index === key && field.name === 'id')) {
    const taken = new Set([...columns.map(({ field }) => field.name), geometryName ?? ''])
    let name = 'id'
    while (taken.has(name)) name = `_${name}`
    columns.unshift(arrowColumn(layout, key, name))
  }
  if (layout.geometries.length === 0 || geometryName === null) return columns
  const { column, crs } = geometryOf(layout, place)
  columns.push(shape ? nativeColumn(column, geometryName, shape, crs) : arrowColumn(layout, column, geometryName, crs))
  return columns
}

function arrowColumn(layout: BatchLayout, index: number, name: string, crs: string | null = null): ArrowColumn {
  const { wire } = wireColumn(layout, index)
  const field = new arrow.Field(name, arrowType(wire), true, extension(wire, crs))
  return { index, field, read: (data, from, to) => [arrowArray(data, wire, from, to)] }
}

function nativeColumn(index: number, name: string, shape: GeoArrowShape, crs: LayoutGeometry['crs']): ArrowColumn {
  const column = new GeoArrowColumn(shape)
  const field = new arrow.Field(name, nativeType(shape), true, geoArrow(shape.type, crs))
  return { index, field, read: (data, from, to) => column.read(data, from, to) }
}

/** Returns the Arrow type: positions are lists of a fixed size, in the lists of the type. Only a whole geometry may be null. */
function nativeType({ type, coordinates }: GeoArrowShape): arrow.DataType {
  const number = new arrow.Field(coordinates.toLowerCase(), new arrow.Float64(), false)
  const position: arrow.DataType = new arrow.FixedSizeList(DIMENSIONS[coordinates], number)
  return typeOfNative(type).lists.reduceRight((item, name) => new arrow.List(new arrow.Field(name, item, false)), position)
}

function arrowType(wire: WireType): arrow.DataType {
  switch (wire.kind) {
    case 'bool':
      return new arrow.Bool()
    case 'int':
      return new arrow.Int(wire.signed, wire.bits)
    case 'float':
      return wire.bits === 32 ? new arrow.Float32() : new arrow.Float64()
    case 'utf8':
    case 'json':
      return new arrow.Utf8()
    case 'decimal':
      return new arrow.Decimal(wire.scale, wire.precision, 128)
    case 'binary':
    case 'wkb':
      return new arrow.Binary()
    case 'date':
      return new arrow.DateDay()
    case 'timestamp':
      return new arrow.Timestamp(TIME_UNITS[wire.unit], wire.utc ? 'UTC' : null)
  }
}

const TIME_UNITS = {
  s: arrow.TimeUnit.SECOND,
  ms: arrow.TimeUnit.MILLISECOND,
  us: arrow.TimeUnit.MICROSECOND,
  ns: arrow.TimeUnit.NANOSECOND,
} as const

/** Returns the metadata of the canonical extension types `geoarrow.wkb` (geoarrow.org, 0.2) and `arrow.json`. */
function extension(wire: WireType, crs: string | null): Map<string, string> | null {
  if (wire.kind === 'json') return extensionType('arrow.json', {})
  return wire.kind === 'wkb' ? geoArrow('wkb', crs) : null
}

function geoArrow(type: string, crs: string | null): Map<string, string> {
  return extensionType(`geoarrow.${type}`, crs === null ? {} : crsMetadata(crs))
}

/** Without `crs_type`, readers find out the form of the text themselves. */
function crsMetadata(crs: string): object {
  if (crs.startsWith('{')) return { crs: JSON.parse(crs), crs_type: 'projjson' }
  return crs.includes('[') ? { crs } : { crs, crs_type: 'authority_code' }
}

function extensionType(name: string, metadata: object): Map<string, string> {
  return new Map([
    ['ARROW:extension:name', name],
    ['ARROW:extension:metadata', JSON.stringify(metadata)],
  ])
}

/** Makes the schema message once, because it is the same in every batch. */
function schemaMessage(columns: readonly ArrowColumn[]): Uint8Array {
  const empty = new arrow.Table(new arrow.Schema(columns.map(({ field }) => field)))
  const stream = arrow.RecordBatchStreamWriter.writeAll(empty).toUint8Array(true)
  return stream.subarray(0, stream.length - END_BYTES)
}

/** Makes the metadata of the record batch: the position of each buffer in the body. */
function recordBatchMessage(arrays: readonly ArrowArray[], length: number): Uint8Array {
  let bodyLength = 0
  const regions = arrays.flatMap(({ buffers }) =>
    buffers.map((buffer) => {
      const region = new BufferRegion(bodyLength, buffer.length)
      bodyLength += padded(buffer.length)
      return region
    }),
  )
  const nodes = arrays.map((array) => new FieldNode(array.length, array.nullCount))
  return arrow.Message.encode(arrow.Message.from(new RecordBatch(length, nodes, regions, null), bodyLength))
}

function padded(length: number): number {
  return (length + 7) & ~7
}

function prefix(metadataLength: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(CONTINUATION, metadataLength).buffer)
}

/** Copies each byte once into the stream. Every part is padded to a multiple of eight bytes. */
function join(stream: Uint8Array, parts: readonly Uint8Array[]): void {
  let at = 0
  for (const part of parts) {
    stream.set(part, at)
    const end = at + padded(part.length)
    stream.fill(0, at + part.length, end)
    at = end
  }
}
