import { GEOMETRY } from '../../geometry/geometry-type.ts'
import { WkbReader } from '../../geometry/wkb.ts'

/** Points, lines and rings of a geometry, without what they enclose: what distances from outside are measured to. */
export type Position = readonly [longitude: number, latitude: number]

/** A point is a line of one position. From WKB as the builder writes it: in two dimensions, without empty members. */
export function linework(wkb: Uint8Array): readonly (readonly Position[])[] {
  const lines: Position[][] = []
  const reader = new WkbReader(wkb)
  const line = (length: number) => {
    const from = reader.positions(length)
    lines.push(Array.from({ length }, (_, n) => [reader.ordinate(from + 16 * n), reader.ordinate(from + 16 * n + 8)] as const))
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
