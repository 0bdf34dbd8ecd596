import { GeoduckError } from '../model/errors.ts'
import type { BBox } from '../model/layer.ts'
import { show } from '../model/show.ts'
import { type ClientGeometry, GeometryBuilder } from './builder.ts'

/**
 * Checks a bbox of a client. West > east, across the antimeridian, stays unchanged. It is valid only if coordinates are
 * longitudes.
 */
export function readBox(values: unknown, isLonLat: boolean, argument: string): BBox {
  const wrong = (what: string) => new GeoduckError('BAD_INPUT', `\`${argument}\` takes [west, south, east, north]: ${what}.`)
  if (!Array.isArray(values) || values.length !== 4) throw wrong('four numbers')
  for (const value of values)
    if (typeof value !== 'number' || !Number.isFinite(value)) throw wrong(`finite numbers, not ${show(value)}`)
  const box = values as unknown as BBox
  const [west, south, east, north] = box
  if (south > north) throw wrong(`south ${south} is above north ${north}`)
  if (isLonLat) {
    for (const latitude of [south, north])
      if (Math.abs(latitude) > 90) throw wrong(`latitude ${latitude} is not within -90 and 90`)
    for (const longitude of [west, east])
      if (Math.abs(longitude) > 180) throw wrong(`longitude ${longitude} is not within -180 and 180`)
  } else if (west > east) {
    throw wrong(`west ${west} is beyond east ${east}, which only longitudes can be`)
  }
  return box
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
