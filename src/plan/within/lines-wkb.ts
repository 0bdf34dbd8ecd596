import { GEOMETRY } from '../../geometry/geometry-type.ts'
import { WkbWriter } from '../geometry/wkb-writer.ts'
import type { Position } from './linework.ts'

/** Lines, and points where a line has one position, as a collection in WKB. */
export function linesWkb(lines: readonly (readonly Position[])[]): Uint8Array {
  const out = new WkbWriter()
  out.header(GEOMETRY.COLLECTION)
  out.closeCount(out.openCount(), lines.length)
  for (const line of lines) {
    out.header(line.length === 1 ? GEOMETRY.POINT : GEOMETRY.LINESTRING)
    if (line.length > 1) out.closeCount(out.openCount(), line.length)
    for (const [x, y] of line) out.position(x, y)
  }
  return out.bytes()
}
