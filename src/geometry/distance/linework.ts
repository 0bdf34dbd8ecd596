import { GEOMETRY } from '../geometry-type.ts'
import { WkbReader } from '../wkb.ts'

/** Points, lines and rings of a geometry, without what they enclose: what distances from outside are measured to. */

/** Longitudes and latitudes in turn. A point is a line of one position. */
export type Line = Float64Array

/** From WKB as the builder writes it: in two dimensions, without empty members. */
export function linework(wkb: Uint8Array): readonly Line[] {
  const lines: Line[] = []
  const reader = new WkbReader(wkb)
  const line = (positions: number) => {
    const from = reader.positions(positions)
    const ordinates = new Float64Array(2 * positions)
    for (let n = 0; n < ordinates.length; n++) ordinates[n] = reader.ordinate(from + 8 * n)
    lines.push(ordinates)
  }
  // No deeper than the builder lets geometries be nested.
  const geometry = (type: number) => {
    if (type === GEOMETRY.POINT) line(1)
    else if (type === GEOMETRY.LINESTRING) line(reader.count())
    else if (type === GEOMETRY.POLYGON) for (let rings = reader.count(); rings > 0; rings--) line(reader.count())
    else for (let members = reader.count(); members > 0; members--) geometry(reader.header())
  }
  geometry(reader.open(0, wkb.length))
  return lines
}
