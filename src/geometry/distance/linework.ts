/** Points, lines and rings of a geometry, without what they enclose: what distances from outside are measured to. */

/** Longitudes and latitudes in turn. A point is a line of one position. */
export type Line = Float64Array

/** From WKB as the builder writes it: little endian, two dimensions, no empty members. */
export function linework(wkb: Uint8Array): readonly Line[] {
  const lines: Line[] = []
  const view = new DataView(wkb.buffer, wkb.byteOffset, wkb.byteLength)
  let at = 0
  const count = () => {
    at += 4
    return view.getUint32(at - 4, true)
  }
  const line = (positions: number) => {
    const ordinates = new Float64Array(2 * positions)
    for (let n = 0; n < ordinates.length; n++) ordinates[n] = view.getFloat64(at + 8 * n, true)
    at += 16 * positions
    lines.push(ordinates)
  }
  // No deeper than the builder lets geometries be nested.
  const geometry = () => {
    const type = view.getUint32(at + 1, true)
    at += 5
    if (type === 1) line(1)
    else if (type === 2) line(count())
    else if (type === 3) for (let rings = count(); rings > 0; rings--) line(count())
    else for (let members = count(); members > 0; members--) geometry()
  }
  geometry()
  return lines
}
