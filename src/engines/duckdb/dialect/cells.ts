/** Writes the cell of a feature as SQL. The formulas are those of `geometry/cells.ts`, in the same order. */
import {
  EARTH_RADIUS,
  type Grid,
  HALF_WORLD,
  hexagonSteps,
  MAX_INDEX,
  MAX_LATITUDE,
  METRES_PER_DEGREE,
} from '../../../geometry/cells.ts'
import { LON_LAT } from '../../../model/crs.ts'
import type { Layer } from '../../../model/layer.ts'
import { layerCrsText, transformed } from './crs.ts'
import { withGeometry } from './geometry-column.ts'
import { memberOf, type Parameters } from './quote.ts'

const [X, Y] = [member('p', 'x'), member('p', 'y')]

/** SQL of a struct with the indexes `first` and `second`. NULL for a feature without a place, and beyond the largest index. */
export function cellOf(grid: Grid, layer: Layer, parameters: Parameters): string {
  const place = grid.kind === 'square' ? placeOf(layer) : inMercator(layer, parameters)
  // `least` and `greatest` skip nulls.
  const cell = named(place, 'p', `CASE WHEN ${X} IS NOT NULL THEN ${indexesOf(grid, parameters)} END`)
  const fits = ['first', 'second'].map((axis) => `abs(${member('c', axis)}) <= ${MAX_INDEX}`).join(' AND ')
  const whole = ['first', 'second'].map((axis) => `${axis}: CAST(${member('c', axis)} AS BIGINT)`).join(', ')
  return named(cell, 'c', `CASE WHEN ${fits} THEN {${whole}} END`)
}

/** `p.x` would be a member of a column named `p`, if there is one. */
function member(struct: string, name: string): string {
  return `struct_extract(${struct}, '${name}')`
}

/** SQL of `use`, in which the value has a name. */
function named(value: string, name: string, use: string): string {
  return `list_transform([${value}], lambda ${name}: ${use})[1]`
}

function indexesOf(grid: Grid, parameters: Parameters): string {
  switch (grid.kind) {
    case 'square': {
      const size = parameters.double(grid.size)
      return `{first: floor(${X} / ${size}), second: floor(${Y} / ${size})}`
    }
    case 'hexagon':
      return hexagon(grid.size, parameters)
    case 'tile': {
      const n = parameters.double(2 ** grid.zoom)
      const within = (index: string) => `greatest(0, least(${n} - 1, floor(${index} * ${n})))`
      return `{first: ${within(`(${X} / ${2 * HALF_WORLD} + 0.5)`)}, second: ${within(`(0.5 - ${Y} / ${2 * HALF_WORLD})`)}}`
    }
  }
}

/** The nearest whole point of the plane u + v + w = 0. The coordinate that rounding moves most follows from the other two. */
function hexagon(size: number, parameters: Parameters): string {
  const { column, row } = hexagonSteps(size)
  const [u, v, w] = ['u', 'v', 'w'].map((name) => member('h', name))
  const [a, b, c] = [u, v, w].map((value) => `floor(${value} + 0.5)`)
  const [du, dv, dw] = [`abs(${a} - ${u})`, `abs(${b} - ${v})`, `abs(${c} - ${w})`]
  const nearest = `CASE WHEN ${du} > ${dv} AND ${du} > ${dw} THEN {first: 0 - ${b} - ${c}, second: ${b}} WHEN ${dv} > ${dw} THEN {first: ${a}, second: 0 - ${a} - ${c}} ELSE {first: ${a}, second: ${b}} END`
  const first = `{u: ${X} / ${parameters.double(column)}, y: ${Y} / ${parameters.double(row)}}`
  const second = `{u: ${member('g', 'u')}, v: ${member('g', 'y')} - ${member('g', 'u')} * 0.5}`
  const third = `{u: ${member('k', 'u')}, v: ${member('k', 'v')}, w: 0 - ${member('k', 'u')} - ${member('k', 'v')}}`
  return named(named(named(first, 'g', second), 'k', third), 'h', nearest)
}

/* The place of a feature: the centre of its box. */

/** SQL of a struct of finite numbers, or NULL. */
function placeOf(layer: Layer): string {
  const finite = `CASE WHEN isfinite(${member('o', 'x')}) AND isfinite(${member('o', 'y')}) THEN o END`
  return named(centreOf(layer), 'o', finite)
}

function centreOf(layer: Layer): string {
  const { pruning, geometryEncoding, geometryColumn, state, tailoring } = layer
  const between = (low: string, high: string) => `(${low} + ${high}) * 0.5`
  if (geometryEncoding === 'point') return `{x: ${memberOf(geometryColumn, 'x')}, y: ${memberOf(geometryColumn, 'y')}}`
  // A covering column of floats is a little larger than the geometry, and a repaired geometry a little smaller.
  if (pruning.kind === 'COVERING_COLUMN' && !pruning.float32 && state === 'READY' && tailoring?.onInvalid !== 'repair') {
    const side = (name: 'xmin' | 'ymin' | 'xmax' | 'ymax') => memberOf(pruning.column, pruning.members[name])
    return `{x: ${between(side('xmin'), side('xmax'))}, y: ${between(side('ymin'), side('ymax'))}}`
  }
  return withGeometry(layer, (value) => {
    const side = (name: string) => `ST_${name}(${value})`
    const centre = `{x: ${between(side('XMin'), side('XMax'))}, y: ${between(side('YMin'), side('YMax'))}}`
    return `CASE WHEN NOT ST_IsEmpty(${value}) THEN ${centre} END`
  })
}

/* Web Mercator */

const WEB_MERCATOR = 'EPSG:3857'

function inMercator(layer: Layer, parameters: Parameters): string {
  if (layer.crs?.code === WEB_MERCATOR) return placeOf(layer)
  const x = `(${member('d', 'x')} - 360 * floor((${member('d', 'x')} + 180) / 360)) * ${METRES_PER_DEGREE}`
  const latitude = `greatest(-${MAX_LATITUDE}, least(${MAX_LATITUDE}, ${member('d', 'y')}))`
  const metres = `{x: ${x}, s: sin(${latitude} * (pi() / 180))}`
  const y = `ln((1 + ${member('m', 's')}) / (1 - ${member('m', 's')})) * (${EARTH_RADIUS} * 0.5)`
  const position = named(named(inDegrees(layer, parameters), 'd', metres), 'm', `{x: ${member('m', 'x')}, y: ${y}}`)
  return named(position, 'n', `CASE WHEN isfinite(${member('n', 'x')}) THEN n END`)
}

/** Longitude and latitude. NULL for a place that cannot be transformed. */
function inDegrees(layer: Layer, parameters: Parameters): string {
  if (layer.crs?.isLonLat) return placeOf(layer)
  const from = layerCrsText(layer)
  const transform = (point: string) => transformed(point, from, LON_LAT, parameters)
  parameters.proofs.push(transform('ST_Point(0, 0)'))
  const point = named(placeOf(layer), 'q', transform(`ST_Point(${member('q', 'x')}, ${member('q', 'y')})`))
  const finite = `CASE WHEN isfinite(ST_X(t)) AND isfinite(ST_Y(t)) THEN {x: ST_X(t), y: ST_Y(t)} END`
  return named(point, 't', finite)
}
