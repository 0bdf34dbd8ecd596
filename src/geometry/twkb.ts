/**
 * Reads tiny well-known binary (github.com/TWKB/Specification) with wkx. Only this file uses wkx, which trusts its input. After the end of its bytes it
 * continues with zeros (six bytes make 8 million points). It cuts numbers to 32 bits, reads lists of ids as coordinates, and misreads a
 * polygon without rings. So this file checks the input before wkx, reads the numbers itself, and the strict reader proves the result, as
 * well-known binary, afterwards.
 */
import { createRequire } from 'node:module'
import wkx from 'wkx'
import { type GeometryBuilder, MAX_DEPTH } from './builder.ts'
import { readWkb } from './wkb-reader.ts'

/** The reader of its bytes, one number after the other. */
interface WkxReader {
  readonly buffer: Buffer
  position: number
  readVarInt: () => number
}

const inWkx = createRequire(import.meta.url)
const BinaryReader = inWkx('wkx/lib/binaryreader.js') as new (bytes: Buffer) => WkxReader
const zigZag = inWkx('wkx/lib/zigzag.js') as { decode: (value: number) => number }
// The reader of wkx cuts to 32 bits: a longitude with 7 digits needs 33.
zigZag.decode = (value) => (value % 2 === 1 ? -(value + 1) / 2 : value / 2)

const POINT = 1
const LINESTRING = 2
const POLYGON = 3
const MULTIPOINT = 4
const MULTILINESTRING = 5
const MULTIPOLYGON = 6
const COLLECTION = 7

const HAS_BBOX = 1
const HAS_SIZE = 2
const HAS_IDS = 4
const HAS_EXTENDED_DIMENSIONS = 8
const IS_EMPTY = 16

/** Up to here, a double represents every integer. */
const LARGEST_NUMBER = 2 ** 53

/** 25,000 vertices cost 9 ms. */
export function readTwkb(bytes: Buffer, to: GeometryBuilder, mostVertices: number): void {
  const check = new TwkbCheck(bytes, to, mostVertices)
  check.geometry(1)
  check.finish()
  const geometry = wkx.Geometry.parseTwkb(readerOf(check.whole) as unknown as Buffer)
  divide(geometry as unknown as Parts, 10 ** (check.precision ?? 0))
  readWkb(geometry.toWkb(), to)
}

function readerOf(bytes: Buffer): WkxReader {
  const reader = new BinaryReader(bytes)
  reader.readVarInt = () => {
    let number = 0
    for (let unit = 1; ; unit *= 128) {
      const byte = reader.buffer[reader.position++]!
      number += (byte & 127) * unit
      if (byte < 128) return number
    }
  }
  return reader
}

/** Checks all of the input and keeps nothing. */
class TwkbCheck {
  /** Digits after the decimal point. */
  precision: number | null = null
  /**
   * The same bytes without digits. wkx adds up differences; as fractions they would end at another position than they started at.
   */
  readonly whole: Buffer
  readonly #bytes: Buffer
  readonly #to: GeometryBuilder
  readonly #mostVertices: number
  #at = 0
  #vertices = 0
  #parts = 0

  constructor(bytes: Buffer, to: GeometryBuilder, mostVertices: number) {
    this.#bytes = bytes
    this.whole = Buffer.from(bytes)
    this.#to = to
    this.#mostVertices = mostVertices
  }

  geometry(depth: number): void {
    if (depth > MAX_DEPTH) throw this.#to.tooLarge(`is nested deeper than ${MAX_DEPTH}`)
    const type = this.#byte()
    this.whole[this.#at - 1] = type & 15
    const flags = this.#byte()
    const extended = flags & HAS_EXTENDED_DIMENSIONS ? this.#byte() : 0
    if (extended) this.whole[this.#at - 1] = extended & 3
    const dimensions = 2 + (extended & 1) + ((extended >> 1) & 1)
    const precision = zigZag.decode(type >> 4)
    this.precision ??= precision
    if (this.precision !== precision) throw this.#to.wrong('TWKB: its parts have different numbers of digits')
    if (flags & HAS_IDS) throw this.#to.wrong('TWKB: a list of ids is not taken; write it without')
    if (flags & HAS_SIZE) this.#number()
    if (flags & HAS_BBOX) for (let side = 0; side < 2 * dimensions; side++) this.#number()
    if (flags & IS_EMPTY) return
    this.#body(type & 15, dimensions, depth)
  }

  finish(): void {
    const left = this.#bytes.length - this.#at
    if (left > 0) throw this.#to.wrong(`TWKB: ${left} bytes are left over after the geometry`)
  }

  #body(type: number, dimensions: number, depth: number): void {
    switch (type) {
      case POINT:
        this.#positions(1, dimensions)
        break
      case LINESTRING:
      case MULTIPOINT:
        this.#positions(this.#number(), dimensions)
        break
      case POLYGON:
        this.#rings(dimensions)
        break
      case MULTILINESTRING:
        this.#each(() => this.#positions(this.#number(), dimensions))
        break
      case MULTIPOLYGON:
        this.#each(() => this.#rings(dimensions))
        break
      case COLLECTION:
        this.#each(() => this.geometry(depth + 1))
        break
      default:
        throw this.#to.wrong(`TWKB: ${type} is no type of geometry`)
    }
  }

  #rings(dimensions: number): void {
    const rings = this.#each(() => this.#positions(this.#number(), dimensions))
    if (rings === 0) throw this.#to.wrong('TWKB: a polygon has at least one ring; an empty one is marked so in its header')
  }

  #each(read: () => void): number {
    const count = this.#number()
    for (let left = count; left > 0; left--) {
      // wkx makes an object for each, in a microsecond. The limit is lower than for other notations, and matters only for empty ones.
      if (++this.#parts > this.#mostVertices) throw this.#to.tooLarge(`has more than ${this.#mostVertices} parts`)
      read()
    }
    return count
  }

  #positions(count: number, dimensions: number): void {
    this.#vertices += count
    if (this.#vertices > this.#mostVertices)
      throw this.#to.tooLarge(`has more than ${this.#mostVertices} vertices (--max-vertices)`)
    for (let left = count * dimensions; left > 0; left--) this.#number()
  }

  #number(): number {
    let number = 0
    for (let unit = 1; ; unit *= 128) {
      const byte = this.#byte()
      number += (byte & 127) * unit
      if (number >= LARGEST_NUMBER)
        throw this.#to.wrong('TWKB: a difference of 2^52 units or more is not taken; write it with fewer digits, or as `wkb`')
      if (byte < 128) return number
    }
  }

  #byte(): number {
    const byte = this.#bytes[this.#at++]
    if (byte === undefined) throw this.#to.wrong(`TWKB ends before the geometry does, at byte ${this.#bytes.length}`)
    return byte
  }
}

/** The parts of wkx's geometries. */
interface Parts {
  x?: number
  y?: number
  readonly points?: readonly Parts[]
  readonly exteriorRing?: readonly Parts[]
  readonly interiorRings?: readonly (readonly Parts[])[]
  readonly lineStrings?: readonly Parts[]
  readonly polygons?: readonly Parts[]
  readonly geometries?: readonly Parts[]
}

function divide(parts: Parts, by: number): void {
  if (parts.x !== undefined && parts.y !== undefined) {
    parts.x /= by
    parts.y /= by
  }
  const { points = [], exteriorRing = [], interiorRings = [], lineStrings = [], polygons = [], geometries = [] } = parts
  for (const inner of [points, exteriorRing, ...interiorRings, lineStrings, polygons, geometries])
    for (const part of inner) divide(part, by)
}
