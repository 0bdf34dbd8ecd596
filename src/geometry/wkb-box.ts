import type { BBox } from '../model/layer.ts'
import { GEOMETRY } from './geometry-type.ts'
import { WkbReader } from './wkb.ts'

/** Returns the box around all positions of a geometry, by x and y. Null if it is empty. @throws WkbError */
export function boxOfWkb(bytes: Uint8Array): BBox | null {
  const reader = new WkbReader(bytes)
  let [west, south, east, north] = [Infinity, Infinity, -Infinity, -Infinity]

  function visit(type: number): void {
    const count = type === GEOMETRY.POINT ? 1 : reader.count()
    if (type <= GEOMETRY.LINESTRING) positions(count)
    else if (type === GEOMETRY.POLYGON) for (let n = 0; n < count; n++) positions(reader.count())
    else {
      for (let n = 0; n < count; n++) {
        visit(reader.enter(type))
        reader.leave()
      }
    }
  }

  function positions(count: number): void {
    let at = reader.positions(count)
    for (let n = 0; n < count; n++, at += reader.stride) {
      const [x, y] = [reader.ordinate(at), reader.ordinate(at + 8)]
      if (x < west) west = x
      if (y < south) south = y
      if (x > east) east = x
      if (y > north) north = y
    }
  }

  visit(reader.open(0, bytes.length))
  return west > east ? null : [west, south, east, north]
}
