// @ts-check
/** Finds the features under the mouse or a finger, or under the cross in the map's middle when Enter is pressed. */
/** @import { GeoJSONSource, Map as MapLibre, MapGeoJSONFeature, Point } from 'maplibre-gl' */
/** @import { Feature } from 'geojson' */
/** @import { Kind } from './layers.js' */
/** @import { LayerView } from './layer-view.js' */
import { featurePopup } from './popup.js'

/**
 * @typedef {object} Found
 * @property {Feature} feature
 * @property {string} layer
 * @property {Kind} kind
 * @property {string} color
 * @property {boolean} partial the feature has a part of its geometry and properties, as vector tiles have it
 */

/** Pixels by which a pointer may miss a dot or a line; a finger is thicker. */
const MISS = { mouse: 4, touch: 14 }
/** Features under one point that a popup turns over. */
const MOST = 25

/** @param {MapGeoJSONFeature} feature @param {MapLibre} map @param {Point} at */
function distance({ geometry }, map, at) {
  if (geometry.type !== 'Point') return Number.POSITIVE_INFINITY
  return map.project(/** @type {[number, number]} */ (geometry.coordinates)).dist(at)
}

/**
 * Dots by their distance, then lines, then areas around the point, then areas whose border is near.
 * @param {MapLibre} map
 * @param {readonly LayerView[]} views
 * @param {Point} at
 * @param {number} miss
 * @returns {Found[]}
 */
export function pick(map, views, at, miss) {
  const near = map.queryRenderedFeatures([
    [at.x - miss, at.y - miss],
    [at.x + miss, at.y + miss],
  ])
  const exact = new Set(
    map
      .queryRenderedFeatures(at)
      .filter(({ layer }) => layer.type === 'fill')
      .map(key),
  )
  const order = near
    .filter((feature) => feature.layer.type !== 'fill' || exact.has(key(feature)))
    .map((feature) => ({ feature, rank: rankOf(feature), far: distance(feature, map, at) }))
    .filter(({ rank }) => rank >= 0)
    .sort((one, other) => one.rank - other.rank || (one.far === other.far ? 0 : one.far - other.far))
  /** @type {Map<string, Found>} */
  const founds = new Map()
  for (const { feature } of order) {
    if (founds.size === MOST) break
    const id = key(feature)
    const found = founds.has(id) ? null : resolve(views, feature)
    if (found) founds.set(id, found)
  }
  return [...founds.values()]
}

const RANKS = ['circle', 'line', 'fill', 'border']

/** The border of an area is the last: the point may be in its neighbour. -1 for what is no data. @param {MapGeoJSONFeature} feature */
const rankOf = ({ layer, geometry }) =>
  RANKS.indexOf(layer.type === 'line' && geometry.type.endsWith('Polygon') ? 'border' : layer.type)

/** Identifies a feature: MapLibre finds it once per tile and style layer. @param {MapGeoJSONFeature} feature */
const key = ({ source, id, properties }) => `${source}/${id ?? properties['id']}`

/** @param {Found | null} one @param {Found | null} other */
function isSame(one, other) {
  if (one?.partial && other?.partial) return one.layer === other.layer && one.feature.id === other.feature.id
  return one?.feature === other?.feature
}

/** @param {readonly LayerView[]} views @param {MapGeoJSONFeature} drawn @returns {Found | null} */
function resolve(views, drawn) {
  for (const view of views) {
    const feature = view.feature(drawn)
    if (!feature) continue
    const { layer, look } = view
    const partial = drawn.sourceLayer !== undefined && feature.id !== undefined
    return { feature, layer: layer.name, kind: look.kind, color: look.color, partial }
  }
  return null
}

/**
 * @param {MapLibre} map
 * @param {() => LayerView[]} views
 * @returns `select` shows a feature that was found in another way, and `follow` goes along with features that have moved
 */
export function startPicking(map, views) {
  const pointed = { hover: /** @type {Found | null} */ (null), selected: /** @type {Found | null} */ (null) }
  const show = () => {
    const features = Object.entries(pointed).flatMap(([role, found]) =>
      found ? [{ type: /** @type {const} */ ('Feature'), properties: { role }, geometry: found.feature.geometry }] : [],
    )
    void (/** @type {GeoJSONSource} */ (map.getSource('highlight')).setData({ type: 'FeatureCollection', features }))
  }
  /** @param {'hover' | 'selected'} role @param {Found | null} found */
  const point = (role, found) => {
    if (isSame(pointed[role], found)) return
    pointed[role] = found
    show()
  }
  const popup = featurePopup(map, (found) => point('selected', found))
  /** @param {Point} at @param {number} miss */
  const open = (at, miss) => {
    const founds = pick(map, views(), at, miss)
    if (founds.length > 0) popup.open(map.unproject(at), founds)
  }
  map.on('click', ({ point: at, originalEvent }) => {
    open(at, /** @type {PointerEvent} */ (originalEvent).pointerType === 'touch' ? MISS.touch : MISS.mouse)
  })
  const canvas = map.getCanvas()
  canvas.addEventListener('keydown', ({ key: pressed }) => {
    if (pressed === 'Escape') popup.close()
    if (pressed === 'Enter') open(map.project(map.getCenter()), MISS.touch)
  })
  let waiting = false
  map.on('mousemove', ({ point: at }) => {
    if (waiting || map.isMoving()) return
    waiting = true
    requestAnimationFrame(() => {
      waiting = false
      const [found = null] = pick(map, views(), at, MISS.mouse)
      canvas.style.cursor = found ? 'pointer' : ''
      point('hover', found)
    })
  })
  map.on('mouseout', () => point('hover', null))
  return {
    /** @param {{ lng: number, lat: number }} place @param {Found} found */
    select: (place, found) => popup.open(place, [found]),
    follow: () => {
      if (pointed.hover || pointed.selected) show()
      popup.follow()
    },
  }
}
