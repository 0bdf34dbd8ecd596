/**
 * Strict well-known binary: ISO (OGC Simple Features 1.2.1, 8.2) and EWKB, both byte orders, any of Z, M and ZM. Every byte is
 * accounted for before any of it is believed: a count never asks for more than is there, and nothing is left over. The engine's
 * own reader crashes the process on thirty wrong bytes, so nothing a client gives reaches it but what the builder wrote.
 */
import type { GeometryTypeName } from '../model/layer.ts'
import type { GeometryBuilder } from './builder.ts'
import { MEMBER_TYPES, TYPE_NAMES } from './geometry-type.ts'

const EWKB_Z = 0x80000000
const EWKB_M = 0x40000000
const EWKB_SRID = 0x20000000
/** Byte order, type and count. */
const SMALLEST_GEOMETRY = 9
const SMALLEST_RING = 4

export function readWkb(bytes: Uint8Array, to: GeometryBuilder): void {
  const reader = new WkbReader(bytes, to)
  reader.geometry(null)
  reader.finish()
}

/** The SRID that the geometry carries (EWKB); null: it has none, or not all of it is there. */
export function sridOfWkb(bytes: Uint8Array): number | null {
  if (bytes.length < 9) return null
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const littleEndian = view.getUint8(0) === 1
  return view.getUint32(1, littleEndian) & EWKB_SRID ? view.getUint32(5, littleEndian) : null
}

interface Header {
  readonly type: GeometryTypeName
  readonly ordinates: number
  readonly littleEndian: boolean
}

/** Recursion ends at the builder's depth. */
class WkbReader {
  readonly #view: DataView
  readonly #to: GeometryBuilder
  readonly #srid: number | null
  #at = 0

  constructor(bytes: Uint8Array, to: GeometryBuilder) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#to = to
    this.#srid = sridOfWkb(bytes)
  }

  geometry(parent: Header | null): void {
    const header = this.#header(parent)
    const { type } = header
    const before = this.#to.vertices
    this.#to.begin(type)
    if (type === 'Point') this.#point(header)
    else if (type === 'LineString') this.#positions(header)
    else if (type === 'Polygon') this.#rings(header)
    else for (let left = this.#count(header, SMALLEST_GEOMETRY); left > 0; left--) this.geometry(header)
    this.#to.end()
    // GEOS writes empty members in two dimensions, whatever they are in.
    if (parent && header.ordinates !== parent.ordinates && this.#to.vertices > before) {
      throw this.#to.wrong('WKB: a member has other dimensions than the geometry it is in')
    }
  }

  finish(): void {
    const left = this.#view.byteLength - this.#at
    if (left > 0) throw this.#to.wrong(`WKB: ${left} bytes are left over behind the geometry`)
  }

  #header(parent: Header | null): Header {
    this.#need(5)
    const order = this.#view.getUint8(this.#at)
    if (order > 1) throw this.#to.wrong(`WKB: byte order is 0 or 1, not ${order}, at byte ${this.#at}`)
    const littleEndian = order === 1
    const code = this.#view.getUint32(this.#at + 1, littleEndian)
    this.#at += 5
    const flags = code & (EWKB_Z | EWKB_M | EWKB_SRID)
    if (flags & EWKB_SRID) this.#checkSrid(littleEndian)
    const plain = (code & ~flags) >>> 0
    const dimensions = Math.floor(plain / 1000)
    const type = TYPE_NAMES[(plain % 1000) - 1]
    if (!type || dimensions > 3 || (flags !== 0 && dimensions > 0)) throw this.#to.wrong(`WKB: ${code} is no type of geometry`)
    const more = flags === 0 ? [0, 1, 1, 2][dimensions] : (flags & EWKB_Z ? 1 : 0) + (flags & EWKB_M ? 1 : 0)
    const header = { type, ordinates: 2 + (more as number), littleEndian }
    this.#checkMember(header, parent)
    return header
  }

  /** Members of a geometry may repeat its own. */
  #checkSrid(littleEndian: boolean): void {
    this.#need(4)
    const srid = this.#view.getUint32(this.#at, littleEndian)
    if (srid !== this.#srid)
      throw this.#to.wrong(`WKB: a member has the SRID ${srid}, and the geometry it is in ${this.#srid ?? 'none'}`)
    this.#at += 4
  }

  #checkMember({ type }: Header, parent: Header | null): void {
    if (parent === null) return
    const wanted = MEMBER_TYPES[parent.type]
    if (wanted && wanted !== type) throw this.#to.wrong(`WKB: a ${parent.type} has members of type ${wanted}, not ${type}`)
  }

  /** All NaN is how an empty point is written. */
  #point(header: Header): void {
    this.#need(8 * header.ordinates)
    const empty = Array.from({ length: header.ordinates }, (_, n) => this.#double(n, header)).every(Number.isNaN)
    if (empty) this.#skip(8 * header.ordinates)
    else this.#position(header)
  }

  #rings(header: Header): void {
    for (let left = this.#count(header, SMALLEST_RING); left > 0; left--) {
      this.#to.beginRing()
      this.#positions(header)
      this.#to.end()
    }
  }

  #positions(header: Header): void {
    for (let left = this.#count(header, 8 * header.ordinates); left > 0; left--) this.#position(header)
  }

  #position(header: Header): void {
    for (let n = 2; n < header.ordinates; n++) {
      if (!Number.isFinite(this.#double(n, header))) throw this.#to.wrong('coordinates are finite numbers')
    }
    this.#to.position(this.#double(0, header), this.#double(1, header))
    this.#at += 8 * header.ordinates
  }

  #double(n: number, { littleEndian }: Header): number {
    return this.#view.getFloat64(this.#at + 8 * n, littleEndian)
  }

  /** How many things follow, each of at least `size` bytes. */
  #count({ littleEndian }: Header, size: number): number {
    this.#need(4)
    const count = this.#view.getUint32(this.#at, littleEndian)
    this.#at += 4
    this.#need(count * size)
    return count
  }

  #skip(bytes: number): void {
    this.#need(bytes)
    this.#at += bytes
  }

  #need(bytes: number): void {
    if (this.#at + bytes > this.#view.byteLength)
      throw this.#to.wrong(`WKB ends before the geometry does, at byte ${this.#view.byteLength}`)
  }
}
