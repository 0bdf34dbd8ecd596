/** Reads the geometry of GeoPackage: a header, and ISO WKB. OGC 12-128r19, clause 2.1.3. */
import { GEOMETRY } from '../../../../geometry/geometry-type.ts'
import { WkbError, WkbReader } from '../../../../geometry/wkb.ts'
import { CURVES } from './reader.ts'

/** Bytes of the envelope by its code in the flags. */
const ENVELOPE_BYTES = [0, 32, 48, 48, 64]
const HEADER_BYTES = 8
const EXTENDED = 0x20

/** @throws Error with the reason why these bytes are no geometry */
export function wkbOfGpkg(blob: Uint8Array): Uint8Array {
  if (blob.length < HEADER_BYTES || blob[0] !== 0x47 || blob[1] !== 0x50) throw new WkbError('it does not begin with GP')
  const flags = blob[3]!
  if (flags & EXTENDED) throw new WkbError('it is of an extended type')
  const envelope = ENVELOPE_BYTES[(flags >> 1) & 7]
  if (envelope === undefined) throw new WkbError('its envelope is of an unknown kind')
  const wkb = blob.subarray(HEADER_BYTES + envelope)
  if (isCurved(wkb)) throw new Error(CURVES)
  proveWkb(wkb)
  return wkb
}

/** True for CircularString and the types after it, in all dimensions. */
function isCurved(wkb: Uint8Array): boolean {
  if (wkb.length < 5) return false
  const code = new DataView(wkb.buffer, wkb.byteOffset).getUint32(1, wkb[0] === 1) % 1000
  return code > GEOMETRY.COLLECTION && code <= 17
}

/** Reads all bytes, because the engine ends its process for some wrong ones. @throws Error with the reason */
export function proveWkb(wkb: Uint8Array): void {
  const reader = new WkbReader(wkb)
  prove(reader, reader.open(0, wkb.length))
  reader.close()
}

function prove(reader: WkbReader, type: number): void {
  if (type === GEOMETRY.POINT) {
    reader.positions(1)
  } else if (type === GEOMETRY.LINESTRING) {
    reader.positions(reader.count())
  } else if (type === GEOMETRY.POLYGON) {
    for (let rings = reader.countOf(4); rings > 0; rings--) reader.positions(reader.count())
  } else {
    for (let members = reader.countOf(9); members > 0; members--) {
      prove(reader, reader.enter(type))
      reader.leave()
    }
  }
}
