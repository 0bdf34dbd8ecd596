/**
 * Writes the cell of a feature as SQL. The formulas are those of `geometry/cells.ts`. They are written out without CASE and lambdas, because the
 * engine computes a repeated expression once, except within these.
 */
import {
  EARTH_RADIUS,
  type Grid,
  HALF_WORLD,
  hexagonSteps,
  MAX_INDEX,
  MAX_LATITUDE,
  METRES_PER_DEGREE,
} from '../../../geometry/cells.ts'
import { type CoveringColumn, type Layer, LON_LAT } from '../../../model/layer.ts'
import { layerCrsText, transformed } from './crs.ts'
import { withGeometry } from './geometry-column.ts'
import { memberOf, type Parameters } from './quote.ts'

/** SQL of the indexes of a cell. Both are NULL for a feature without a place, and beyond the largest index. */
export interface CellIndexes {
  readonly first: string
  readonly second: string
}

export function cellOf(grid: Grid, layer: Layer, parameters: Parameters): CellIndexes {
  const steps = stepsOf(grid, parameters)
  const place = grid.kind === 'square' ? placeOf(layer) : inMercator(layer, parameters)
  // Within the world of Web Mercator, no index is too large.
  const isWithin = grid.kind === 'tile' || (grid.kind === 'hexagon' && !isInMetres(layer))
  const of = (axis: keyof CellIndexes) =>
    place.use((x, y) => {
      const indexes = indexesOf(grid, x, y, steps)
      // NULL, and NaN from 0 times NaN or infinity, is no BIGINT.
      const index = `TRY_CAST(${indexes[axis]} + 0 * (${x} + ${y}) AS BIGINT)`
      if (isWithin) return index
      const fits = `abs(${indexes.first}) <= ${MAX_INDEX} AND abs(${indexes.second}) <= ${MAX_INDEX}`
      return `CASE WHEN ${fits} THEN ${index} END`
    })
  return { first: of('first'), second: of('second') }
}

/** SQL of the place of a feature in metres of Web Mercator. NULL or not finite for a feature without a place. */
export function mercatorOf(axis: 'x' | 'y', layer: Layer, parameters: Parameters): string {
  return inMercator(layer, parameters).use((x, y) => (axis === 'x' ? x : y))
}

/** SQL of the sizes of the grid in both directions. */
function stepsOf(grid: Grid, parameters: Parameters): readonly [string, string] {
  if (grid.kind === 'hexagon') {
    const { column, row } = hexagonSteps(grid.size)
    return [parameters.double(column), parameters.double(row)]
  }
  const step = parameters.double(grid.kind === 'tile' ? 2 ** grid.zoom : grid.size)
  return [step, step]
}

function indexesOf({ kind }: Grid, x: string, y: string, [first, second]: readonly [string, string]): CellIndexes {
  switch (kind) {
    case 'square':
      return { first: `floor(${x} / ${first})`, second: `floor(${y} / ${second})` }
    case 'hexagon':
      return hexagon(`(${x} / ${first})`, `(${y} / ${second})`)
    case 'tile': {
      const within = (index: string) => `greatest(0, least(${first} - 1, floor(${index} * ${first})))`
      return { first: within(`(${x} / ${2 * HALF_WORLD} + 0.5)`), second: within(`(0.5 - ${y} / ${2 * HALF_WORLD})`) }
    }
  }
}

/** The nearest whole point of the plane u + v + w = 0. */
function hexagon(u: string, rows: string): CellIndexes {
  const v = `(${rows} - ${u} * 0.5)`
  const w = `(0 - ${u} - ${v})`
  const [a, b, c] = [u, v, w].map((value) => `floor(${value} + 0.5)`)
  const [du, dv, dw] = [`abs(${a} - ${u})`, `abs(${b} - ${v})`, `abs(${c} - ${w})`]
  // The sum of the three is -1, 0 or 1. It is subtracted from the coordinate that rounding moves most.
  const excess = `(${a} + ${b} + ${c})`
  const first = `CAST(${du} > greatest(${dv}, ${dw}) AS DOUBLE)`
  return { first: `(${a} - ${excess} * ${first})`, second: `(${b} - ${excess} * (1 - ${first}) * CAST(${dv} > ${dw} AS DOUBLE))` }
}

/* The place of a feature: the centre of its box. */

interface Place {
  /** SQL of `of` the coordinates, which it may use several times. They may be NULL or not finite. */
  use(of: (x: string, y: string) => string): string
}

function placeOf(layer: Layer): Place {
  const { geometryEncoding, geometryColumn } = layer
  if (geometryEncoding === 'point') return written(memberOf(geometryColumn, 'x'), memberOf(geometryColumn, 'y'))
  const covering = coveringPlace(layer)
  if (covering) {
    const side = (name: 'xmin' | 'ymin' | 'xmax' | 'ymax') => memberOf(covering.column, covering.members[name])
    return written(between(side('xmin'), side('xmax')), between(side('ymin'), side('ymax')))
  }
  // An empty ring has infinite sides for the engine.
  const side = (value: string, name: string) => `CASE WHEN NOT ST_IsEmpty(${value}) THEN ST_${name}(${value}) END`
  const x = (value: string) => between(side(value, 'XMin'), side(value, 'XMax'))
  const y = (value: string) => between(side(value, 'YMin'), side(value, 'YMax'))
  let isPlain = false
  const plain = withGeometry(layer, (value) => {
    isPlain = value !== 'f'
    return value
  })
  return isPlain ? written(x(plain), y(plain)) : named(withGeometry(layer, (value) => `{x: ${x(value)}, y: ${y(value)}}`))
}

/**
 * The covering column whose box is exactly that of the geometry, if there is one. One of floats is a little larger than the geometry, and a repaired
 * geometry a little smaller.
 */
export function coveringPlace({ pruning, state, tailoring }: Layer): CoveringColumn | null {
  const isExact = pruning.kind === 'COVERING_COLUMN' && !pruning.float32 && state === 'READY' && tailoring?.onInvalid !== 'repair'
  return isExact ? pruning : null
}

function between(low: string, high: string): string {
  return `((${low} + ${high}) * 0.5)`
}

function written(x: string, y: string): Place {
  return { use: (of) => of(x, y) }
}

/** A place that costs too much to be computed several times, as a struct. `p.x` would be a member of a column named `p`, if there is one. */
function named(struct: string): Place {
  return { use: (of) => `list_transform([${struct}], lambda p: ${of(`struct_extract(p, 'x')`, `struct_extract(p, 'y')`)})[1]` }
}

/* Web Mercator */

function isInMetres({ crs }: Layer): boolean {
  return crs?.code === 'EPSG:3857'
}

function inMercator(layer: Layer, parameters: Parameters): Place {
  if (isInMetres(layer)) return placeOf(layer)
  const place = inDegrees(layer, parameters)
  return { use: (of) => place.use((longitude, latitude) => of(metresEast(longitude), metresNorth(latitude))) }
}

function metresEast(longitude: string): string {
  return `((${longitude} - 360 * floor((${longitude} + 180) / 360)) * ${METRES_PER_DEGREE})`
}

/** `least` and `greatest` skip nulls, and take NaN for the largest number. The last term keeps both. */
function metresNorth(latitude: string): string {
  const s = `sin(greatest(-${MAX_LATITUDE}, least(${MAX_LATITUDE}, ${latitude})) * (pi() / 180))`
  return `(ln((1 + ${s}) / (1 - ${s})) * (${EARTH_RADIUS} * 0.5) + 0 * ${latitude})`
}

function inDegrees(layer: Layer, parameters: Parameters): Place {
  const place = placeOf(layer)
  if (layer.crs?.isLonLat ?? true) return place
  const from = layerCrsText(layer)
  const transform = (point: string) => transformed(point, from, LON_LAT, parameters)
  parameters.proofs.push(transform('ST_Point(0, 0)'))
  const point = place.use((x, y) => `CASE WHEN isfinite(${x}) AND isfinite(${y}) THEN ${transform(`ST_Point(${x}, ${y})`)} END`)
  return named(`list_transform([${point}], lambda q: {x: ST_X(q), y: ST_Y(q)})[1]`)
}
