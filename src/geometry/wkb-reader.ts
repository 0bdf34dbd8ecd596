/**
 * Reads a client's well-known binary: ISO and EWKB, both byte orders, any of Z, M and ZM. It checks every byte before it uses any of them: a count
 * is never larger than the rest, and nothing is left over. The engine's own reader crashes the process for thirty wrong bytes, so no bytes
 * of a client reach it, only what the builder wrote.
 */

import type { GeometryBuilder } from './builder.ts'
import { GEOMETRY, GEOMETRY_TYPES } from './geometry-type.ts'
import { WkbError, WkbReader } from './wkb.ts'

/** Byte order, type and count. */
const SMALLEST_GEOMETRY = 9
const SMALLEST_RING = 4

export function readWkb(bytes: Uint8Array, to: GeometryBuilder): void {
  const reader = new WkbReader(bytes)
  try {
    const code = reader.open(0, bytes.length)
    readGeometry(reader, { place: 0, code, stride: reader.stride, srid: reader.srid }, to)
    reader.close()
  } catch (error) {
    throw error instanceof WkbError ? to.wrong(error.message) : error
  }
}

/** The SRID of the geometry (EWKB). Null if it has none, or if its header is invalid, which `readWkb` refuses. */
export function sridOfWkb(bytes: Uint8Array): number | null {
  const reader = new WkbReader(bytes)
  try {
    reader.open(0, bytes.length)
    return reader.srid
  } catch {
    return null
  }
}

interface Header {
  readonly place: number
  readonly code: number
  /** The type of the geometry around it; for the outermost geometry, its own type. */
  readonly stride: number
  /** The dimensions of the outermost geometry. */
  readonly srid: number | null
}

/** Reads the content of a geometry after its header. The builder limits the recursion, and refuses members of a wrong type. */
function readGeometry(reader: WkbReader, { place, code, stride: outer, srid }: Header, to: GeometryBuilder): void {
  if (reader.isMixed(place)) throw to.wrong('WKB: a type that says its dimensions as ISO and as EWKB is no type of geometry')
  // Members of a geometry may repeat its SRID.
  if (reader.srid !== null && reader.srid !== srid) {
    throw to.wrong(`WKB: a member has the SRID ${reader.srid}, and the geometry it is in ${srid ?? 'none'}`)
  }
  const { stride } = reader
  const before = to.vertices
  to.begin(GEOMETRY_TYPES[code - 1]!.name)
  if (code === GEOMETRY.POINT) readPoint(reader, to)
  else if (code === GEOMETRY.LINESTRING) readPositions(reader, to)
  else if (code === GEOMETRY.POLYGON) {
    for (let left = reader.countOf(SMALLEST_RING); left > 0; left--) {
      to.beginRing()
      readPositions(reader, to)
      to.end()
    }
  } else {
    for (let left = reader.countOf(SMALLEST_GEOMETRY); left > 0; left--) {
      readGeometry(reader, { place: reader.place, code: reader.header(), stride, srid }, to)
    }
  }
  to.end()
  // GEOS writes empty members in two dimensions, in geometry of any dimensions.
  if (stride !== outer && to.vertices > before) {
    throw to.wrong('WKB: a member has other dimensions than the geometry it is in')
  }
}

/** An empty point is written with NaN for every ordinate. */
function readPoint(reader: WkbReader, to: GeometryBuilder): void {
  const at = reader.positions(1)
  const isEmpty = Array.from({ length: reader.stride / 8 }, (_, n) => reader.ordinate(at + 8 * n)).every(Number.isNaN)
  if (!isEmpty) readPosition(reader, at, to)
}

function readPositions(reader: WkbReader, to: GeometryBuilder): void {
  const { stride } = reader
  const count = reader.count()
  const from = reader.positions(count)
  for (let n = 0; n < count; n++) readPosition(reader, from + n * stride, to)
}

function readPosition(reader: WkbReader, at: number, to: GeometryBuilder): void {
  for (let n = 16; n < reader.stride; n += 8) {
    if (!Number.isFinite(reader.ordinate(at + n))) throw to.wrong('coordinates are finite numbers')
  }
  if (reader.stride > 16) to.isWhole = false
  to.position(reader.ordinate(at), reader.ordinate(at + 8))
}
