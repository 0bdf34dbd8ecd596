/** Boxes as maps give them. */
import { describe, expect, it } from 'vitest'
import { gathered, readBox } from '../../../src/geometry/box.ts'
import { Random } from '../../support/random.ts'

type Box = readonly [west: number, south: number, east: number, north: number]

describe('a box in longitude and latitude', () => {
  it.each<[given: Box, read: Box]>([
    [
      [-180, -90, 180, 90],
      [-180, -90, 180, 90],
    ],
    [
      [170, 0, 180, 1],
      [170, 0, 180, 1],
    ],
    [
      [180, 0, -180, 1],
      [180, 0, -180, 1],
    ],
    [
      [170, 0, 190, 1],
      [170, 0, -170, 1],
    ],
    [
      [-190, 0, -170, 1],
      [170, 0, -170, 1],
    ],
    [
      [350, 0, 370, 1],
      [-10, 0, 10, 1],
    ],
    [
      [350, 0, 10, 1],
      [-10, 0, 10, 1],
    ],
    [
      [530, 0, 540, 1],
      [170, 0, -180, 1],
    ],
    [
      [180, 0, 190.1, 1],
      [180, 0, -169.9, 1],
    ],
    [
      [36_005.3, 0, 36_010.7, 1],
      [5.3, 0, 10.7, 1],
    ],
    [
      [179.999_999_999_999_97, 0, 190, 1],
      [179.999_999_999_999_97, 0, -170, 1],
    ],
    [
      [-180.1, -100, 179.9, 100],
      [-180, -90, 180, 90],
    ],
  ])('%j is %j', (given, read) => {
    expect(readBox(given, true, 'bbox')).toEqual(read)
  })

  it('has the longitudes that are in it after some turns of 360 degrees', () => {
    // Eighths are exact in binary.
    const random = new Random()
    for (let n = 0; n < 2_000; n++) {
      const west = (random.integer(8 * 1_600) - 6_400) / 8
      const east = west + random.integer(8 * 400) / 8
      if (Math.abs(west) <= 180 && Math.abs(east) <= 180) continue
      const [from, , to] = readBox([west, 0, east, 1], true, 'bbox')
      for (const x of [-180, 180, ...random.list(20, () => (random.integer(8 * 360) - 8 * 180) / 8)]) {
        const wanted = [-3, -2, -1, 0, 1, 2, 3].some((turns) => x + 360 * turns >= west && x + 360 * turns <= east)
        expect([west, east, x, from <= to ? x >= from && x <= to : x >= from || x <= to]).toEqual([west, east, x, wanted])
      }
    }
  })
})

it('a box in another CRS is not changed', () => {
  expect(readBox([500, -200, 900, 200], false, 'bbox')).toEqual([500, -200, 900, 200])
})

it('any number of boxes is held by at most 64, each of which is no larger than it must be', () => {
  const random = new Random()
  for (const count of [0, 1, 64, 65, 5_000]) {
    const boxes = random.list(count, () => {
      const [x, y] = [random.integer(3_600) / 10 - 180, random.integer(1_800) / 10 - 90]
      return [x, y, x + random.integer(3), y + random.integer(3)] as const
    })
    const found = gathered(boxes)
    expect(found.length).toBeLessThanOrEqual(64)
    const holds = (one: Box, other: Box) => one[0] <= other[0] && one[1] <= other[1] && one[2] >= other[2] && one[3] >= other[3]
    for (const box of boxes) expect(found.some((one) => holds(one, box))).toBe(true)
    // A cell of the grid, and the largest of the boxes.
    for (const [west, south, east, north] of found)
      expect([east - west <= 363 / 8 + 2, north - south <= 183 / 8 + 2]).toEqual([true, true])
    if (count <= 64) expect(found).toEqual(boxes)
  }
})
