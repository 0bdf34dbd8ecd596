import { GEOMETRY } from '../../geometry/geometry-type.ts'
import type { WkbReader } from '../../geometry/wkb.ts'

/** The initial west, south, east, north, lowest and highest values, before any position. */
const NOWHERE = Float64Array.of(Infinity, Infinity, -Infinity, -Infinity, Infinity, -Infinity)

/** The box around one geometry after another. */
export class GeometryBox {
  /**
   * West, south, east, north, lowest and highest. NaN heights are ignored. The last two are infinite without heights.
   */
  readonly sides = new Float64Array(6)
  private readonly reader: WkbReader

  constructor(reader: WkbReader) {
    this.reader = reader
  }

  /** Measures the geometry in bytes [from, to) of the reader. False for an empty one or one without end. Throws WkbError. */
  measure(from: number, to: number): boolean {
    this.sides.set(NOWHERE)
    this.geometry(this.reader.open(from, to))
    this.reader.close()
    const { sides } = this
    return Number.isFinite(sides[0]! + sides[1]! + sides[2]! + sides[3]!)
  }

  private geometry(type: number): void {
    const { reader } = this
    switch (type) {
      case GEOMETRY.POINT:
        this.positions(1)
        break
      case GEOMETRY.LINESTRING:
        this.positions(reader.count())
        break
      case GEOMETRY.POLYGON:
        for (let rings = reader.count(); rings > 0; rings--) this.positions(reader.count())
        break
      default:
        for (let members = reader.count(); members > 0; members--) {
          this.geometry(reader.enter(type))
          reader.leave()
        }
    }
  }

  /** NaN compares as false: the NaNs of an empty point change nothing. */
  private positions(count: number): void {
    const { reader, sides } = this
    const { stride } = reader
    const from = reader.positions(count)
    let west = sides[0]!
    let south = sides[1]!
    let east = sides[2]!
    let north = sides[3]!
    for (let at = from, end = from + count * stride; at < end; at += stride) {
      const x = reader.ordinate(at)
      const y = reader.ordinate(at + 8)
      if (x < west) west = x
      if (x > east) east = x
      if (y < south) south = y
      if (y > north) north = y
    }
    sides[0] = west
    sides[1] = south
    sides[2] = east
    sides[3] = north
    if (reader.hasZ) this.heights(from, count)
  }

  private heights(from: number, count: number): void {
    const { reader, sides } = this
    for (let i = 0; i < count; i++) {
      const z = reader.ordinate(from + i * reader.stride + 16)
      if (!Number.isFinite(z)) continue
      if (z < sides[4]!) sides[4] = z
      if (z > sides[5]!) sides[5] = z
    }
  }
}
