/**
 * Reads FlatGeobuf. Its header and features are FlatBuffers tables; the properties of a feature are a list of numbered values.
 * https://github.com/flatgeobuf/flatgeobuf/tree/master/src/fbs, https://flatbuffers.dev/internals/
 */
import { WkbWriter } from '../../../../geometry/builder.ts'
import { GEOMETRY } from '../../../../geometry/geometry-type.ts'
import { BlockFile } from './blocks.ts'
import { FlatTable } from './flat-table.ts'
import {
  CURVES,
  type DeclaredCrs,
  Faults,
  FEATURE_NUMBER,
  type FeatureReader,
  type ReadColumn,
  type ReadFeature,
  type ReadType,
  type ReadValue,
} from './reader.ts'

const MAGIC_BYTES = 8
const SIZE_BYTES = 4
const INDEX_NODE_BYTES = 40
const MOST_HEADER_BYTES = 1 << 28

/** Fields of the tables, by their numbers. */
const HEADER = { TYPE: 2, HAS_Z: 3, HAS_M: 4, COLUMNS: 7, FEATURES: 8, NODE_SIZE: 9, CRS: 10 } as const
const COLUMN = { NAME: 0, TYPE: 1 } as const
const CRS = { ORGANIZATION: 0, CODE: 1, WKT: 4, CODE_TEXT: 5 } as const
const FEATURE = { GEOMETRY: 0, PROPERTIES: 1, COLUMNS: 2 } as const
const SHAPE = { ENDS: 0, XY: 1, Z: 2, M: 3, TYPE: 6, PARTS: 7 } as const

const DEEPEST = 16
/** The types after the collection are curves, surfaces, TIN and triangles. */
const MOST_GEOMETRY_TYPE = 17
const DEFAULT_NODE_SIZE = 16

/** Reads a value of a column type from the bytes of the properties. Texts and bytes have their length before them. */
interface Kind {
  readonly type: ReadType
  readonly bytes: number | null
  readonly read: (bytes: Buffer, at: number, to: number) => ReadValue
  readonly isMoment?: boolean
}

const text = (bytes: Buffer, at: number, to: number): string => bytes.toString('utf8', at, to)

/** In the order of `ColumnType`. */
const KINDS: readonly Kind[] = [
  { type: 'TINYINT', bytes: 1, read: (bytes, at) => bytes.readInt8(at) },
  { type: 'UTINYINT', bytes: 1, read: (bytes, at) => bytes.readUInt8(at) },
  { type: 'BOOLEAN', bytes: 1, read: (bytes, at) => bytes.readUInt8(at) !== 0 },
  { type: 'SMALLINT', bytes: 2, read: (bytes, at) => bytes.readInt16LE(at) },
  { type: 'USMALLINT', bytes: 2, read: (bytes, at) => bytes.readUInt16LE(at) },
  { type: 'INTEGER', bytes: 4, read: (bytes, at) => bytes.readInt32LE(at) },
  { type: 'UINTEGER', bytes: 4, read: (bytes, at) => bytes.readUInt32LE(at) },
  { type: 'BIGINT', bytes: 8, read: (bytes, at) => bytes.readBigInt64LE(at) },
  { type: 'UBIGINT', bytes: 8, read: (bytes, at) => bytes.readBigUInt64LE(at) },
  { type: 'FLOAT', bytes: 4, read: (bytes, at) => bytes.readFloatLE(at) },
  { type: 'DOUBLE', bytes: 8, read: (bytes, at) => bytes.readDoubleLE(at) },
  { type: 'VARCHAR', bytes: null, read: text },
  { type: 'VARCHAR', bytes: null, read: text },
  { type: 'VARCHAR', bytes: null, read: text, isMoment: true },
  { type: 'BLOB', bytes: null, read: (bytes, at, to) => new Uint8Array(bytes.subarray(at, to)) },
]

/** @throws Error with the reason why the file is no FlatGeobuf, or is not whole */
export async function openFlatGeobuf(path: string): Promise<FeatureReader> {
  const file = new BlockFile(path)
  try {
    return new FlatGeobuf(file)
  } catch (error) {
    file.close()
    throw error instanceof RangeError ? new Error('its header is corrupt', { cause: error }) : error
  }
}

class FlatGeobuf implements FeatureReader {
  readonly columns: readonly ReadColumn[]
  readonly geometryName = null
  readonly crs: DeclaredCrs
  readonly total: number | null
  readonly #file: BlockFile
  readonly #kinds: readonly Kind[]
  /** True if the first column is the number of the feature. */
  readonly #hasNumber: boolean
  readonly #type: number
  readonly #from: number
  readonly #geometryFaults = new Faults()
  readonly #propertyFaults = new Faults()
  readonly #ownColumns = new Faults()
  readonly #replaced = new Faults()

  constructor(file: BlockFile) {
    this.#file = file
    const start = file.at(0, MAGIC_BYTES + SIZE_BYTES)
    const bytes = start.length < MAGIC_BYTES + SIZE_BYTES ? 0 : start.readUInt32LE(MAGIC_BYTES)
    const at = MAGIC_BYTES + SIZE_BYTES
    if (bytes < 8 || bytes > MOST_HEADER_BYTES) throw new Error('its header is corrupt')
    if (at + bytes > file.size) throw new Error('it is cut short')
    const header = FlatTable.root(Buffer.from(file.at(at, bytes)))
    this.#type = header.uint8(HEADER.TYPE, 0)
    if (this.#type > MOST_GEOMETRY_TYPE) throw new Error('its header is corrupt: its type of geometry is not known')
    const declared = header
      .tables(HEADER.COLUMNS)
      .map((column) => ({ name: column.text(COLUMN.NAME) ?? '', kind: column.uint8(COLUMN.TYPE, 0) }))
    const unknown = declared.find(({ kind }) => !KINDS[kind])
    if (unknown) throw new Error(`its header is corrupt: the type of its column ${unknown.name} is not known`)
    this.#kinds = declared.map(({ kind }) => KINDS[kind]!)
    this.#hasNumber = declared.every(({ name }) => name.toUpperCase() !== FEATURE_NUMBER)
    this.columns = [
      ...(this.#hasNumber ? [{ name: FEATURE_NUMBER, type: 'BIGINT' } as const] : []),
      ...declared.map(({ name, kind }) => ({ name, type: KINDS[kind]!.type, isMoment: KINDS[kind]!.isMoment ?? false })),
    ]
    this.crs = crsOf(header.table(HEADER.CRS))
    const features = Number(header.uint64(HEADER.FEATURES))
    this.total = features || null
    this.#from = at + bytes + indexBytes(features, header.uint16(HEADER.NODE_SIZE, DEFAULT_NODE_SIZE))
    if (this.#from > file.size) throw new Error('it is cut short')
  }

  *features(): Iterable<ReadFeature> {
    const shapes = new ShapeWriter()
    let index = 0
    for (let at = this.#from; at < this.#file.size; index++) {
      const head = this.#file.at(at, SIZE_BYTES)
      const bytes = head.length < SIZE_BYTES ? -1 : head.readUInt32LE(0)
      if (bytes < 0 || at + SIZE_BYTES + bytes > this.#file.size) throw this.#cut(index)
      yield this.#feature(this.#file.at(at + SIZE_BYTES, bytes), shapes, index)
      at += SIZE_BYTES + bytes
    }
    if (this.total !== null && index !== this.total) throw this.#cut(index)
  }

  problems(): readonly string[] {
    return [
      ...this.#geometryFaults.problem((count) => `the geometry of ${count} of its features cannot be read and is null`),
      ...this.#propertyFaults.problem(
        (count) => `the properties of ${count} of its features cannot be read to their end: the others are null`,
      ),
      ...this.#ownColumns.problem(
        (count) => `${count} of its features declare columns that the header does not have, and are served without properties`,
      ),
      ...this.#replaced.problem((count) => `${count} of its texts are not UTF-8, and have the replacement character U+FFFD`),
    ]
  }

  close(): void {
    this.#file.close()
  }

  #cut(read: number): Error {
    return new Error(`it is cut short, or corrupt: ${read} of its ${this.total ?? 'unknown number of'} features can be read`)
  }

  #feature(bytes: Buffer, shapes: ShapeWriter, index: number): ReadFeature {
    const number = this.#hasNumber ? [index] : []
    let table: FlatTable
    try {
      table = FlatTable.root(bytes)
    } catch {
      throw new Error(`it is corrupt: feature ${index} cannot be read`)
    }
    return { values: [...number, ...this.#values(table, index)], wkb: this.#wkb(table, shapes, index) }
  }

  #wkb(feature: FlatTable, shapes: ShapeWriter, index: number): Uint8Array | null {
    try {
      const geometry = feature.table(FEATURE.GEOMETRY)
      return geometry && shapes.wkb(geometry, this.#type)
    } catch (error) {
      const { message } = error as Error
      if (message === CURVES) throw error
      this.#geometryFaults.add(`feature ${index}: ${error instanceof RangeError ? 'it is cut short' : message}`)
      return null
    }
  }

  /** A property that is not in the list is null. */
  #values(feature: FlatTable, index: number): readonly (ReadValue | undefined)[] {
    const values: (ReadValue | undefined)[] = new Array(this.#kinds.length)
    try {
      if (feature.tables(FEATURE.COLUMNS).length > 0) {
        this.#ownColumns.add(`feature ${index}`)
        return values
      }
      const bytes = feature.bytes(FEATURE.PROPERTIES)
      for (let at = 0; at < bytes.length; ) {
        const column = bytes.readUInt16LE(at)
        const kind = this.#kinds[column]
        if (!kind) throw new RangeError(`column ${column} is not in the header`)
        const from = at + (kind.bytes === null ? 6 : 2)
        const to = from + (kind.bytes ?? bytes.readUInt32LE(at + 2))
        if (to > bytes.length) throw new RangeError('a value is cut short')
        const value = kind.read(bytes, from, to)
        if (typeof value === 'string' && value.includes('\uFFFD') && !Buffer.from(value).equals(bytes.subarray(from, to)))
          this.#replaced.add(`feature ${index}`)
        values[column] = value
        at = to
      }
    } catch {
      this.#propertyFaults.add(`feature ${index}`)
    }
    return values
  }
}

function crsOf(crs: FlatTable | null): DeclaredCrs {
  if (!crs) return { kind: 'NONE' }
  const wkt = crs.text(CRS.WKT)
  const code = crs.text(CRS.CODE_TEXT) || String(crs.int32(CRS.CODE))
  if (code !== '0') return { kind: 'CODE', code: `${(crs.text(CRS.ORGANIZATION) || 'EPSG').toUpperCase()}:${code}`, wkt }
  return wkt ? { kind: 'WKT', wkt } : { kind: 'NONE' }
}

/** Bytes of a packed tree whose nodes have `nodeSize` boxes. There is no tree if that is 0. */
function indexBytes(features: number, nodeSize: number): number {
  if (nodeSize === 0 || features === 0) return 0
  let [nodes, level] = [features, features]
  // One feature has a root too.
  do {
    level = Math.ceil(level / Math.max(2, nodeSize))
    nodes += level
  } while (level > 1)
  return nodes * INDEX_NODE_BYTES
}

/** Writes geometry tables as WKB. */
class ShapeWriter {
  readonly #out = new WkbWriter()
  #hasZ = false
  #hasM = false

  /** @param type the type of the header; 0: each geometry has its own. @throws Error with the reason */
  wkb(geometry: FlatTable, type: number): Uint8Array {
    this.#out.length = 0
    const [hasZ, hasM] = dimensionsOf(geometry, 0)
    this.#hasZ = hasZ
    this.#hasM = hasM
    this.#geometry(geometry, geometry.uint8(SHAPE.TYPE, 0) || type, 0)
    return this.#out.bytes()
  }

  #geometry(geometry: FlatTable, type: number, depth: number): void {
    if (depth > DEEPEST) throw new Error(`it is nested deeper than ${DEEPEST}`)
    if (type > GEOMETRY.COLLECTION) throw new Error(CURVES)
    if (type < GEOMETRY.POINT) throw new Error('it has no type')
    this.#header(type)
    const count = geometry.lengthOf(SHAPE.XY, 8) / 2
    if (!Number.isInteger(count)) throw new Error('a position lacks its y')
    if (count === 0 && type <= GEOMETRY.POLYGON) throw new Error('it has no positions')
    if (type === GEOMETRY.POINT) this.#position(geometry, 0)
    else if (type === GEOMETRY.LINESTRING) this.#positions(geometry, 0, count)
    else if (type === GEOMETRY.MULTIPOINT) this.#points(geometry, count)
    else if (type === GEOMETRY.POLYGON || type === GEOMETRY.MULTILINESTRING) this.#pieces(geometry, type, count)
    else this.#members(geometry, type, depth)
  }

  #points(geometry: FlatTable, count: number): void {
    this.#count(count)
    for (let n = 0; n < count; n++) {
      this.#header(GEOMETRY.POINT)
      this.#position(geometry, n)
    }
  }

  #members(geometry: FlatTable, type: number, depth: number): void {
    const parts = geometry.tables(SHAPE.PARTS)
    if (parts.length === 0) throw new Error('it has no parts')
    this.#count(parts.length)
    for (const part of parts) {
      const own = part.uint8(SHAPE.TYPE, 0)
      if (type === GEOMETRY.MULTIPOLYGON && part.lengthOf(SHAPE.XY, 8) === 0) throw new Error('a part of it has no positions')
      this.#geometry(part, type === GEOMETRY.MULTIPOLYGON ? GEOMETRY.POLYGON : own, depth + 1)
    }
  }

  /** Rings or lines. Without ends, all positions are one. */
  #pieces(geometry: FlatTable, type: number, count: number): void {
    const listed = geometry.uint32s(SHAPE.ENDS)
    const ends = listed.length > 0 || count === 0 ? listed : [count]
    this.#count(ends.length)
    let from = 0
    for (const to of ends) {
      if (to < from || to > count) throw new Error('its ends are in no order')
      if (type === GEOMETRY.MULTILINESTRING) this.#header(GEOMETRY.LINESTRING)
      this.#positions(geometry, from, to)
      from = to
    }
    if (from !== count) throw new Error('its ends do not cover its positions')
  }

  #header(type: number): void {
    this.#out.header(type + (this.#hasZ ? 1000 : 0) + (this.#hasM ? 2000 : 0))
  }

  #count(count: number): void {
    this.#out.closeCount(this.#out.openCount(), count)
  }

  #positions(geometry: FlatTable, from: number, to: number): void {
    this.#count(to - from)
    for (let n = from; n < to; n++) this.#position(geometry, n)
  }

  #position(geometry: FlatTable, n: number): void {
    this.#out.position(geometry.double(SHAPE.XY, 2 * n), geometry.double(SHAPE.XY, 2 * n + 1))
    if (this.#hasZ) this.#out.ordinate(geometry.double(SHAPE.Z, n))
    if (this.#hasM) this.#out.ordinate(geometry.double(SHAPE.M, n))
  }
}

/** True for each of heights and measures that a geometry or one of its members has. */
function dimensionsOf(geometry: FlatTable, depth: number): [boolean, boolean] {
  let [hasZ, hasM] = [geometry.lengthOf(SHAPE.Z, 8) > 0, geometry.lengthOf(SHAPE.M, 8) > 0]
  for (const part of depth > DEEPEST ? [] : geometry.tables(SHAPE.PARTS)) {
    const [z, m] = dimensionsOf(part, depth + 1)
    hasZ ||= z
    hasM ||= m
  }
  return [hasZ, hasM]
}
