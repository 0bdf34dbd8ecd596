/** Geometries as plain trees: made at random, and written as every flavour of WKB by the shortest code that can. */
import type { Random } from '../random.ts'

export type Dimensions = 'XY' | 'XYZ' | 'XYM' | 'XYZM'
export const DIMENSIONS: readonly Dimensions[] = ['XY', 'XYZ', 'XYM', 'XYZM']

/** x, y and the other ordinates of the dimensions. NaNs for an empty point. */
type Position = readonly number[]

export type Tree =
  | { readonly type: 'Point'; readonly coordinates: Position }
  | { readonly type: 'LineString' | 'MultiPoint'; readonly coordinates: readonly Position[] }
  | { readonly type: 'Polygon' | 'MultiLineString'; readonly coordinates: readonly (readonly Position[])[] }
  | { readonly type: 'MultiPolygon'; readonly coordinates: readonly (readonly (readonly Position[])[])[] }
  | { readonly type: 'GeometryCollection'; readonly geometries: readonly Tree[] }

export const TYPES: readonly Tree['type'][] = [
  'Point',
  'LineString',
  'Polygon',
  'MultiPoint',
  'MultiLineString',
  'MultiPolygon',
  'GeometryCollection',
]

function ordinate(random: Random): number {
  switch (random.integer(8)) {
    case 0:
      return random.pick([0, -0, 180, -180, 1e-7, -4e-8, 0.5, -0.5, 123456789.125, 1e15, -1e20, 2 ** 53, 5e-324])
    case 1:
      return random.integer(360) - 180
    case 2:
      return (random.integer(3.6e9) - 1.8e9) / 1e7
    case 3:
      return (random.integer(2 ** 32) - 2 ** 31) / 64
    default:
      return random.next() * 360 - 180
  }
}

/**
 * Lists are empty one time in eight; collections are nested up to three deep. `proper`: as GEOS takes them, with two positions or more in a
 * line and closed rings.
 */
export function randomTree(random: Random, type: Tree['type'], dimensions: Dimensions, proper = false, depth = 0): Tree {
  const position = () => random.list(dimensions.length, () => ordinate(random))
  const length = (most: number) => (random.chance(1 / 8) ? 0 : 1 + random.integer(most))
  const line = () => random.list(proper ? length(9) * 2 : length(9), position)
  const closed = () => {
    const open = random.list(3 + random.integer(6), position)
    return [...open, open[0]!]
  }
  const polygon = () => random.list(length(3), proper ? closed : line)
  switch (type) {
    case 'Point':
      return { type, coordinates: random.chance(1 / 8) ? position().map(() => Number.NaN) : position() }
    case 'LineString':
      return { type, coordinates: line() }
    case 'MultiPoint':
      return { type, coordinates: random.list(length(9), position) }
    case 'Polygon':
      return { type, coordinates: polygon() }
    case 'MultiLineString':
      return { type, coordinates: random.list(length(3), line) }
    case 'MultiPolygon':
      return { type, coordinates: random.list(length(3), polygon) }
    case 'GeometryCollection': {
      const types = depth < 3 ? TYPES : TYPES.slice(0, -1)
      return {
        type,
        geometries: random.list(length(3), () => randomTree(random, random.pick(types), dimensions, proper, depth + 1)),
      }
    }
  }
}

export interface Flavour {
  readonly littleEndian: boolean
  /** PostGIS's flags instead of ISO's thousands. */
  readonly extended: boolean
  /** Only with `extended`. */
  readonly srid: number | null
}

export const FLAVOURS: readonly Flavour[] = [
  { littleEndian: true, extended: false, srid: null },
  { littleEndian: false, extended: false, srid: null },
  { littleEndian: true, extended: true, srid: null },
  { littleEndian: false, extended: true, srid: 4326 },
]

export const ISO: Flavour = FLAVOURS[0]!

export function toWkb(tree: Tree, dimensions: Dimensions, flavour: Flavour): Uint8Array {
  const { littleEndian, extended, srid } = flavour
  const uint32 = (n: number) => {
    const buffer = Buffer.alloc(4)
    if (littleEndian) buffer.writeUInt32LE(n)
    else buffer.writeUInt32BE(n)
    return buffer
  }
  const double = (n: number) => {
    const buffer = Buffer.alloc(8)
    if (littleEndian) buffer.writeDoubleLE(n)
    else buffer.writeDoubleBE(n)
    return buffer
  }
  const [z, m] = [dimensions.includes('Z'), dimensions.includes('M')]
  const code = (type: number, outer: boolean) =>
    extended
      ? type + (z ? 0x80000000 : 0) + (m ? 0x40000000 : 0) + (outer && srid !== null ? 0x20000000 : 0)
      : type + (z ? 1000 : 0) + (m ? 2000 : 0)
  const position = (ordinates: Position) => Buffer.concat(ordinates.map(double))
  const counted = <T>(items: readonly T[], write: (item: T) => Buffer) =>
    Buffer.concat([uint32(items.length), ...items.map(write)])
  const line = (positions: readonly Position[]) => counted(positions, position)
  const member = (type: Tree['type'], coordinates: unknown) => geometry({ type, coordinates } as Tree, false)
  const body = (tree: Tree): Buffer => {
    switch (tree.type) {
      case 'Point':
        return position(tree.coordinates)
      case 'LineString':
        return line(tree.coordinates)
      case 'Polygon':
        return counted(tree.coordinates, line)
      case 'MultiPoint':
        return counted(tree.coordinates, (point) => member('Point', point))
      case 'MultiLineString':
        return counted(tree.coordinates, (part) => member('LineString', part))
      case 'MultiPolygon':
        return counted(tree.coordinates, (part) => member('Polygon', part))
      case 'GeometryCollection':
        return counted(tree.geometries, (part) => geometry(part, false))
    }
  }
  const geometry = (tree: Tree, outer: boolean): Buffer => {
    const type = TYPES.indexOf(tree.type) + 1
    const head = [Buffer.of(littleEndian ? 1 : 0), uint32(code(type, outer))]
    return Buffer.concat([...head, ...(outer && extended && srid !== null ? [uint32(srid)] : []), body(tree)])
  }
  return geometry(tree, true)
}

/** The same with every number rounded. */
export function rounded(tree: Tree, precision: number): Tree {
  const convert = (value: unknown): unknown =>
    typeof value === 'number' ? round(value, precision) : (value as unknown[]).map(convert)
  if (tree.type === 'GeometryCollection') return { ...tree, geometries: tree.geometries.map((part) => rounded(part, precision)) }
  return { ...tree, coordinates: convert(tree.coordinates) } as Tree
}

/** The same with outer rings counter-clockwise and inner rings clockwise. Rings without area are unchanged. */
export function rightHanded(tree: Tree): Tree {
  if (tree.type === 'GeometryCollection') return { ...tree, geometries: tree.geometries.map(rightHanded) }
  if (tree.type === 'MultiPolygon') return { ...tree, coordinates: tree.coordinates.map(turned) }
  return tree.type === 'Polygon' ? { ...tree, coordinates: turned(tree.coordinates) } : tree
}

function turned(rings: readonly (readonly Position[])[]): (readonly Position[])[] {
  return rings.map((ring, n) => {
    const area = ringArea(ring)
    return (n === 0 ? area < 0 : area > 0) ? [...ring].reverse() : ring
  })
}

/** Computed by triangles with the first position. */
function ringArea(ring: readonly Position[]): number {
  const [x0, y0] = [ring[0]?.[0] ?? 0, ring[0]?.[1] ?? 0]
  return ring.slice(1).reduce((sum, [x, y], n) => {
    const [px, py] = ring[n] as readonly [number, number]
    return sum + ((px - x0) * (y! - y0) - (x! - x0) * (py - y0))
  }, 0)
}

/** GeoJSON as RFC 7946 has it: Z kept, M dropped, coordinates rounded. */
export function toGeoJson(tree: Tree, dimensions: Dimensions, precision: number): unknown {
  if (tree.type === 'GeometryCollection') {
    return { type: tree.type, geometries: tree.geometries.map((part) => toGeoJson(part, dimensions, precision)) }
  }
  const kept = dimensions.startsWith('XYZ') ? 3 : 2
  const convert = (value: unknown): unknown =>
    isPosition(value) ? value.slice(0, kept).map((x) => round(x, precision)) : (value as unknown[]).map(convert)
  if (tree.type === 'Point' && Number.isNaN(tree.coordinates[0])) return { type: tree.type, coordinates: [] }
  return { type: tree.type, coordinates: convert(tree.coordinates) }
}

function isPosition(value: unknown): value is Position {
  return Array.isArray(value) && typeof value[0] === 'number'
}

/** Zero without a sign; beyond 2^53 there is nothing to round. */
export function round(x: number, precision: number): number {
  const scaled = x * 10 ** precision
  return Math.abs(scaled) < 2 ** 53 ? Math.round(scaled) / 10 ** precision + 0 : x
}

/** west, south, east, north of all positions; null for none. */
export function toBBox(tree: Tree): number[] | null {
  const flatten = (t: Tree): number[][] =>
    t.type === 'GeometryCollection' ? t.geometries.flatMap(flatten) : positionsOf(t.coordinates)
  const positions = flatten(tree).filter(([x]) => !Number.isNaN(x))
  if (positions.length === 0) return null
  const side = (pick: (...values: number[]) => number, axis: number) => pick(...positions.map((p) => p[axis]!)) + 0
  return [side(Math.min, 0), side(Math.min, 1), side(Math.max, 0), side(Math.max, 1)]
}

function positionsOf(value: unknown): number[][] {
  return isPosition(value) ? [[...value]] : (value as unknown[]).flatMap(positionsOf)
}
