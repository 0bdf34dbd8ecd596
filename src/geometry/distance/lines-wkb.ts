import { GEOMETRY } from '../geometry-type.ts'
import { WkbWriter } from '../wkb-writer.ts'

/** Lines (longitudes and latitudes in turn), and points where a line has one position, as a collection in WKB. */
export function linesWkb(lines: readonly (readonly number[])[]): Uint8Array {
  const out = new WkbWriter()
  out.header(GEOMETRY.COLLECTION)
  out.closeCount(out.openCount(), lines.length)
  for (const line of lines) {
    const isPoint = line.length === 2
    out.header(isPoint ? GEOMETRY.POINT : GEOMETRY.LINESTRING)
    if (!isPoint) out.closeCount(out.openCount(), line.length / 2)
    for (let n = 0; n < line.length; n += 2) out.position(line[n] as number, line[n + 1] as number)
  }
  return out.bytes()
}
