/** Lattices of positions: what they interpolate, how far it is from the truth, and the boxes that they find. */
import { describe, expect, it } from 'vitest'
import { lonLatOf } from '../../../src/geometry/cells.ts'
import { fitLattice, Lattice, latticeBox, SAMPLES } from '../../../src/geometry/lattice.ts'
import type { BBox } from '../../../src/model/layer.ts'
import type { Position } from '../../../src/model/predicate.ts'
import { Random } from '../../support/random.ts'

const FRANCE: BBox = [-500_000, 5_100_000, 1_000_000, 6_600_000]

function fitted(box: BBox, of: (x: number, y: number) => Position | null) {
  const [west, south, east, north] = box
  const step = (n: number, from: number, to: number) => from + (n * (to - from)) / (SAMPLES - 1)
  const samples = Array.from({ length: SAMPLES ** 2 }, (_, n) =>
    of(step(n % SAMPLES, west, east), step(Math.floor(n / SAMPLES), south, north)),
  )
  return fitLattice(box, samples)
}

const mercator = (x: number, y: number) => lonLatOf([x, y])

function placed(lattice: Lattice, x: number, y: number): Position {
  lattice.place(x, y)
  return [lattice.longitude, lattice.latitude]
}

describe('a lattice', () => {
  it('places positions between its nodes, within the error that it reports', () => {
    const { lattice, error } = fitted(FRANCE, mercator)!
    expect(error).toBeLessThan(1e-12)
    const received = Lattice.from(structuredClone(lattice.data))
    const random = new Random(1)
    for (let n = 0; n < 1_000; n++) {
      const [x, y] = [FRANCE[0] + random.next() * 1.5e6, FRANCE[1] + random.next() * 1.5e6]
      const [lon, lat] = mercator(x, y)
      for (const one of [lattice, received]) {
        expect(Math.abs(placed(one, x, y)[0] - lon) / 360).toBeLessThan(2 * error + 1e-15)
        expect(Math.abs(placed(one, x, y)[1] - lat) / 360).toBeLessThan(2 * error + 1e-15)
      }
    }
  })

  it('reports the error of a projection that is not smooth', () => {
    const { error } = fitted([0, 0, 100, 50], (x, y) => [x < 33 ? x : x + 0.01, y])!
    expect(error).toBeGreaterThan(1e-6)
  })

  it('continues beyond 180 degrees where a layer crosses the antimeridian', () => {
    const { lattice, error } = fitted([0, 0, 20, 10], (x, y) => [x + 175 > 180 ? x - 185 : x + 175, y])!
    expect(error).toBeLessThan(1e-12)
    expect(lattice.extent.map(Math.round)).toEqual([-185, 0, -165, 10])
  })

  it('does not exist where a position has no longitude and latitude', () => {
    expect(fitted([0, 0, 1, 1], (x, y) => (x === 1 ? null : [x, y]))).toBeNull()
    expect(fitted([0, 0, 1, 1], (x, y) => [x === 1 ? Infinity : x, y])).toBeNull()
    expect(fitLattice([0, 0, 1, 1], [])).toBeNull()
  })

  it('finds a small box around everything in a box of longitudes and latitudes', () => {
    const { lattice } = fitted(FRANCE, (x, y) => mercator(0.8 * x - 0.3 * y, 0.3 * x + 0.8 * y))!
    const random = new Random(2)
    for (let n = 0; n < 100; n++) {
      const [lon, lat] = placed(lattice, FRANCE[0] + random.next() * 1.5e6, FRANCE[1] + random.next() * 1.5e6)
      const size = 10 ** (-5 * random.next())
      const target: BBox = [lon - size, lat - size, lon + size, lat + size]
      const box = lattice.around(target)!
      for (let tries = 0; tries < 200; tries++) {
        const [x, y] = [FRANCE[0] + random.next() * 1.5e6, FRANCE[1] + random.next() * 1.5e6]
        const [east, north] = placed(lattice, x, y)
        if (Math.abs(east - lon) > size || Math.abs(north - lat) > size) continue
        expect(x >= box[0] && x <= box[2] && y >= box[1] && y <= box[3]).toBe(true)
      }
      const [inX, inY] = [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2]
      expect(Math.abs(placed(lattice, inX, inY)[0] - lon)).toBeLessThan(3 * size)
      // A degree of longitude is about 111 km in Web Mercator, and the axes are turned.
      expect(box[2] - box[0]).toBeLessThan(8 * size * 111_320)
    }
    expect(lattice.around([100, -20, 101, -19])).toBeNull()
  })

  it('is larger than an extent without a size', () => {
    const [west, south, east, north] = latticeBox([650_000, 6_800_000, 650_000, 6_800_000])
    expect(east - west).toBeGreaterThan(1)
    expect(north - south).toBeGreaterThan(1)
  })
})
