import { expect, it } from 'vitest'
import { ShapeReader } from '../../../src/engines/duckdb/processes/read/shapes.ts'

/** A record of a point with these numbers. */
function record(code: number, ...numbers: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 + 8 * numbers.length)
  bytes.writeInt32LE(code)
  for (const [n, number] of numbers.entries()) bytes.writeDoubleLE(number, 4 + 8 * n)
  return bytes
}

it.each([
  ['Point', 1, [1, 2]],
  ['PointZ', 11, [1, 2, 3, 4]],
  ['PointM', 21, [1, 2, 3]],
])('a %s is read, with its measure or without, and one with more bytes is an error', (_, code, numbers) => {
  const shapes = new ShapeReader()
  const least = code === 11 ? 3 : 2
  for (const given of [numbers, numbers.slice(0, least)]) {
    const wkb = Buffer.from(shapes.read(record(code, ...given))!)
    expect(given.map((_, n) => wkb.readDoubleLE(5 + 8 * n))).toEqual(given)
  }
  expect(() => shapes.read(record(code, ...numbers, 5))).toThrow(new Error('it has more bytes than a point'))
})
