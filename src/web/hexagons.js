// @ts-check
/** Counts the points in view per hexagon, where there are too many to be seen one by one. */
/** @import { Feature, Polygon } from 'geojson' */
/** @import { GroupEvents } from './groups.js' */
/** @import { Layer } from './layers.js' */
/** @import { Coloring } from './paint.js' */
import { askGroups } from './groups.js'

/** Up to this number of points in view, each one is drawn. */
const MOST_POINTS = 50_000
/** About this number of hexagons fills the screen. */
const HEXAGONS = 6000
const EQUATOR_METRES = 40_075_016.7
/** The pixels of the world at zoom 0. */
const WORLD = 512

/** @param {Coloring | null} coloring */
function countsOf(coloring) {
  const [variable, figures] = coloring
    ? [', $column: String!', `column(name: $column) { ${coloring.summary.figures} }`]
    : ['', '']
  return `subscription Hexagons($layer: String!, $where: FeatureFilter!, $size: Float!${variable}) {
    aggregateBatches(layer: $layer, where: $where, cell: { kind: HEXAGON, size: $size }) { rows { count cell { id polygon } ${figures} } }
  }`
}

/** @typedef {Feature<Polygon, { features: number, [summary: string]: unknown }>} Hexagon */
/** @typedef {{ count: string, cell: { id: string, polygon: Polygon } | null, column?: unknown }} Row */

/**
 * @typedef {object} Scale of the hexagons on the screen
 * @property {number} size metres: the length of an edge at the equator
 * @property {number} hexagons
 * @property {readonly number[]} steps the least number of features of each class
 */

/** Returns whether a view may have too many points of the layer. @param {Layer} layer */
export function isDense({ geometryTypes, featureCount }) {
  const onlyPoints = geometryTypes.length > 0 && geometryTypes.every((type) => type.startsWith('Point'))
  return onlyPoints && isMany(Number(featureCount ?? 0))
}

/** @param {number} points in view */
export const isMany = (points) => points > MOST_POINTS

/** The least of 1, 2, 5, 10, ... that is not below the value. @param {number} value */
function roundUp(value) {
  const power = 10 ** Math.floor(Math.log10(value))
  return power * /** @type {number} */ ([1, 2, 5, 10].find((step) => step * power >= value * (1 - 1e-9)))
}

/**
 * Returns the metres of an edge, for a screen of this many pixels. It changes in steps, so that a move of the map keeps the hexagons.
 * @param {number} zoom
 * @param {number} width
 * @param {number} height
 */
export function hexagonSize(zoom, width, height) {
  const area = Math.max(1, width * height) / HEXAGONS
  // The area of a hexagon is 1.5 * sqrt(3) times the square of its edge.
  return roundUp((Math.sqrt(area / (1.5 * Math.sqrt(3))) * EQUATOR_METRES) / (WORLD * 2 ** zoom))
}

/**
 * Returns the least number of features of each class. Each class reaches to a multiple of its begin, because counts differ by powers of ten.
 * @param {readonly Hexagon[]} hexagons
 * @param {number} classes
 */
export function stepsOf(hexagons, classes) {
  const most = hexagons.reduce((most, { properties }) => Math.max(most, properties.features), 1)
  const steps = Array.from({ length: classes }, (_, n) => roundUp(most ** (n / classes)))
  return [...new Set(steps)]
}

/**
 * @param {{ layer: string, where: object, size: number }} request
 * @param {Coloring | null} coloring by a value for each hexagon
 * @param {GroupEvents<Hexagon>} events
 * @returns {() => void} cancels
 */
export function countHexagons(request, coloring, { complete, ...events }) {
  const variables = coloring ? { ...request, column: coloring.column } : request
  return askGroups(countsOf(coloring), variables, {
    complete: (/** @type {Row[]} */ rows) => complete(rows.flatMap((row) => hexagon(row, coloring))),
    ...events,
  })
}

/** Features without a geometry are in none. @param {Row} row @param {Coloring | null} coloring @returns {Hexagon[]} */
function hexagon({ count, cell, column }, coloring) {
  if (!cell) return []
  const summary = coloring && { [coloring.summary.name]: coloring.summary.read(column) ?? null }
  return [{ type: 'Feature', id: cell.id, properties: { features: Number(count), ...summary }, geometry: cell.polygon }]
}
