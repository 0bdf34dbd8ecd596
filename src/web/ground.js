// @ts-check
/**
 * Draws the sea, the land, borders and the lines of the globe below the data, and the names of places and the feature under the pointer above it. It
 * loads nothing from another host, and no fonts: without glyphs in the style, MapLibre draws letters with a font of the system.
 */
/** @import { ExpressionSpecification, Map as MapLibre, StyleSpecification } from 'maplibre-gl' */
/** @import { Feature } from 'geojson' */
/** @import { Theme } from './theme.js' */
import { repaint } from './paint.js'
import { GROUND } from './palette.js'

/** The style layer below which data goes. */
export const ABOVE_DATA = 'places'

/** Pixels of letters by the rank of a place, which is from 0 to 10. */
/** @param {number} large @param {number} medium @param {number} small @returns {ExpressionSpecification} */
const sizes = (large, medium, small) => ['step', ['get', 'rank'], large, 3, medium, 6, small]

/** @param {number} step degrees @returns {Feature} */
function graticule(step) {
  /** @type {number[][][]} */
  const lines = []
  for (let west = -180; west <= 180; west += step)
    lines.push([
      [west, -85],
      [west, 85],
    ])
  for (let south = -80 + (80 % step); south < 85; south += step)
    lines.push([
      [-180, south],
      [180, south],
    ])
  return { type: 'Feature', properties: {}, geometry: { type: 'MultiLineString', coordinates: lines } }
}

/** @param {Theme} theme @returns {StyleSpecification} */
export function groundStyle(theme) {
  const colors = GROUND[theme]
  /** @type {ExpressionSpecification} */
  const pointed = ['match', ['get', 'role'], 'selected', colors.selected, colors.hover]
  return {
    version: 8,
    transition: { duration: 0, delay: 0 },
    sources: {
      graticule: { type: 'geojson', data: graticule(30), tolerance: 0 },
      'graticule-fine': { type: 'geojson', data: graticule(10), tolerance: 0 },
      // Natural Earth at 1:50 million, made by scripts/ground.ts.
      ground: { type: 'geojson', data: new URL('ground.json', import.meta.url).href, tolerance: 0.2 },
      // Natural Earth's populated places, which places.js reads.
      places: { type: 'geojson', data: { type: 'FeatureCollection', features: [] } },
      highlight: { type: 'geojson', data: { type: 'FeatureCollection', features: [] } },
    },
    layers: [
      { id: 'sea', type: 'background', paint: { 'background-color': colors.sea } },
      {
        id: 'land',
        type: 'fill',
        source: 'ground',
        filter: ['==', ['geometry-type'], 'Polygon'],
        paint: { 'fill-color': colors.land, 'fill-antialias': false },
      },
      {
        id: 'borders',
        type: 'line',
        source: 'ground',
        filter: ['==', ['geometry-type'], 'LineString'],
        layout: { 'line-join': 'round' },
        paint: { 'line-color': colors.borders, 'line-width': ['interpolate', ['linear'], ['zoom'], 1, 0.6, 8, 1.6] },
      },
      { id: 'graticule', type: 'line', source: 'graticule', paint: { 'line-color': colors.graticule } },
      {
        id: 'graticule-fine',
        type: 'line',
        source: 'graticule-fine',
        minzoom: 3,
        paint: { 'line-color': colors.graticule, 'line-width': 0.6 },
      },
      {
        id: ABOVE_DATA,
        type: 'symbol',
        source: 'places',
        filter: ['<=', ['get', 'rank'], ['+', ['zoom'], 1]],
        layout: {
          'text-field': ['get', 'name'],
          'text-font': ['system-ui', 'sans-serif'],
          'text-size': ['interpolate', ['linear'], ['zoom'], 2, sizes(12, 11, 11), 9, sizes(17, 15, 13)],
          'text-max-width': 7,
          'text-padding': 8,
          'symbol-sort-key': ['get', 'order'],
        },
        paint: { 'text-color': colors.label, 'text-halo-color': colors.halo, 'text-halo-width': 1.4 },
      },
      {
        id: 'highlight-area',
        type: 'fill',
        source: 'highlight',
        filter: ['==', ['geometry-type'], 'Polygon'],
        paint: { 'fill-color': pointed, 'fill-opacity': 0.12 },
      },
      {
        id: 'highlight-line',
        type: 'line',
        source: 'highlight',
        filter: ['!=', ['geometry-type'], 'Point'],
        layout: { 'line-join': 'round', 'line-cap': 'round' },
        paint: { 'line-color': pointed, 'line-width': 2 },
      },
      {
        id: 'highlight-point',
        type: 'circle',
        source: 'highlight',
        filter: ['==', ['geometry-type'], 'Point'],
        paint: {
          'circle-color': pointed,
          'circle-opacity': 0.25,
          'circle-stroke-color': pointed,
          'circle-stroke-width': 2,
          'circle-radius': ['interpolate', ['linear'], ['zoom'], 0, 5, 12, 10],
        },
      },
    ],
  }
}

/** @param {MapLibre} map @param {Theme} theme */
export function recolorGround(map, theme) {
  for (const layer of groundStyle(theme).layers) {
    repaint(
      map,
      layer.id,
      Object.fromEntries(Object.entries(layer.paint ?? {}).filter(([property]) => property.endsWith('color'))),
    )
  }
}
