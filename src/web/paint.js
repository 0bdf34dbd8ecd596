// @ts-check
/** Styles the features of one layer: an area with its border, a line or a dot. A geometry column may hold all of them. */
/** @import { AddLayerObject, ExpressionSpecification, Map as MapLibre } from 'maplibre-gl' */
/** @import { Layer } from './layers.js' */
/** @import { Look } from './layer-view.js' */
/** @import { Classes } from './explore/classes.js' */

/** Shapes that a feature is drawn as, from bottom to top. */
export const SHAPES = /** @type {const} */ (['area', 'line', 'dot'])
/** @typedef {typeof SHAPES[number] | 'hexagon'} Shape */

/**
 * Dots of few features are large and solid; 200,000 of them are small and transparent, to show the land and the density.
 */
const DOTS = [
  { most: 2000, radius: 3.2, opacity: 0.85 },
  { most: 20_000, radius: 2.2, opacity: 0.7 },
  { most: Number.POSITIVE_INFINITY, radius: 1.1, opacity: 0.27 },
]

/** Areas of a layer with more features are often smaller than a pixel. Then their borders are all that is seen of them. */
const SMALL_AREAS = 20_000

/** Colours by the classes of a column. @typedef {Classes & { colors: readonly string[] }} Coloring */

/** @param {number} features */
const dots = (features) => /** @type {typeof DOTS[0]} */ (DOTS.find(({ most }) => features <= most))

/**
 * The shapes that a layer's geometry may take; all of them where the types are not known.
 * @param {Layer} layer
 * @returns {Shape[]}
 */
export function shapesOf({ geometryTypes }) {
  if (geometryTypes.length === 0 || geometryTypes.includes('GeometryCollection')) return [...SHAPES]
  const has = (/** @type {string} */ type) => geometryTypes.some((name) => name.endsWith(type))
  return SHAPES.filter((shape) => {
    if (shape === 'area') return has('Polygon')
    return shape === 'line' ? has('Polygon') || has('LineString') : has('Point')
  })
}

/** Tiles of points may have cells with a number of points. @type {ExpressionSpecification} */
const IS_CELL = ['has', 'point_count']
const CELL_RADIUS = ['interpolate', ['linear'], ['log10', ['get', 'point_count']], 0, 2, 6, 16]

/** @param {number} features @param {boolean} tiles @returns {unknown} */
function dotRadius(features, tiles) {
  const { radius: far } = dots(features)
  const stops = [1, far, 6, far + 1.4, 12, far + 4, 17, far + 6]
  const values = tiles ? stops.map((value, n) => (n % 2 ? ['case', IS_CELL, CELL_RADIUS, value] : value)) : stops
  return ['interpolate', ['exponential', 1.3], ['zoom'], ...values]
}

/**
 * @param {Shape} shape
 * @param {Pick<Look, 'color' | 'border' | 'ramp' | 'kind' | 'features' | 'steps' | 'coloring'>} look
 * @param {number} opacity 1, or less for a drawing that will be replaced
 * @param {boolean} [tiles] for features of tiles, which have their properties instead of a class
 * @returns {Record<string, unknown>} paint properties
 */
export function paintOf(shape, { color: own, border, ramp, kind, features, steps = [], coloring }, opacity, tiles = false) {
  const color = coloring ? classColor(coloring.colors, tiles ? coloring.classInTiles : ['get', 'class']) : own
  const dotOpacity = coloring ? Math.max(0.75, dots(features).opacity) : dots(features).opacity
  if (shape === 'hexagon') {
    const [first, ...others] = steps.map((step, n) => [step, ramp[n]])
    const counted = others.length === 0 ? first?.[1] : ['step', ['get', 'features'], first?.[1], ...others.flat()]
    return { 'fill-color': coloring ? color : counted, 'fill-opacity': 0.82 * opacity }
  }
  if (shape === 'area') return { 'fill-color': color, 'fill-opacity': 0.85 * opacity, 'fill-antialias': false }
  if (shape === 'dot') {
    return {
      'circle-color': tiles && coloring ? ['case', IS_CELL, own, color] : color,
      'circle-radius': dotRadius(features, tiles),
      'circle-opacity': ['interpolate', ['linear'], ['zoom'], 1, dotOpacity * opacity, 7, 0.85 * opacity],
      'circle-stroke-color': '#ffffff',
      'circle-stroke-opacity': 0.7 * opacity,
      'circle-stroke-width': ['interpolate', ['linear'], ['zoom'], 9, 0, 11, 1],
    }
  }
  const isSmall = features > SMALL_AREAS
  const [far, near] = kind === 'polygon' ? [isSmall ? 1.4 : 0.5, 1.6] : [0.9, 3.2]
  return {
    'line-color': kind === 'polygon' && !(isSmall && coloring) ? border : color,
    'line-opacity': opacity,
    'line-width': ['interpolate', ['linear'], ['zoom'], 1, far, 14, near],
  }
}

/** @param {readonly string[]} colors @param {ExpressionSpecification} classOf @returns {unknown} */
function classColor(colors, classOf) {
  const last = colors.at(-1)
  if (colors.length < 2) return last
  return ['match', classOf, ...colors.slice(0, -1).flatMap((color, n) => [n, color]), last]
}

const TYPE = /** @type {const} */ ({ area: 'fill', hexagon: 'fill', line: 'line', dot: 'circle' })
const MET = /** @type {const} */ ({ area: ['Polygon', 'MultiPolygon'], dot: ['Point', 'MultiPoint'] })

/**
 * @param {Shape} shape
 * @param {{ id: string, source: string, sourceLayer?: string, paint: Record<string, unknown> }} parts `sourceLayer`: the layer in vector tiles
 * @returns {AddLayerObject}
 */
export function styleLayer(shape, { id, source, sourceLayer, paint }) {
  const round = shape === 'line' ? { layout: { 'line-join': 'round', 'line-cap': 'round' } } : {}
  const filter = ['in', ['geometry-type'], ['literal', shape === 'dot' ? MET.dot : MET.area]]
  const wanted = shape === 'line' ? ['!', ['in', ['geometry-type'], ['literal', MET.dot]]] : filter
  const inTiles = sourceLayer === undefined ? {} : { 'source-layer': sourceLayer }
  return /** @type {AddLayerObject} */ ({ id, type: TYPE[shape], source, ...inTiles, filter: wanted, paint, ...round })
}

/**
 * @param {MapLibre} map
 * @param {string} styleLayer
 * @param {Record<string, unknown>} paint properties and values as the style specification has them
 */
export function repaint(map, styleLayer, paint) {
  for (const [property, value] of Object.entries(paint)) {
    map.setPaintProperty(
      styleLayer,
      /** @type {Parameters<MapLibre['setPaintProperty']>[1]} */ (property),
      /** @type {never} */ (value),
    )
  }
}
