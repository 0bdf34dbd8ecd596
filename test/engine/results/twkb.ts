/** Tiny well-known binary by its specification, in the shortest code that can: coordinates as whole numbers of a unit. */
import type { Tree } from '../../support/results/geometries.ts'

/** Types by their numbers, from 1. */
const NAMES = ['Point', 'LineString', 'Polygon', 'MultiPoint', 'MultiLineString', 'MultiPolygon', 'GeometryCollection'] as const

export interface Units {
  readonly type: string
  readonly precision: number
  readonly dimensions: number
  /** Positions in as many lists as the type has; of a collection, its members. */
  readonly value: unknown
}

export function readUnits(bytes: Uint8Array): Units {
  let at = 0
  const varint = () => {
    let [number, unit] = [0n, 1n]
    for (;;) {
      const byte = bytes[at++]!
      number += BigInt(byte & 127) * unit
      unit *= 128n
      if (byte < 128) return number
    }
  }
  const difference = () => {
    const number = varint()
    return Number(number & 1n ? -(number + 1n) / 2n : number / 2n)
  }
  const many = <T>(read: () => T): T[] => Array.from({ length: Number(varint()) }, read)
  const geometry = (): Units => {
    const [head, flags] = [bytes[at++]!, bytes[at++]!]
    const extended = flags & 8 ? bytes[at++]! : 0
    const precision = head >> 5
    if (extended & 1 && ((extended >> 2) & 7) !== precision) throw new Error('heights have another precision')
    if (extended & 2 && extended >> 5 !== precision) throw new Error('measures have another precision')
    const dimensions = 2 + (extended & 1) + ((extended >> 1) & 1)
    const type = NAMES[(head & 15) - 1]!
    const last = Array.from({ length: dimensions }, () => 0)
    const position = () => last.map((_, n) => (last[n] = last[n]! + difference()))
    const line = () => many(position)
    const polygon = () => many(line)
    const readers = [position, line, polygon, line, polygon, () => many(polygon), () => many(geometry)]
    const read = readers[(head & 15) - 1]!
    return { type, precision, dimensions, value: flags & 16 ? [] : read() }
  }
  const whole = geometry()
  if (at !== bytes.length) throw new Error(`${bytes.length - at} bytes are left over`)
  return whole
}

/** A geometry in units. Null if one of its numbers is too large. */
export function unitsOf(tree: Tree, dimensions: number, precision: number): Units | null {
  const value =
    tree.type === 'GeometryCollection'
      ? tree.geometries.map((one) => unitsOf(one, dimensions, precision))
      : rounded(tree.coordinates, precision)
  const isEmptyPoint = tree.type === 'Point' && tree.coordinates.every(Number.isNaN)
  if (!isEmptyPoint && holds(value, (one) => one === null || (typeof one === 'number' && !(Math.abs(one) < 2 ** 51)))) return null
  return { type: tree.type, precision, dimensions, value: isEmptyPoint ? [] : value }
}

function rounded(value: unknown, precision: number): unknown {
  return Array.isArray(value) ? value.map((one) => rounded(one, precision)) : Math.round((value as number) * 10 ** precision) + 0
}

function holds(value: unknown, is: (value: unknown) => boolean): boolean {
  return Array.isArray(value) ? value.some((one) => holds(one, is)) : is(value)
}
