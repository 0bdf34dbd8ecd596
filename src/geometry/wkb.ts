/**
 * The one reader of well-known binary, strict and in place: ISO 13249-3 (1001, 2001, 3001) and PostGIS's extended flags (EWKB), both byte
 * orders. It goes from header to count to positions; the encoders and the readers of a client's geometry decide what to do with them.
 */
import { GEOMETRY } from './geometry-type.ts'

const EWKB_Z = 0x80000000
const EWKB_M = 0x40000000
const EWKB_SRID = 0x20000000
const EWKB_FLAGS = 0xe0000000

const HEADER_BYTES = 5
/** Collections may be nested this deep: real data is hardly nested at all, and the readers recurse. */
const DEEPEST = 64

/** Fewer numbers are read one by one sooner than a view is made. */
const COPY_FROM = 128

/** What is wrong with the bytes of a geometry. */
export class WkbError extends Error {
  override readonly name = 'WkbError'
}

/**
 * A place in the bytes of one geometry at a time. No read goes behind the geometry's end, whatever its counts say. Coordinates are read
 * at any alignment.
 */
export class WkbReader {
  hasZ = false
  hasM = false
  /** Bytes of one position. */
  stride = 16
  /** Of the last header that was read (EWKB); null: it has none. */
  srid: number | null = null
  private readonly view: DataView
  private littleEndian = true
  private position = 0
  private end = 0
  private depth = 0

  /** `bytes` holds any number of geometries. */
  constructor(bytes: Uint8Array) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  /** Goes to the geometry in bytes [from, to) and reads its header. Returns its type. */
  open(from: number, to: number): number {
    this.position = from
    this.end = to
    this.depth = 0
    return this.header()
  }

  /** Whatever is left behind a geometry is not part of it. */
  close(): void {
    const left = this.end - this.position
    if (left !== 0) throw new WkbError(`WKB goes on behind the end of its geometry: ${left} bytes are left over`)
  }

  /** Reads the next header and returns its type. What the type and its dimensions may be after another one is the caller's rule. */
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

  /** The place of what is read next. */
  get place(): number {
    return this.position
  }

  /** Whether the header at a place says its dimensions as ISO does and has a flag of EWKB beside. */
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

  /** How many rings, positions or members follow: a claim until they have been read, so nothing is made of that size before. */
  count(): number {
    const at = this.position
    this.position += this.need(4)
    return this.view.getUint32(at, this.littleEndian)
  }

  /** The same, of things that take at least so many bytes each: a claim of more than there is is refused at once. */
  countOf(bytes: number): number {
    const count = this.count()
    this.need(bytes * count)
    return count
  }

  /** The place of the next `count` positions, `stride` bytes each, behind which the reader goes. */
  positions(count: number): number {
    const at = this.position
    this.position += this.need(this.stride * count)
    return at
  }

  /** One number of a position. */
  ordinate(at: number): number {
    return this.view.getFloat64(at, this.littleEndian)
  }

  /** `count` numbers from `at` on into `to`: a copy of bytes where there are many, and they are in this machine's order. */
  copy(at: number, count: number, to: Float64Array, index: number): void {
    if (this.littleEndian && count >= COPY_FROM) {
      const source = new Uint8Array(this.view.buffer, this.view.byteOffset + at, 8 * count)
      new Uint8Array(to.buffer, to.byteOffset + 8 * index, source.length).set(source)
      return
    }
    for (let n = 0; n < count; n++) to[index + n] = this.view.getFloat64(at + 8 * n, this.littleEndian)
  }

  /**
   * Reads the header of the next member of a geometry of type `parent` and returns the member's type. Every `enter` wants a `leave` when
   * the member has been read.
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
