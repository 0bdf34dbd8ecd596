import { WkbReader } from '../geometry/wkb.ts'
import type {
  BatchLayout,
  ColumnBatch,
  Encoder,
  FeatureField,
  GeometryText,
  LayoutGeometry,
  Output,
  WireColumn,
} from './batch.ts'
import { type ByteWriter, bytesOf, CHAR, columnOf, isSet, type Literal, literal } from './bytes.ts'
import { cellValue } from './cell.ts'
import { DoubleText, NULL } from './number.ts'
import { structMembers } from './struct-members.ts'
import {
  type FixedFrame,
  jsonValue,
  labelValue,
  orNothing,
  orNull,
  type RowWriter,
  textEncoder,
  type ValueWriter,
} from './value.ts'
import { GeometryBox } from './wkb/box.ts'
import { COORDINATE_BYTES, CoordinateText, GeoJsonText } from './wkb/geojson.ts'
import { WkbHex } from './wkb/hex.ts'
import { TwkbHex } from './wkb/twkb.ts'
import { WktText } from './wkb/wkt.ts'

export const COLLECTION: FixedFrame = { opening: '{"type":"FeatureCollection","features":[', between: ',', closing: ']}' }

type Options = Omit<Extract<Output, { readonly kind: 'geojson' }>, 'kind'>

/**
 * Writes a GeoJSON FeatureCollection (RFC 7946). Every feature has `geometry` and `properties`, and its key as `id` if the
 * layout has a key. Rings follow the right-hand rule. With `bbox`, the collection and its features have one, which costs about
 * 12 ns more per position.
 */
export function featureCollection(layout: BatchLayout, options: Options, out: ByteWriter): Encoder {
  const boxes = boxesFor(options)
  const closing = (out: ByteWriter) => {
    out.byte(CHAR.CLOSE)
    boxes?.writeAll()
    out.byte(CHAR.CLOSE_OBJECT)
  }
  return textEncoder(boxes ? { ...COLLECTION, closing } : COLLECTION, feature(layout, options, boxes), out)
}

/** Writes the same features, one per line, without a newline after the last. `between` is the text before each newline. */
export function featureLines(layout: BatchLayout, options: Options, between: string, out: ByteWriter): Encoder {
  const value = feature(layout, options, boxesFor(options))
  const asStored = propertiesOf(layout, options.only).some((index) => wireColumn(layout, index).wire.kind === 'json')
  const lines = { opening: '', between: `${between}\n`, closing: '' }
  return textEncoder(lines, asStored ? onOneLine(value) : value, out)
}

/** Replaces newlines by blanks. Stored JSON may contain them between its tokens. */
function onOneLine(value: ValueWriter): ValueWriter {
  return (batch, out) => {
    const write = value(batch, out)
    return (row) => {
      const from = out.length
      write(row)
      out.blank(CHAR.NEWLINE, from)
      out.blank(CHAR.RETURN, from)
    }
  }
}

/** The boxes of one batch's features, and the box around them. */
class Boxes {
  readonly #precision: number
  #members: BBoxMembers | null = null

  constructor(precision: number) {
    this.#precision = precision
  }

  /** Writes a geometry with its box after it. */
  behind(plain: ValueWriter, geometry: number): ValueWriter {
    return (batch, out) => {
      const { validity, offsets, bytes } = bytesOf(columnOf(batch, geometry))
      const members = new BBoxMembers(out, new WkbReader(bytes), this.#precision)
      this.#members = members
      const writeGeometry = plain(batch, out)
      const writeBox = orNothing(validity, (row) => members.write(offsets[row]!, offsets[row + 1]!))
      return (row) => {
        writeGeometry(row)
        writeBox(row)
      }
    }
  }

  writeAll(): void {
    this.#members?.writeAll()
  }
}

function boxesFor({ bbox = false, precision }: Options): Boxes | null {
  return bbox ? new Boxes(precision) : null
}

function feature(layout: BatchLayout, { precision, only, geometry: place }: Options, boxes: Boxes | null): ValueWriter {
  const { key } = layout
  const geometry = layout.geometries.length === 0 ? null : geometryOf(layout, place)
  const plain = geometry && jsonGeometry(geometry, 'GEOJSON', precision)
  const distance = distanceOf(layout)
  const members: Member[] = [
    ['type', '"Feature"'],
    ...(key === null ? [] : [['id', jsonKey(layout, key)] satisfies Member]),
    ['geometry', geometry && plain && boxes ? boxes.behind(plain, geometry.column) : (plain ?? 'null')],
    ['properties', propertyMembers(layout, only)],
    ...(distance ? [['distance', distance] satisfies Member] : []),
  ]
  return jsonObject(members)
}

const OPEN = literal(',"bbox":[')
const FLAT = [0, 1, 2, 3]
/** Order of the sides in RFC 7946, 5: all axes of the south-west, then all of the north-east. */
const WITH_HEIGHTS = [0, 1, 4, 2, 3, 5]

/**
 * Writes `,"bbox":[...]` after a feature's geometry, and the box around all features after the last one. Boxes are rounded like
 * the coordinates, so that the coordinates lie inside. They have heights if every geometry has some. It writes nothing if there
 * is no geometry. It never uses a narrower box across the antimeridian: west is never larger than east.
 */
class BBoxMembers {
  private readonly out: ByteWriter
  private readonly box: GeometryBox
  private readonly all = Float64Array.of(Infinity, Infinity, -Infinity, -Infinity, Infinity, -Infinity)
  private allHaveHeights = true
  private readonly text: CoordinateText
  private readonly precision: number

  constructor(out: ByteWriter, reader: WkbReader, precision: number) {
    this.out = out
    this.box = new GeometryBox(reader)
    this.precision = precision
    this.text = this.textOf(this.box.sides)
  }

  /** Writes the box of the geometry in bytes [from, to) of the reader. @throws WkbError */
  write(from: number, to: number): void {
    const { box, all } = this
    if (!box.measure(from, to)) return
    const { sides } = box
    const hasHeights = sides[4]! <= sides[5]!
    for (const side of [0, 1, 4]) all[side] = Math.min(all[side]!, sides[side]!)
    for (const side of [2, 3, 5]) all[side] = Math.max(all[side]!, sides[side]!)
    this.allHaveHeights &&= hasHeights
    this.member(this.text, hasHeights)
  }

  writeAll(): void {
    if (this.all[0]! <= this.all[2]!) this.member(this.textOf(this.all), this.allHaveHeights)
  }

  private textOf(sides: Float64Array): CoordinateText {
    return new CoordinateText(new WkbReader(new Uint8Array(sides.buffer)), this.precision)
  }

  private member(text: CoordinateText, hasHeights: boolean): void {
    const { out } = this
    out.literal(OPEN)
    out.reserve(6 * (COORDINATE_BYTES + 1))
    for (const side of hasHeights ? WITH_HEIGHTS : FLAT) {
      out.length = text.put(out.view, out.length, 8 * side)
      out.byte(CHAR.COMMA)
    }
    out.length--
    out.byte(CHAR.CLOSE)
  }
}

export const LIST: FixedFrame = { opening: '[', between: ',', closing: ']' }

/** Writes a JSON list of objects with the selected fields of GraphQL's Feature, which a response contains unchanged. */
export function featureList(layout: BatchLayout, fields: readonly FeatureField[], out: ByteWriter): Encoder {
  return textEncoder(LIST, jsonObject(featureMembers(layout, fields)), out)
}

/** The members of one feature. */
export function featureMembers(layout: BatchLayout, fields: readonly FeatureField[]): Member[] {
  return fields.map((field) => [field.key, fieldValue(layout, field)])
}

function fieldValue(layout: BatchLayout, field: FeatureField): Member[1] {
  switch (field.field) {
    case '__typename':
    case 'layer':
      return JSON.stringify(field.name)
    case 'id':
      return globalId(layout, keyOf(layout), field.prefix)
    case 'key':
      return jsonKey(layout, keyOf(layout))
    case 'geometry':
      if (layout.geometryName === null) return 'null'
      return jsonGeometry(geometryOf(layout, field.geometry), field.as, field.precision)
    case 'bbox':
      if (layout.geometryName === null) return 'null'
      return jsonBBox(geometryOf(layout, field.geometry).column)
    case 'properties':
      return propertyMembers(layout, field.only)
    case 'cell': {
      const [first, second] = field.indexes.map((name) => propertyNamed(layout, name))
      return cellValue([first!, second!], field)
    }
    case 'property': {
      const index = propertyNamed(layout, field.name)
      if (field.members) return structMembers(index, field.members)
      return field.labels ? labelValue(index, new Map(field.labels)) : jsonValue(index, wireColumn(layout, index).wire)
    }
    case 'changed': {
      const index = layout.changed![field.part]
      return jsonValue(index, wireColumn(layout, index).wire)
    }
    case 'object':
      return featureMembers(layout, field.fields)
    case 'null':
      return 'null'
  }
}

function propertyNamed(layout: BatchLayout, name: string): number {
  const [index] = propertiesOf(layout, [name])
  if (index === undefined) throw new TypeError(`the layout has no property ${name}`)
  return index
}

/** A key and its value: a value written per row, the same JSON text in every row, or an object. */
export type Member = readonly [key: string, value: ValueWriter | string | readonly Member[]]

interface Step {
  readonly before: Literal
  readonly value: ValueWriter
}

/**
 * Writes a JSON object. Text that is the same in every row (punctuation, keys, constants, frames of inner objects) forms one
 * literal between two values.
 */
export function jsonObject(members: readonly Member[]): ValueWriter {
  const steps: Step[] = []
  const end = literal(flatten(members, '', steps))
  return (batch, out) => {
    const writers = steps.map(({ before, value }) => ({ before, write: value(batch, out) }))
    return (row) => {
      for (const { before, write } of writers) {
        out.literal(before)
        write(row)
      }
      out.literal(end)
    }
  }
}

/** Adds the object's steps. `text` precedes the object. Returns the text after its last value. */
function flatten(members: readonly Member[], text: string, steps: Step[]): string {
  let before = `${text}{`
  for (const [i, [key, value]] of members.entries()) {
    before += `${i === 0 ? '' : ','}${JSON.stringify(key)}:`
    if (typeof value === 'string') before += value
    else if (typeof value === 'object') before = flatten(value, before, steps)
    else {
      steps.push({ before: literal(before), value })
      before = ''
    }
  }
  return `${before}}`
}

/** The members that a feature has in more than one encoding. */
export function wireColumn(layout: BatchLayout, index: number): WireColumn {
  const column = layout.columns[index]
  if (column === undefined) throw new TypeError(`the layout has no column ${index}`)
  return column
}

/** Writes the distance of a feature. Null if the rows are not ordered by distance first. */
export function distanceOf({ columns, distance }: BatchLayout): ValueWriter | null {
  return distance === undefined ? null : jsonValue(distance, columns[distance]!.wire)
}

/** Returns the column that identifies a layer's features. */
function keyOf({ key }: BatchLayout): number {
  if (key === null) throw new TypeError('the layout has no column for the key')
  return key
}

/** @param index the first one, unless it says another */
export function geometryOf({ geometries }: BatchLayout, index = 0): LayoutGeometry {
  const geometry = geometries[index]
  if (geometry === undefined) throw new TypeError(`the layout has no geometry ${index}`)
  return geometry
}

/** Writes a feature's key as a JSON string for every type of column, like GraphQL's ID. It throws for a row without a key. */
function jsonKey(layout: BatchLayout, index: number): ValueWriter {
  const { wire } = wireColumn(layout, index)
  if (wire.kind !== 'utf8' && wire.kind !== 'int') throw new TypeError(`a feature's key cannot have the type ${wire.kind}`)
  const value = jsonValue(index, wire)
  const quote = wire.kind === 'int' && wire.bits < 64
  return (batch, out) => {
    const { validity } = columnOf(batch, index)
    const write = value(batch, out)
    return (row) => {
      if (validity !== null && !isSet(validity, row)) throw new TypeError('the key is null')
      if (quote) out.byte(CHAR.QUOTE)
      write(row)
      if (quote) out.byte(CHAR.QUOTE)
    }
  }
}

/**
 * Writes the key with `prefix` before it. The prefix needs no JSON escapes. Its last character overwrites the opening quote of
 * the key. This costs 13 ns more than the key alone.
 */
function globalId(layout: BatchLayout, index: number, prefix: string): ValueWriter {
  const value = jsonKey(layout, index)
  const opening = literal(`"${prefix.slice(0, -1)}`)
  const separator = prefix.charCodeAt(prefix.length - 1)
  return (batch, out) => {
    const write = value(batch, out)
    return (row) => {
      out.literal(opening)
      const at = out.length
      write(row)
      out.view.setUint8(at, separator)
    }
  }
}

/** The properties: all, or those that `only` names, in the layout's order. */
export function propertiesOf(layout: BatchLayout, only: readonly string[] | null = null): readonly number[] {
  if (only === null) return layout.properties
  return layout.properties.filter((index) => only.includes(wireColumn(layout, index).name))
}

/** The members of `properties`. */
function propertyMembers(layout: BatchLayout, only: readonly string[] | null = null): Member[] {
  return propertiesOf(layout, only).map((index) => {
    const { name, wire } = wireColumn(layout, index)
    return [name, jsonValue(index, wire)]
  })
}

/** Writes a geometry column in JSON: as a geometry object, as text in quotes, or as its box. */
interface GeometryWriter {
  write(from: number, to: number): void
}

function jsonGeometry({ column, srid }: LayoutGeometry, as: GeometryText, precision: number): ValueWriter {
  switch (as) {
    case 'GEOJSON':
      return (batch, out) => eachRow(batch, column, out, (reader) => new GeoJsonText(out, reader, precision))
    case 'WKT':
      return (batch, out) => eachRow(batch, column, out, (reader) => quoted(out, new WktText(out, reader, precision)))
    case 'EWKT': {
      const prefix = srid === null ? '' : `SRID=${srid};`
      return (batch, out) => eachRow(batch, column, out, (reader) => quoted(out, new WktText(out, reader, precision), prefix))
    }
    case 'WKB':
      return (batch, out) => eachRow(batch, column, out, (reader) => quoted(out, new WkbHex(out, reader)))
    case 'EWKB':
      return (batch, out) => eachRow(batch, column, out, (reader) => quoted(out, new WkbHex(out, reader, { srid })))
    case 'TWKB':
      return (batch, out) => eachRow(batch, column, out, (reader) => new TwkbHex(out, reader, precision))
  }
}

function jsonBBox(index: number): ValueWriter {
  return (batch, out) => eachRow(batch, index, out, (reader) => new BBoxText(out, reader))
}

function eachRow(batch: ColumnBatch, index: number, out: ByteWriter, make: (reader: WkbReader) => GeometryWriter): RowWriter {
  const { validity, offsets, bytes } = bytesOf(columnOf(batch, index))
  const writer = make(new WkbReader(bytes))
  return orNull(validity, out, (row) => writer.write(offsets[row]!, offsets[row + 1]!))
}

/** Neither WKT nor hexadecimal digits hold anything that a JSON string has to escape. */
function quoted(out: ByteWriter, writer: GeometryWriter, prefix = ''): GeometryWriter {
  const opening = literal(`"${prefix}`)
  return {
    write: (from, to) => {
      out.literal(opening)
      writer.write(from, to)
      out.byte(CHAR.QUOTE)
    },
  }
}

/**
 * Writes the box around a geometry as `[west,south,east,north]` (RFC 7946), unrounded. It writes null for an empty or infinite
 * geometry.
 */
class BBoxText {
  private readonly out: ByteWriter
  private readonly box: GeometryBox
  private readonly text = new DoubleText()

  constructor(out: ByteWriter, reader: WkbReader) {
    this.out = out
    this.box = new GeometryBox(reader)
  }

  /** The geometry in bytes [from, to) of the reader. Throws WkbError. */
  write(from: number, to: number): void {
    if (this.box.measure(from, to)) this.list()
    else this.out.literal(NULL)
  }

  private list(): void {
    const { out } = this
    for (let side = 0; side < 4; side++) {
      out.byte(side === 0 ? CHAR.OPEN : CHAR.COMMA)
      this.text.write(out, this.box.sides, side)
    }
    out.byte(CHAR.CLOSE)
  }
}
