import { describe, expect, it } from 'vitest'
import {
  type Cell,
  cellAt,
  cellId,
  cellOf,
  type Grid,
  HALF_WORLD,
  hexagonAt,
  hexagonCell,
  MAX_LATITUDE,
  MAX_ZOOM,
  parseCellId,
  squareAt,
  squareCell,
  tileAt,
  tileCell,
  toLonLat,
  toMercator,
} from '../../../src/geometry/cells.ts'
import type { Position } from '../../../src/model/predicate.ts'
import { Random } from '../../support/random.ts'

const GRIDS: readonly Grid[] = [
  { kind: 'square', size: 0.1 },
  { kind: 'square', size: 1_000 },
  { kind: 'hexagon', size: 50_000 },
  { kind: 'hexagon', size: 333.3 },
  { kind: 'tile', zoom: 0 },
  { kind: 'tile', zoom: 7 },
  { kind: 'tile', zoom: 22 },
]

function place(grid: Grid, random: Random): Position {
  const reach = grid.kind === 'square' ? grid.size * 500 : HALF_WORLD
  return [(random.next() * 2 - 1) * reach, (random.next() * 2 - 1) * reach]
}

/** The distance of a position to the outside of a convex ring, negative outside. */
function depth(ring: readonly Position[], [x, y]: Position): number {
  const edges = ring.slice(1).map(([bx, by], n) => {
    const [ax, ay] = ring[n]!
    return ((bx - ax) * (y - ay) - (by - ay) * (x - ax)) / Math.hypot(bx - ax, by - ay)
  })
  return Math.min(...edges)
}

describe.each(GRIDS)('the grid %o', (grid) => {
  const random = new Random()
  const unit = grid.kind === 'tile' ? HALF_WORLD : grid.size * 1_000

  it('gives each place a cell that covers it', () => {
    for (const at of random.list(2_000, () => place(grid, random))) {
      const index = cellAt(grid, ...at)!
      // The tolerance is the rounding of the largest coordinates.
      expect(depth(cellOf(grid, index).polygon, at), `${at}`).toBeGreaterThan(-unit * 1e-12)
    }
  })

  it('gives the centre and the inside of a cell that cell', () => {
    for (const at of random.list(500, () => place(grid, random))) {
      const index = cellAt(grid, ...at)!
      const { polygon, centre } = cellOf(grid, index)
      expect(cellAt(grid, ...centre)).toEqual(index)
      for (const [x, y] of polygon)
        expect(cellAt(grid, centre[0] + (x - centre[0]) * 0.999, centre[1] + (y - centre[1]) * 0.999)).toEqual(index)
    }
  })

  it('writes ids that parse back, and no other text parses', () => {
    for (const at of random.list(200, () => place(grid, random))) {
      const index = cellAt(grid, ...at)!
      const id = cellOf(grid, index).id
      expect(parseCellId(id)).toEqual({ grid, index })
      for (const other of [`${id}/`, `${id}/0`, ` ${id}`, `${id}.0`, id.replace('/', '/0'), id.replace(/.[^/]*$/, '')])
        expect(parseCellId(other), other).toBeNull()
    }
  })

  it('has closed counter-clockwise rings whose corners are those of the neighbours', () => {
    const at = cellAt(grid, ...place(grid, random))!
    const { polygon } = cellOf(grid, at)
    expect(polygon.at(-1)).toEqual(polygon[0])
    expect(depth(polygon, cellOf(grid, at).centre)).toBeGreaterThan(0)
    const around = [-1, 0, 1].flatMap((x) => [-1, 0, 1].map((y) => cellOf(grid, [at[0] + x, at[1] + y])))
    const corners = around.flatMap((cell) => cell.polygon.slice(1).map((corner) => corner.join(' ')))
    for (const corner of polygon.slice(1))
      expect(corners.filter((other) => other === corner.join(' ')).length).toBe(grid.kind === 'hexagon' ? 3 : 4)
  })
})

it('squares hold their western and southern edges', () => {
  expect(squareAt(2, -2, 4)).toEqual([-1, 2])
  expect(squareCell(2, -1, 2)).toEqual({
    id: 'square/2/-1/2',
    polygon: [
      [-2, 4],
      [0, 4],
      [0, 6],
      [-2, 6],
      [-2, 4],
    ],
    centre: [-1, 5],
  })
})

it('hexagons are those of ST_HexagonGrid of PostGIS: flat at the top, with edges of the size, every odd column half a cell to the north', () => {
  const size = 10
  const height = Math.sqrt(3) * size
  const { polygon, centre } = hexagonCell(size, 1, 2)
  // In PostGIS this is the cell (1, 2): column q, and row r plus half of q, rounded down.
  expect(centre[0]).toBeCloseTo(15, 12)
  expect(centre[1]).toBeCloseTo(height * 2.5, 12)
  const sides = polygon.slice(1).map(([x, y], n) => Math.hypot(x - polygon[n]![0], y - polygon[n]![1]))
  for (const side of sides) expect(side).toBeCloseTo(size, 12)
  expect(polygon[0]).toEqual([25, centre[1]])
})

it('a place at an edge of hexagons belongs to one of them, by the stated formula', () => {
  const owners = (cell: Cell, size: number) =>
    cell.polygon.slice(1).map(([x, y], n) => hexagonAt(size, (x + cell.polygon[n]![0]) / 2, (y + cell.polygon[n]![1]) / 2))
  const random = new Random()
  for (const [q, r] of random.list(200, () => [random.integer(2_000) - 1_000, random.integer(2_000) - 1_000] as const)) {
    const cell = hexagonCell(1, q, r)
    const near = [
      [0, 0],
      [1, 0],
      [0, 1],
      [-1, 1],
      [-1, 0],
      [0, -1],
      [1, -1],
    ].map(([x, y]) => `${q + x!} ${r + y!}`)
    for (const owner of owners(cell, 1)) expect(near).toContain(owner!.join(' '))
  }
  expect(hexagonAt(10, 0, Math.sqrt(3) * 5)).toEqual([0, 1])
  expect(hexagonAt(10, 0, -Math.sqrt(3) * 5)).toEqual([0, 0])
})

it('tiles are those of web maps', () => {
  // Berlin at zoom 10, as in the addresses of tile servers.
  expect(tileAt(10, ...toMercator(13.405, 52.52))).toEqual([550, 335])
  expect(toLonLat(tileCell(1, 0, 1)).polygon.map(([x, y]) => [x, Number(y.toFixed(10))])).toEqual([
    [-180, -85.0511287798],
    [0, -85.0511287798],
    [0, 0],
    [-180, 0],
    [-180, -85.0511287798],
  ])
})

it('longitudes of tiles are exact', () => {
  for (const zoom of [0, 1, 5, 11, MAX_ZOOM]) {
    const n = 2 ** zoom
    for (const x of new Set([0, 1, 3, 5, 7, 11, 1_001, n - 1].filter((x) => x < n)))
      expect(toLonLat(tileCell(zoom, x, 0)).polygon[0]![0]).toBeCloseTo((x / n) * 360 - 180, 12)
  }
})

it('places outside the world, at the antimeridian and at the poles have a cell', () => {
  expect(toMercator(180, 0)).toEqual(toMercator(-180, 0))
  expect(toMercator(190, 10)[0]).toBeCloseTo(toMercator(-170, 10)[0], 6)
  expect(toMercator(0, 90)).toEqual(toMercator(0, MAX_LATITUDE))
  expect(toMercator(0, 0)).toEqual([0, 0])
  expect(toMercator(0, MAX_LATITUDE)[1] / HALF_WORLD).toBeCloseTo(1, 12)
  expect(tileAt(3, ...toMercator(180, -90))).toEqual([0, 7])
  expect(tileAt(3, 1e9, 1e9)).toEqual([7, 0])
})

it('a place whose index is not an exact whole number has no cell, so that no two cells have one id', () => {
  expect(squareAt(1e-3, 1e300, 0)).toBeNull()
  expect(squareAt(1, Number.NaN, 0)).toBeNull()
  expect(squareAt(1, 0, Number.POSITIVE_INFINITY)).toBeNull()
  expect(hexagonAt(1, Number.NEGATIVE_INFINITY, 0)).toBeNull()
  expect(tileAt(1, Number.NaN, 0)).toBeNull()
  expect(parseCellId('square/1/9007199254740993/0')).toBeNull()
})

it('zero has no sign', () => {
  expect(cellId({ kind: 'square', size: 1 }, squareAt(1, -0, -0)!)).toBe('square/1/0/0')
  const zero = [...tileCell(1, 0, 0).polygon, tileCell(0, 0, 0).centre, ...hexagonCell(1, 0, 0).polygon].flat()
  expect(zero.some((value) => Object.is(value, -0))).toBe(false)
})
