import { GeoduckError } from '../model/errors.ts'
import type { BBox } from '../model/layer.ts'
import { show } from '../model/show.ts'
import { type ClientGeometry, GeometryBuilder } from './builder.ts'

/**
 * Checks a bbox of a client. Only longitudes may have west > east, across the antimeridian. A map gives boxes beyond 180 degrees: their longitudes
 * are taken modulo 360.
 */
export function readBox(values: unknown, isLonLat: boolean, argument: string): BBox {
  const wrong = (what: string) => new GeoduckError('BAD_INPUT', `\`${argument}\` takes [west, south, east, north]: ${what}.`)
  if (!Array.isArray(values) || values.length !== 4) throw wrong('four numbers')
  for (const value of values)
    if (typeof value !== 'number' || !Number.isFinite(value)) throw wrong(`finite numbers, not ${show(value)}`)
  const box = values as unknown as BBox
  const [west, south, east, north] = box
  if (south > north) throw wrong(`south ${south} is above north ${north}`)
  if (!isLonLat) {
    if (west > east) throw wrong(`west ${west} is beyond east ${east}, which only longitudes can be`)
    return box
  }
  for (const degrees of box) {
    if (Math.abs(degrees) > MOST_DEGREES)
      throw wrong(
        `${degrees} is neither a longitude nor a latitude in degrees; give a box in another CRS to \`intersects\`, with its \`crs\``,
      )
  }
  if (south > 90 || north < -90) throw wrong(`latitudes ${south} to ${north} are not within -90 and 90`)
  const [from, to] = longitudes(west, east)
  return [from, Math.max(-90, south), to, Math.min(90, north)]
}

/** A map that turned more than 200 times around the earth is less likely than a box in metres. */
const MOST_DEGREES = 100_000
/** A sum of 360 degrees may be less by rounding. Then the whole earth would become one meridian. */
const WHOLE = 360 - 1e-9

/**
 * Returns both longitudes within -180 and 180. If one of them was beyond, a box that ends at the antimeridian has both its sides, because features
 * there have the longitude 180 or -180.
 */
function longitudes(west: number, east: number): readonly [west: number, east: number] {
  if (Math.abs(west) <= 180 && Math.abs(east) <= 180) return [west, east]
  if (east - west >= WHOLE) return [-180, 180]
  const [from, to] = [wrapped(west), wrapped(east)]
  return [from === -180 ? 180 : from, to === 180 ? -180 : to]
}

/** Subtracts turns of 360 degrees as one does with decimals: 190.1 becomes -169.9, not -169.90000000000001. */
function wrapped(longitude: number): number {
  if (Math.abs(longitude) <= 180) return longitude
  const decimals = String(longitude).split('.')[1]?.length ?? 0
  const rest = longitude % 360
  const within = rest > 180 ? rest - 360 : rest < -180 ? rest + 360 : rest
  return Number(within.toFixed(decimals))
}

/**
 * Returns the box as a geometry: a polygon, or one on each side of the antimeridian. A box without width or height is a line or a point.
 */
export function boxGeometry(box: BBox, argument: string): ClientGeometry {
  const [west, south, east, north] = box
  const to = new GeometryBuilder(argument, false)
  if (west <= east) {
    putBox(box, to)
  } else {
    // The engine is faster with polygons only. A box that ends at the antimeridian has no area on one side.
    const bothHaveArea = west < 180 && east > -180 && south < north
    to.begin(bothHaveArea ? 'MultiPolygon' : 'GeometryCollection')
    putBox([west, south, 180, north], to)
    putBox([-180, south, east, north], to)
    to.end()
  }
  return { wkb: to.finish().wkb, bbox: box }
}

function putBox([west, south, east, north]: BBox, to: GeometryBuilder): void {
  const isPoint = west === east && south === north
  const isLine = west === east || south === north
  to.begin(isPoint ? 'Point' : isLine ? 'LineString' : 'Polygon')
  if (isPoint || isLine) {
    to.position(west, south)
    if (!isPoint) to.position(east, north)
  } else {
    to.beginRing()
    for (const [x, y] of [
      [west, south],
      [east, south],
      [east, north],
      [west, north],
      [west, south],
    ] as const)
      to.position(x, y)
    to.end()
  }
  to.end()
}

/** Returns the box around both. */
export function around(one: BBox | null, other: BBox | null): BBox | null {
  if (!one || !other) return one ?? other
  const [west, south, east, north] = one
  return [Math.min(west, other[0]), Math.min(south, other[1]), Math.max(east, other[2]), Math.max(north, other[3])]
}

const CELLS = 8

/** Returns at most 64 boxes that hold all of these: those with their centres in the same cell of a grid become one. */
export function gathered(boxes: readonly BBox[]): readonly BBox[] {
  if (boxes.length <= CELLS * CELLS) return boxes
  const [west, south, east, north] = boxes.reduce((all: BBox | null, box) => around(all, box), null)!
  const cellOf = (low: number, high: number, from: number, to: number) =>
    to > from ? Math.min(CELLS - 1, Math.floor((CELLS * ((low + high) / 2 - from)) / (to - from))) : 0
  const cells = new Map<number, BBox>()
  for (const box of boxes) {
    const cell = CELLS * cellOf(box[0], box[2], west, east) + cellOf(box[1], box[3], south, north)
    cells.set(cell, around(cells.get(cell) ?? null, box)!)
  }
  return [...cells.values()]
}
