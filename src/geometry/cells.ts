/**
 * Cells of three grids. A place belongs to exactly one cell of a grid. The functions use only +, -, *, /, floor, least, greatest and
 * comparisons of doubles, in the order in which the SQL of an engine must use them, so that both choose the same cell, also at an edge.
 *
 * SQUARE, in units of the layer's CRS. Cell (i, j) is [i * size, (i + 1) * size) by [j * size, (j + 1) * size):
 *
 *     i = floor(x / size), j = floor(y / size)
 *
 * HEXAGON, in metres of Web Mercator (EPSG:3857). `size` is the length of an edge, as in `ST_HexagonGrid` of PostGIS. Each hexagon has a corner
 * in the east and in the west and an edge in the north and in the south (flat top), and (0, 0) is centred at the origin. The ids are
 * axial: q counts columns to the east, r counts cells to the north in the column of q = 0, and one step of q is also half a cell to the north.
 * A place at an edge belongs to the cell that these lines choose.
 *
 *     u = x / (1.5 * size), v = y / (sqrt(3) * size) - u * 0.5, w = 0 - u - v
 *     a = floor(u + 0.5), b = floor(v + 0.5), c = floor(w + 0.5)
 *
 * The one of a, b and c that is farthest from its double follows from the other two.
 *
 *     q = a if abs(a - u) <= abs(b - v) or abs(a - u) <= abs(c - w), else 0 - b - c
 *     r = 0 - a - c if q = a and abs(b - v) > abs(c - w), else b
 *
 * The factors `1.5 * size` and `sqrt(3) * size` are computed once, by `hexagonSteps`.
 *
 * TILE, in metres of Web Mercator. Tiles are those of web maps (XYZ): y counts to the south. A place outside the square world belongs to the
 * nearest tile:
 *
 *     n = 2^zoom
 *     x = greatest(0, least(n - 1, floor((x / (2 * HALF_WORLD) + 0.5) * n)))
 *     y = greatest(0, least(n - 1, floor((0.5 - y / (2 * HALF_WORLD)) * n)))
 *
 * Web Mercator of a longitude and a latitude. A longitude outside [-180, 180) is wrapped, so that the antimeridian has one cell. A latitude is
 * limited to that of the square world, so that the poles have one too. `sin` and `ln` may differ in the last bit per platform.
 *
 *     x = (longitude - 360 * floor((longitude + 180) / 360)) * METRES_PER_DEGREE
 *     s = sin(greatest(-MAX_LATITUDE, least(MAX_LATITUDE, latitude)) * (pi() / 180))
 *     y = ln((1 + s) / (1 - s)) * (EARTH_RADIUS * 0.5)
 *
 * An index beyond `MAX_INDEX`, and one of a coordinate that is NaN or infinite, is no cell: null for the whole cell.
 */
import type { Position } from '../model/predicate.ts'

/** Metres: the radius of the sphere of Web Mercator. */
export const EARTH_RADIUS = 6_378_137
/** Metres: half the width of the world in Web Mercator. */
export const HALF_WORLD = Math.PI * EARTH_RADIUS
export const METRES_PER_DEGREE = HALF_WORLD / 180
/** The latitude at which the world of Web Mercator is as high as it is wide. */
export const MAX_LATITUDE = 85.0511287798066
/** The largest index of a cell: doubles beyond it are not all whole numbers apart. */
export const MAX_INDEX = Number.MAX_SAFE_INTEGER
export const MAX_ZOOM = 30
/** Units of the CRS. At these sizes, every corner is a finite number. */
export const SQUARE_SIZES = { min: 1e-12, max: 1e12 } as const
/** Metres. A larger hexagon reaches beyond the world. */
export const HEXAGON_SIZES = { min: 1e-3, max: 1e7 } as const

export type Grid =
  | { readonly kind: 'square'; readonly size: number }
  | { readonly kind: 'hexagon'; readonly size: number }
  | { readonly kind: 'tile'; readonly zoom: number }

/** The place of a cell in its grid: (i, j) of a square, (q, r) of a hexagon, (x, y) of a tile. */
export type CellIndex = readonly [number, number]

export interface Cell {
  /** `square/SIZE/I/J`, `hexagon/SIZE/Q/R` or `tile/ZOOM/X/Y`. Equal for the same cell of every layer and version. */
  readonly id: string
  /** A closed ring, counter-clockwise, in the CRS of the grid. Neighbours have the very same corners. */
  readonly polygon: readonly Position[]
  readonly centre: Position
}

export function squareCell(size: number, i: number, j: number): Cell {
  const [west, south, east, north] = [i * size, j * size, (i + 1) * size, (j + 1) * size]
  return cell(cellId({ kind: 'square', size }, [i, j]), box(west, south, east, north), [(i + 0.5) * size, (j + 0.5) * size])
}

export function squareAt(size: number, x: number, y: number): CellIndex | null {
  return indexed(Math.floor(x / size), Math.floor(y / size))
}

/** The distances of the centres of two columns, and of two cells of one column. */
export function hexagonSteps(size: number): { readonly column: number; readonly row: number } {
  return { column: 1.5 * size, row: Math.sqrt(3) * size }
}

export function hexagonCell(size: number, q: number, r: number): Cell {
  // Corners are at whole multiples of half an edge and of half a height. So cells that share a corner compute the same numbers.
  const halfEdge = size / 2
  const halfHeight = hexagonSteps(size).row / 2
  const [x, y] = [3 * q, 2 * r + q]
  const corner = (dx: number, dy: number): Position => [(x + dx) * halfEdge, (y + dy) * halfHeight]
  const east = corner(2, 0)
  const ring = [east, corner(1, 1), corner(-1, 1), corner(-2, 0), corner(-1, -1), corner(1, -1), east]
  return cell(cellId({ kind: 'hexagon', size }, [q, r]), ring, corner(0, 0))
}

export function hexagonAt(size: number, x: number, y: number): CellIndex | null {
  const { column, row } = hexagonSteps(size)
  // The hexagon is the nearest whole point of the plane u + v + w = 0. The coordinate that rounding moves most follows from the other two.
  const u = x / column
  const v = y / row - u * 0.5
  const w = 0 - u - v
  const [a, b, c] = [Math.floor(u + 0.5), Math.floor(v + 0.5), Math.floor(w + 0.5)]
  const [du, dv, dw] = [Math.abs(a - u), Math.abs(b - v), Math.abs(c - w)]
  if (du > dv && du > dw) return indexed(0 - b - c, b)
  return indexed(a, dv > dw ? 0 - a - c : b)
}

export function tileCell(zoom: number, x: number, y: number): Cell {
  // Twice the indices are counted from the middle of the world, in halves of the world: exact at every zoom.
  const n = 2 ** zoom
  const place = (twice: number) => (twice / n - 1) * HALF_WORLD
  const ring = box(place(2 * x), -place(2 * y + 2), place(2 * x + 2), -place(2 * y))
  return cell(cellId({ kind: 'tile', zoom }, [x, y]), ring, [place(2 * x + 1), -place(2 * y + 1)])
}

export function tileAt(zoom: number, x: number, y: number): CellIndex | null {
  const n = 2 ** zoom
  const within = (index: number) => Math.max(0, Math.min(n - 1, index))
  return indexed(within(Math.floor((x / (2 * HALF_WORLD) + 0.5) * n)), within(Math.floor((0.5 - y / (2 * HALF_WORLD)) * n)))
}

/** Returns the cell with this index. Its polygon is in units of the layer's CRS for squares, else in metres of Web Mercator. */
export function cellOf(grid: Grid, [first, second]: CellIndex): Cell {
  if (grid.kind === 'tile') return tileCell(grid.zoom, first, second)
  return grid.kind === 'square' ? squareCell(grid.size, first, second) : hexagonCell(grid.size, first, second)
}

/** Returns the index of the cell at a position in the CRS of the grid. Null if it has none. */
export function cellAt(grid: Grid, x: number, y: number): CellIndex | null {
  if (grid.kind === 'tile') return tileAt(grid.zoom, x, y)
  return grid.kind === 'square' ? squareAt(grid.size, x, y) : hexagonAt(grid.size, x, y)
}

export function cellId(grid: Grid, [first, second]: CellIndex): string {
  // A template literal writes -0 as 0.
  return `${grid.kind}/${grid.kind === 'tile' ? grid.zoom : grid.size}/${first}/${second}`
}

/** Returns the grid and index of an id. Null if no cell has this id. */
export function parseCellId(id: string): { readonly grid: Grid; readonly index: CellIndex } | null {
  const [kind, ...texts] = id.split('/')
  const [measure, first, second] = texts.map(Number) as [number, number, number]
  const grid = gridOf(kind, measure)
  if (!grid || !indexed(first, second)) return null
  if (grid.kind === 'tile' && (Math.min(first, second) < 0 || Math.max(first, second) >= 2 ** grid.zoom)) return null
  // Every other spelling of the same numbers is refused here, and so are further parts.
  return cellId(grid, [first, second]) === id ? { grid, index: [first, second] } : null
}

function gridOf(kind: string | undefined, measure: number): Grid | null {
  const within = ({ min, max }: { min: number; max: number }) => measure >= min && measure <= max
  if (kind === 'square' && within(SQUARE_SIZES)) return { kind, size: measure }
  if (kind === 'hexagon' && within(HEXAGON_SIZES)) return { kind, size: measure }
  return kind === 'tile' && Number.isInteger(measure) && within({ min: 0, max: MAX_ZOOM }) ? { kind, zoom: measure } : null
}

/* Web Mercator. */

/** Returns the position in metres of Web Mercator. See the formulas above for the antimeridian and the poles. */
export function toMercator(longitude: number, latitude: number): Position {
  const wrapped = longitude - 360 * Math.floor((longitude + 180) / 360)
  const s = Math.sin(Math.max(-MAX_LATITUDE, Math.min(MAX_LATITUDE, latitude)) * (Math.PI / 180))
  return [wrapped * METRES_PER_DEGREE, Math.log((1 + s) / (1 - s)) * (EARTH_RADIUS * 0.5)]
}

/**
 * Returns a cell of Web Mercator in longitude and latitude. A hexagon at the antimeridian reaches beyond 180 degrees, so that it stays one
 * polygon.
 */
export function toLonLat({ id, polygon, centre }: Cell): Cell {
  return { id, polygon: polygon.map(lonLatOf), centre: lonLatOf(centre) }
}

/** Returns the longitude and latitude of a position in metres of Web Mercator. */
export function lonLatOf([x, y]: Position): Position {
  return [(x / HALF_WORLD) * 180, Math.atan(Math.sinh(y / EARTH_RADIUS)) * (180 / Math.PI)]
}

function indexed(first: number, second: number): CellIndex | null {
  // NaN is not within the limit either. The sum turns -0 into 0.
  return Math.abs(first) <= MAX_INDEX && Math.abs(second) <= MAX_INDEX ? [first + 0, second + 0] : null
}

function box(west: number, south: number, east: number, north: number): Position[] {
  return [
    [west, south],
    [east, south],
    [east, north],
    [west, north],
    [west, south],
  ]
}

function cell(id: string, ring: readonly Position[], centre: Position): Cell {
  const plain = ([x, y]: Position): Position => [x + 0, y + 0]
  return { id, polygon: ring.map(plain), centre: plain(centre) }
}
