/**
 * Writes a vector tile (Mapbox Vector Tile specification 2.1) of one layer, in place from the column buffers. A row without a geometry, and one
 * whose geometry cannot be read, is left out; all others stay. A tile without a feature has no bytes.
 */
import { EXTENT } from '../../geometry/tile-place.ts'
import { WkbError, WkbReader } from '../../geometry/wkb.ts'
import type { BatchLayout, ColumnBatch, Encoder, Output } from '../batch.ts'
import { ByteWriter, bytesOf, columnOf, isSet, valuesOf, wordsOf } from '../bytes.ts'
import { geometryOf, propertiesOf, wireColumn } from '../feature-collection.ts'
import type { Commands } from './commands.ts'
import { BYTES, packedSize, putBytes, putPacked, putVarint, putVarint64, tag, VARINT, varintSize } from './protobuf.ts'
import { TileGeometry, type TileOptions } from './tile-geometry.ts'
import { type TileValue, ValueTable } from './values.ts'

export type TileOutput = Extract<Output, { readonly kind: 'tile' }>
type Options = Omit<TileOutput, 'kind'>

const LAYERS = 3
/** Fields of the message Layer. */
const [NAME, FEATURES, KEYS, LAYER_EXTENT, VERSION] = [1, 2, 3, 5, 15]
/** Fields of the message Feature. */
const [ID, TAGS, TYPE, GEOMETRY] = [1, 2, 3, 4]
export const [POINT, LINE, POLYGON] = [1, 2, 3]

const utf8 = new TextEncoder()

/** A property of a feature under its name. */
interface Property {
  readonly name: string
  readonly index: number
}

export function vectorTile(layout: BatchLayout, options: Options, out: ByteWriter): Encoder {
  const encode = tileEncoder(layout, options, out)
  return (batch, from, to) => encode(options, batch, from, to)
}

/**
 * Encodes rows [from, to) of the batch. With `rows`: the rows at these places of that list, where a row that is not drawn becomes its
 * complement (~row).
 */
type TileEncoder = (tile: TileOptions, batch: ColumnBatch, from: number, to: number, rows?: Int32Array) => Uint8Array

/** Creates an encoder of many tiles. A new one per tile would cost more than most tiles. */
export function tileEncoder(layout: BatchLayout, options: Options, out: ByteWriter): TileEncoder {
  const { column } = geometryOf(layout, options.geometry)
  const geometry = new TileGeometry(options)
  const shapes: readonly (readonly [number, Commands])[] = [
    [POINT!, geometry.points],
    [LINE!, geometry.lines],
    [POLYGON!, geometry.polygons],
  ]
  const properties = propertiesIn(layout, options)
  const values = new ValueTable()
  const features = new ByteWriter()
  const tags = new Uint32Array(2 * properties.length)
  return (tile, batch, from, to, rows) => {
    geometry.place(tile)
    features.length = 0
    values.clear()
    const { validity, offsets, bytes } = bytesOf(columnOf(batch, column))
    const reader = new WkbReader(bytes)
    const idOf = featureId(layout, batch)
    const valuesOfRow = properties.map(({ index }) => values.of(batch, index, wireColumn(layout, index).wire))
    for (let at = from; at < to; at++) {
      const row = rows ? rows[at]! : at
      if (rows) rows[at] = ~row
      if (validity !== null && !isSet(validity, row)) continue
      if (!drawn(geometry, reader, offsets[row]!, offsets[row + 1]!)) continue
      let tagged = -1
      for (const [type, commands] of shapes) {
        if (commands.length === 0) continue
        // A collection is one feature per type, with the same values.
        if (tagged < 0) tagged = putTags(tags, valuesOfRow, row)
        if (rows) rows[at] = row
        putFeature(features, idOf(row), tags, tagged, type, commands)
      }
    }
    out.length = 0
    if (features.length > 0) putLayer(out, options.layer, features, properties, values)
    return out.written()
  }
}

function drawn(geometry: TileGeometry, reader: WkbReader, from: number, to: number): boolean {
  try {
    geometry.draw(reader, from, to)
    return true
  } catch (error) {
    if (error instanceof WkbError) return false
    throw error
  }
}

/** The properties, and the key unless it is one of them or the id of the features. */
export function propertiesIn(layout: BatchLayout, { only }: Options): readonly Property[] {
  const properties = propertiesOf(layout, only).map((index) => ({ name: wireColumn(layout, index).name, index }))
  const { key } = layout
  if (key === null || properties.some(({ index }) => index === key)) return properties
  const { wire } = wireColumn(layout, key)
  if (wire.kind === 'int') return properties
  let name = 'id'
  while (properties.some((other) => other.name === name)) name = `_${name}`
  return [{ name, index: key }, ...properties]
}

/** The words of an id, the low one first. Null: the feature has none. */
type Id = readonly [low: number, high: number] | null

/** Ids are whole numbers from 0 on. */
function featureId({ key, columns }: BatchLayout, batch: ColumnBatch): (row: number) => Id {
  const wire = key === null ? null : columns[key]!.wire
  if (key === null || wire?.kind !== 'int') return () => null
  const data = columnOf(batch, key)
  const { validity } = data
  const isPresent = (row: number) => validity === null || isSet(validity, row)
  if (wire.bits === 64) {
    const words = wordsOf(data)
    return (row) => {
      const high = words[2 * row + 1]!
      return isPresent(row) && (high >= 0 || !wire.signed) ? [words[2 * row]!, high] : null
    }
  }
  const values = valuesOf(data)
  return (row) => {
    const value = Number(values[row])
    return isPresent(row) && value >= 0 ? [value, 0] : null
  }
}

/** Writes pairs of the numbers of a key and a value. Returns how many numbers. */
function putTags(tags: Uint32Array, values: readonly TileValue[], row: number): number {
  let length = 0
  for (let key = 0; key < values.length; key++) {
    const value = values[key]!(row)
    if (value < 0) continue
    tags[length++] = key
    tags[length++] = value
  }
  return length
}

export function putFeature(out: ByteWriter, id: Id, tags: Uint32Array, tagged: number, type: number, commands: Commands): void {
  const tagBytes = packedSize(tags, tagged)
  const geometryBytes = packedSize(commands.integers, commands.length)
  const size =
    (id === null ? 0 : 1 + varint64Size(id)) +
    (tagged === 0 ? 0 : 1 + varintSize(tagBytes) + tagBytes) +
    2 +
    (1 + varintSize(geometryBytes) + geometryBytes)
  putVarint(out, tag(FEATURES!, BYTES!))
  putVarint(out, size)
  if (id !== null) {
    putVarint(out, tag(ID!, VARINT!))
    putVarint64(out, id[0], id[1])
  }
  if (tagged > 0) {
    putVarint(out, tag(TAGS!, BYTES!))
    putVarint(out, tagBytes)
    putPacked(out, tags, tagged)
  }
  putVarint(out, tag(TYPE!, VARINT!))
  putVarint(out, type)
  putVarint(out, tag(GEOMETRY!, BYTES!))
  putVarint(out, geometryBytes)
  putPacked(out, commands.integers, commands.length)
}

function varint64Size([low, high]: NonNullable<Id>): number {
  const bits = high === 0 ? 32 - Math.clz32(low) : 64 - Math.clz32(high)
  return Math.max(1, Math.ceil(bits / 7))
}

const layerHead = new ByteWriter(1024)

export function putLayer(
  out: ByteWriter,
  layer: string,
  features: ByteWriter,
  properties: readonly Pick<Property, 'name'>[],
  values: ValueTable,
): void {
  layerHead.length = 0
  putVarint(layerHead, tag(VERSION!, VARINT!))
  putVarint(layerHead, 2)
  putBytes(layerHead, NAME!, utf8.encode(layer))
  for (const { name } of properties) putBytes(layerHead, KEYS!, utf8.encode(name))
  putVarint(layerHead, tag(LAYER_EXTENT!, VARINT!))
  putVarint(layerHead, EXTENT)
  putVarint(out, tag(LAYERS, BYTES!))
  putVarint(out, layerHead.length + features.length + values.out.length)
  for (const part of [layerHead, features, values.out]) out.append(part.written(), 0, part.length)
}
