/**
 * Draws one geometry after another in a tile: projected, simplified, clipped to the tile and its buffer, and with whole numbers as coordinates.
 * Geometry is simplified before it is clipped, so that neighbouring tiles agree about every line that crosses their edge.
 */
import { HALF_WORLD, MAX_LATITUDE } from '../../geometry/cells.ts'
import { GEOMETRY } from '../../geometry/geometry-type.ts'
import { Lattice, type LatticeData } from '../../geometry/lattice.ts'
import { BUFFER, EXTENT, type TilePlace } from '../../geometry/tile-place.ts'
import type { WkbReader } from '../../geometry/wkb.ts'
import { Commands } from './commands.ts'
import { clipRing, Path, Simplifier, twiceArea } from './path.ts'

const [LOW, HIGH] = [-BUFFER, EXTENT + BUFFER]
/** Twice the area of a clipped ring that is more than rounding. The ring may consist of lines along the edge of the tile. */
const LEAST_AREA = 1e-6
/** Degrees. The poles themselves are infinitely far away. */
const FARTHEST = MAX_LATITUDE + 4
const RADIANS = Math.PI / 180

export interface TileOptions {
  readonly tile: TilePlace
  /** True if coordinates are longitude and latitude. False: metres of Web Mercator. */
  readonly isLonLat: boolean
  /** Coordinates are of another CRS, and this has their longitudes and latitudes. @default none */
  readonly lattice?: LatticeData
  /** Units that a line may move when it is simplified. 0: it keeps all its positions. */
  readonly tolerance: number
}

export class TileGeometry {
  readonly points = new Commands()
  readonly lines = new Commands()
  readonly polygons = new Commands()
  private options!: TileOptions
  private lattice: Lattice | null = null
  /** Units of the width of the world. */
  private world = 0
  private left = 0
  private top = 0
  private reader!: WkbReader
  private readonly source = new Path()
  private readonly ring = new Path()
  private readonly scratch = new Path()
  private readonly simplifier = new Simplifier()
  private snapped = new Int32Array(512)
  /** The turns around the earth with a polygon of this geometry. A second one needs no square. */
  private readonly turnsDrawn = new Set<number>()
  /** The box around the last positions that were read. */
  private west = 0
  private north = 0
  private east = 0
  private south = 0

  constructor(options: TileOptions) {
    this.place(options)
  }

  /** Draws in another tile from now on. */
  place(options: TileOptions): void {
    this.options = options
    this.lattice = options.lattice ? Lattice.from(options.lattice) : null
    this.world = EXTENT * 2 ** options.tile.zoom
    this.left = EXTENT * options.tile.x
    this.top = EXTENT * options.tile.y
  }

  /** Draws the geometry in bytes [from, to) of the reader. @throws WkbError */
  draw(reader: WkbReader, from: number, to: number): void {
    this.reader = reader
    this.points.clear()
    this.lines.clear()
    this.polygons.clear()
    this.turnsDrawn.clear()
    this.geometry(reader.open(from, to))
    reader.close()
  }

  private geometry(type: number): void {
    const { reader } = this
    switch (type) {
      case GEOMETRY.POINT:
        this.point()
        break
      case GEOMETRY.LINESTRING:
        this.line()
        break
      case GEOMETRY.POLYGON:
        this.polygon()
        break
      default:
        for (let members = reader.count(); members > 0; members--) {
          this.geometry(reader.enter(type))
          reader.leave()
        }
    }
  }

  private point(): void {
    this.source.length = 0
    this.read(1)
    if (this.source.length === 0) return
    const [x, y] = [this.source.numbers[0]!, this.source.numbers[1]!]
    if (y < LOW || y > HIGH) return
    for (let turn = -1; turn <= 1; turn++) {
      const turned = x + turn * this.world
      if (turned >= LOW && turned <= HIGH) this.points.point(Math.round(turned), Math.round(y))
    }
  }

  private line(): void {
    const { source } = this
    source.length = 0
    this.read(this.reader.count())
    if (!this.isNear()) return
    source.length = this.simplifier.simplify(source, 0, source.length, this.options.tolerance, false)
    for (let turn = -1; turn <= 1; turn++) if (this.isNear(turn)) this.clipLine(turn * this.world)
  }

  /** Draws the pieces of a line that are in the tile (Liang and Barsky). If all of it is within one unit, it is a line of one unit. */
  private clipLine(shift: number): void {
    const { numbers, length } = this.source
    const before = this.lines.length
    let count = 0
    let first = 0
    let isIn = false
    for (let at = 0; at + 3 < length; at += 2) {
      const [x, y] = [numbers[at]! + shift, numbers[at + 1]!]
      const [dx, dy] = [numbers[at + 2]! + shift - x, numbers[at + 3]! - y]
      let [enter, leave] = [0, 1]
      for (let side = 0; side < 4; side++) {
        const step = side < 2 ? dx : dy
        const away = (side & 1) === 0 ? LOW - (side < 2 ? x : y) : HIGH - (side < 2 ? x : y)
        if (step === 0) {
          if ((side & 1) === 0 ? away > 0 : away < 0) leave = -1
        } else {
          const share = away / step
          if (step > 0 === ((side & 1) === 0)) enter = Math.max(enter, share)
          else leave = Math.min(leave, share)
        }
      }
      if (enter > leave) continue
      if (enter > 0 || count === 0) {
        this.putLine(count)
        first = x + enter * dx
        count = this.snap(first, y + enter * dy, 0)
      }
      isIn = true
      count = this.snap(x + leave * dx, y + leave * dy, count)
      if (leave < 1) {
        this.putLine(count)
        count = 0
      }
    }
    this.putLine(count)
    if (isIn && this.lines.length === before) {
      const x = Math.max(LOW, Math.min(HIGH - 1, Math.floor(first)))
      this.snapped.set([x, this.snapped[1]!, x + 1, this.snapped[1]!])
      this.lines.path(this.snapped, 2, false)
    }
  }

  private putLine(count: number): void {
    if (count > 1) this.lines.path(this.snapped, count, false)
  }

  /** Adds a position to `snapped`, unless it is the last one again. Returns the new count. */
  private snap(x: number, y: number, count: number): number {
    const [column, row] = [Math.round(x), Math.round(y)]
    if (2 * count + 2 > this.snapped.length) {
      const larger = new Int32Array(2 * this.snapped.length)
      larger.set(this.snapped)
      this.snapped = larger
    }
    const { snapped } = this
    if (count > 0 && snapped[2 * count - 2] === column && snapped[2 * count - 1] === row) return count
    snapped[2 * count] = column
    snapped[2 * count + 1] = row
    return count + 1
  }

  private polygon(): void {
    const { reader, source, options } = this
    const rings = reader.count()
    const ends: number[] = []
    source.length = 0
    for (let n = 0; n < rings; n++) {
      const from = source.length
      const count = reader.count()
      // Nothing of a polygon is in the tile if its shell is not.
      if (n > 0 && ends.length === 0) {
        reader.positions(count)
        continue
      }
      this.read(count)
      if (n === 0 && !this.isNear()) source.length = 0
      if (n === 0 && source.length === 0) continue
      const end = source.length
      const isClosed =
        end - from > 2 && source.numbers[from] === source.numbers[end - 2] && source.numbers[from + 1] === source.numbers[end - 1]
      const simplified = this.simplifier.simplify(source, from, end, options.tolerance, true)
      // A ring of a tile does not repeat its first position.
      source.length = isClosed ? simplified - 2 : simplified
      ends.push(source.length)
    }
    if (ends.length === 0) return
    for (let turn = -1; turn <= 1; turn++) this.rings(ends, turn * this.world)
  }

  /** Draws the rings of a polygon. One that covers a part of the tile, but less than a unit of its grid, is a square of one unit. */
  private rings(ends: readonly number[], shift: number): void {
    const { source, ring } = this
    let from = 0
    for (const [n, end] of ends.entries()) {
      ring.length = 0
      let isInside = true
      for (let at = from; at < end; at += 2) {
        const [x, y] = [source.numbers[at]! + shift, source.numbers[at + 1]!]
        isInside &&= x >= LOW && x <= HIGH && y >= LOW && y <= HIGH
        ring.add(x, y)
      }
      from = end
      if (!isInside) clipRing(ring, this.scratch, LOW, HIGH)
      const drawn = this.drawRing(n === 0)
      if (drawn) this.turnsDrawn.add(shift)
      if (n > 0 || drawn) continue
      const covered = Math.abs(twiceArea(ring))
      if (!this.turnsDrawn.has(shift) && (isInside ? covered > 0 : covered > LEAST_AREA)) this.square(shift)
      return
    }
  }

  private square(shift: number): void {
    const [x, y] = [0, 1].map((axis) => Math.max(LOW, Math.min(HIGH - 1, Math.floor(this.ring.numbers[axis]!)))) as [
      number,
      number,
    ]
    this.turnsDrawn.add(shift)
    this.snapped.set([x, y, x + 1, y, x + 1, y + 1, x, y + 1])
    this.polygons.path(this.snapped, 4, true)
  }

  /** Draws `ring` without what its whole numbers make of it: repeated positions, positions on a straight line, and spikes. */
  private drawRing(isShell: boolean): boolean {
    const { ring } = this
    let count = 0
    for (let at = 0; at < ring.length; at += 2) {
      count = this.straighten(this.snap(ring.numbers[at]!, ring.numbers[at + 1]!, count))
    }
    const { snapped } = this
    // The ring is closed, so its end and its beginning are one line too.
    let first = 0
    for (let changed = true; changed && count - first >= 3; ) {
      changed = false
      if (isStraight(snapped, count - 2, count - 1, first)) {
        count--
        changed = true
      } else if (isStraight(snapped, count - 1, first, first + 1)) {
        first++
        changed = true
      }
    }
    if (count - first < 3) return false
    if (first > 0) snapped.copyWithin(0, 2 * first, 2 * count)
    count -= first
    const area = areaOf(snapped, count)
    if (area === 0) return false
    if (area > 0 !== isShell) reverse(snapped, count)
    this.polygons.path(snapped, count, true)
    return true
  }

  /** Removes the positions before the last one that are on a straight line, or at the point of a spike. */
  private straighten(count: number): number {
    const { snapped } = this
    let left = count
    while (left >= 3 && isStraight(snapped, left - 3, left - 2, left - 1)) {
      snapped[2 * left - 4] = snapped[2 * left - 2]!
      snapped[2 * left - 3] = snapped[2 * left - 1]!
      left--
      if (left >= 2 && snapped[2 * left - 4] === snapped[2 * left - 2] && snapped[2 * left - 3] === snapped[2 * left - 1]) left--
    }
    return left
  }

  /** Adds `count` positions of the reader to `source`, and measures their box. Positions without a place are left out. */
  private read(count: number): void {
    const { reader, source, world, left, top, options, lattice } = this
    let at = reader.positions(count)
    let [west, north, east, south] = [Infinity, Infinity, -Infinity, -Infinity]
    for (let i = 0; i < count; i++, at += reader.stride) {
      let x = reader.ordinate(at)
      let y = reader.ordinate(at + 8)
      if (lattice) {
        lattice.place(x, y)
        x = lattice.longitude
        y = lattice.latitude
      }
      if (options.isLonLat) {
        const s = Math.sin(Math.max(-FARTHEST, Math.min(FARTHEST, y)) * RADIANS)
        x = (x / 360 + 0.5) * world - left
        y = (0.5 - Math.log((1 + s) / (1 - s)) / (4 * Math.PI)) * world - top
      } else {
        x = (x / (2 * HALF_WORLD) + 0.5) * world - left
        y = (0.5 - y / (2 * HALF_WORLD)) * world - top
      }
      if (!Number.isFinite(x + y)) continue
      if (x < west) west = x
      if (x > east) east = x
      if (y < north) north = y
      if (y > south) south = y
      source.add(x, y)
    }
    this.west = west
    this.north = north
    this.east = east
    this.south = south
  }

  /** True if the last box meets the tile, after this number of turns around the earth. Without one: after any. */
  private isNear(turn?: number): boolean {
    if (this.south < LOW || this.north > HIGH) return false
    const meets = (by: number) => this.east + by * this.world >= LOW && this.west + by * this.world <= HIGH
    return turn === undefined ? meets(0) || meets(-1) || meets(1) : meets(turn)
  }
}

function isStraight(positions: Int32Array, a: number, b: number, c: number): boolean {
  const [x, y] = [positions[2 * b]!, positions[2 * b + 1]!]
  return (x - positions[2 * a]!) * (positions[2 * c + 1]! - y) === (y - positions[2 * a + 1]!) * (positions[2 * c]! - x)
}

/** Twice the area: positive for a shell (4.3.3.3). */
function areaOf(positions: Int32Array, count: number): number {
  let area = 0
  for (let i = 0, before = count - 1; i < count; before = i++) {
    area += positions[2 * before]! * positions[2 * i + 1]! - positions[2 * i]! * positions[2 * before + 1]!
  }
  return area
}

function reverse(positions: Int32Array, count: number): void {
  for (let i = 0, j = count - 1; i < j; i++, j--) {
    for (const axis of [0, 1]) {
      const kept = positions[2 * i + axis]!
      positions[2 * i + axis] = positions[2 * j + axis]!
      positions[2 * j + axis] = kept
    }
  }
}
