/**
 * The only reader of well-known binary, strict and in place: ISO 13249-3 (1001, 2001, 3001) and PostGIS's extended flags (EWKB), both byte
 * orders. It reads headers, counts and positions. The encoders and the readers of a client's geometry decide how to use them.
 */
import { GEOMETRY } from './geometry-type.ts'

const EWKB_Z = 0x80000000
const EWKB_M = 0x40000000
const EWKB_SRID = 0x20000000
const EWKB_FLAGS = 0xe0000000

const HEADER_BYTES = 5
/** Maximum nesting of collections. Real data is hardly nested, and the readers are recursive. */
const DEEPEST = 64

/** Fewer numbers are read one by one faster than a view is made. */
const COPY_FROM = 128

/** The fault of the bytes of a geometry. */
export class WkbError extends Error {
  override readonly name = 'WkbError'
}

/**
 * A position in the bytes of one geometry at a time. No read goes beyond the end of the geometry, even if its counts do. Coordinates are read at any
 * alignment.
 */
export class WkbReader {
  hasZ = false
  hasM = false
  /** Bytes of one position. */
  stride = 16
  /** The SRID of the last header (EWKB). Null if it has none. */
  srid: number | null = null
  private readonly view: DataView
  private littleEndian = true
  private position = 0
  private end = 0
  private depth = 0

  /** `bytes` contains any number of geometries. */
  constructor(bytes: Uint8Array) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  /** Starts the geometry in bytes [from, to) and reads its header. Returns its type. */
  open(from: number, to: number): number {
    this.position = from
    this.end = to
    this.depth = 0
    return this.header()
  }

  /** Ends a geometry. Bytes after it are not part of it. */
  close(): void {
    const left = this.end - this.position
    if (left !== 0) throw new WkbError(`WKB continues after the end of its geometry: ${left} bytes are left over`)
  }

  /** Reads the next header and returns its type. The caller decides which types and dimensions may follow another. */
  header(): number {
    const at = this.position
    if (at + HEADER_BYTES > this.end) throw this.tooShort()
    const order = this.view.getUint8(at)
    if (order > 1) throw new WkbError(`WKB: byte order is 0 or 1, not ${order}, at byte ${at}`)
    this.littleEndian = order === 1
    const code = this.view.getUint32(at + 1, this.littleEndian)
    this.position = at + HEADER_BYTES
    const iso = code & ~EWKB_FLAGS
    const dimensions = Math.floor(iso / 1000)
    const type = iso - 1000 * dimensions
    if (type < GEOMETRY.POINT || type > GEOMETRY.COLLECTION || dimensions > 3)
      throw new WkbError(`WKB: ${code} is no type of geometry`)
    this.hasZ = (code & EWKB_Z) !== 0 || (dimensions & 1) !== 0
    this.hasM = (code & EWKB_M) !== 0 || (dimensions & 2) !== 0
    this.stride = 16 + (this.hasZ ? 8 : 0) + (this.hasM ? 8 : 0)
    this.srid = (code & EWKB_SRID) === 0 ? null : this.count()
    return type
  }

  /** The position of the next read. */
  get place(): number {
    return this.position
  }

  /** True if a header gives its dimensions in the way of ISO and also has a flag of EWKB. */
  isMixed(at: number): boolean {
    const code = this.view.getUint32(at + 1, this.view.getUint8(at) === 1)
    return (code & EWKB_FLAGS) !== 0 && (code & ~EWKB_FLAGS) >= 1000
  }

  private need(bytes: number): number {
    if (bytes > this.end - this.position) throw this.tooShort()
    return bytes
  }

  private tooShort(): WkbError {
    return new WkbError(`WKB ends before the geometry does, at byte ${this.end}`)
  }

  /**
   * Reads the number of rings, positions or members that follow. It is only a declaration, so nothing of that size may be
   * allocated yet.
   */
  count(): number {
    const at = this.position
    this.position += this.need(4)
    return this.view.getUint32(at, this.littleEndian)
  }

  /** The same for items of a minimum size: a count that is larger than the rest is refused at once. */
  countOf(bytes: number): number {
    const count = this.count()
    this.need(bytes * count)
    return count
  }

  /** Returns the position of the next `count` positions of `stride` bytes each, and skips them. */
  positions(count: number): number {
    const at = this.position
    this.position += this.need(this.stride * count)
    return at
  }

  /** Reads one number of a position. */
  ordinate(at: number): number {
    return this.view.getFloat64(at, this.littleEndian)
  }

  /** Reads `count` numbers from `at` on into `to`. Many numbers in this machine's byte order are copied as bytes. */
  copy(at: number, count: number, to: Float64Array, index: number): void {
    if (this.littleEndian && count >= COPY_FROM) {
      const source = new Uint8Array(this.view.buffer, this.view.byteOffset + at, 8 * count)
      new Uint8Array(to.buffer, to.byteOffset + 8 * index, source.length).set(source)
      return
    }
    for (let n = 0; n < count; n++) to[index + n] = this.view.getFloat64(at + 8 * n, this.littleEndian)
  }

  /**
   * Reads the header of the next member of a geometry of type `parent`, and returns the member's type. After the member, each `enter` needs a
   * `leave`.
   */
  enter(parent: number): number {
    const { hasZ, hasM } = this
    if (++this.depth > DEEPEST) throw new WkbError(`WKB collections are nested deeper than ${DEEPEST}`)
    const type = this.header()
    if (parent !== GEOMETRY.COLLECTION && type !== parent - GEOMETRY.MULTIPOINT + GEOMETRY.POINT) {
      throw new WkbError('WKB has a member of another type than its geometry')
    }
    if (hasZ !== this.hasZ || hasM !== this.hasM) throw new WkbError('WKB has a member of other dimensions than its geometry')
    return type
  }

  leave(): void {
    this.depth--
  }
}
