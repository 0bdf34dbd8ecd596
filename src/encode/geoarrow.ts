/**
 * Geometries of one type as GeoArrow's native arrays (geoarrow.org/format, interleaved): lists in lists of positions, all
 * coordinates of a batch in one buffer. It reads the WKB that every encoding reads, which costs 15 ns per position; nested
 * lists out of the engine cost it more than that (docs/speed.md), and could be neither null nor empty.
 */
import { GEOMETRY, typeOfNative } from '../geometry/geometry-type.ts'
import { WkbError, WkbReader } from '../geometry/wkb.ts'
import { type ArrowArray, nullsOf } from './arrow-body.ts'
import type { ColumnData, GeoArrowShape } from './batch.ts'
import { bytesOf, isSet } from './bytes.ts'

export const DIMENSIONS: Readonly<Record<GeoArrowShape['coordinates'], number>> = { XY: 2, XYZ: 3 }

/** Offsets of one list's items, as they are found. */
class Offsets {
  length = 0
  private values = new Int32Array(1_025)

  push(offset: number): void {
    if (this.length === this.values.length) {
      const larger = new Int32Array(2 * this.length)
      larger.set(this.values)
      this.values = larger
    }
    this.values[this.length++] = offset
  }

  written(): Uint8Array {
    return new Uint8Array(this.values.buffer, 0, 4 * this.length)
  }
}

/** One column of a plan's batches. Its buffers are used again by the next batch. */
export class GeoArrowColumn {
  /** WKB's code. */
  private readonly type: number
  private readonly stride: number
  private readonly levels: readonly Offsets[]
  private coordinates = new Float64Array(0)
  private used = 0

  constructor({ type, coordinates }: GeoArrowShape) {
    const { code, lists } = typeOfNative(type)
    this.type = code
    this.stride = DIMENSIONS[coordinates]
    this.levels = lists.map(() => new Offsets())
  }

  /**
   * Returns rows [from, to) as the arrays of the column and its items, outermost first. @throws WkbError for another shape
   */
  read(data: ColumnData, from: number, to: number): ArrowArray[] {
    const { validity, offsets, bytes } = bytesOf(data)
    // WKB has more bytes than coordinates; an empty or missing point has some where WKB has none.
    const most = (offsets[to]! - offsets[from]!) / 8 + this.stride * (to - from)
    if (most > this.coordinates.length) this.coordinates = new Float64Array(Math.ceil(1.25 * most))
    this.used = 0
    for (const level of this.levels) {
      level.length = 0
      level.push(0)
    }
    const reader = new WkbReader(bytes)
    for (let row = from; row < to; row++) {
      if (validity === null || isSet(validity, row)) this.geometry(reader, offsets[row]!, offsets[row + 1]!)
      else this.missing()
    }
    const [outermost, ...inner] = this.arrays()
    const { nullCount, validity: bitmap } = nullsOf(data, from, to)
    return [{ ...outermost!, nullCount, buffers: [bitmap, ...outermost!.buffers.slice(1)] }, ...inner]
  }

  private arrays(): ArrowArray[] {
    const array = (length: number, ...buffers: Uint8Array[]) => ({ length, nullCount: 0, buffers: [EMPTY, ...buffers] })
    return [
      ...this.levels.map((level) => array(level.length - 1, level.written())),
      array(this.used / this.stride),
      array(this.used, new Uint8Array(this.coordinates.buffer, 0, 8 * this.used)),
    ]
  }

  /** Returns the number of items so far in all lists of a level: lists of the next level, or positions. */
  private itemsOf(level: number): number {
    const inner = this.levels[level + 1]
    return inner ? inner.length - 1 : this.used / this.stride
  }

  private geometry(reader: WkbReader, from: number, to: number): void {
    const { type } = this
    const found = reader.open(from, to)
    if (reader.stride !== 8 * this.stride) throw new WkbError('WKB has other dimensions than its column')
    if (found === type) this.body(reader, type, 0)
    else if (found === type - GEOMETRY.MULTIPOINT + GEOMETRY.POINT) this.body(reader, found, 1)
    else throw new WkbError(`WKB geometry type ${found} is not its column's`)
    // One of the members' type is a geometry of one member.
    if (found !== type) this.close(0)
    reader.close()
  }

  private body(reader: WkbReader, type: number, level: number): void {
    switch (type) {
      case GEOMETRY.POINT:
        this.positions(reader, 1)
        return
      case GEOMETRY.LINESTRING:
        this.positions(reader, reader.count())
        break
      case GEOMETRY.POLYGON:
        for (let rings = reader.count(); rings > 0; rings--) {
          this.positions(reader, reader.count())
          this.close(level + 1)
        }
        break
      default:
        for (let members = reader.count(); members > 0; members--) {
          this.body(reader, reader.enter(type), level + 1)
          reader.leave()
        }
    }
    this.close(level)
  }

  private positions(reader: WkbReader, count: number): void {
    const numbers = count * this.stride
    reader.copy(reader.positions(count), numbers, this.coordinates, this.used)
    this.used += numbers
  }

  /** The list of this level ends here. */
  private close(level: number): void {
    this.levels[level]!.push(this.itemsOf(level))
  }

  /** A null occupies an entry: an empty list, or a position of no numbers. */
  private missing(): void {
    if (this.levels.length > 0) this.close(0)
    else for (let n = 0; n < this.stride; n++) this.coordinates[this.used++] = Number.NaN
  }
}

const EMPTY = new Uint8Array(0)
