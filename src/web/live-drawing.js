// @ts-check
/**
 * Draws the points of a live layer, and where each was before. MapLibre gets the differences only: a source that is set again is indexed again as a
 * whole.
 */
/** @import { AddLayerObject, GeoJSONSource, Map as MapLibre, MapGeoJSONFeature } from 'maplibre-gl' */
/** @import { Feature, FeatureCollection, Position } from 'geojson' */
/** @import { LayerDiff } from 'geoduck/client' */
/** @import { Look } from './layer-view.js' */
import { paintOf, repaint, styleLayer } from './paint.js'

/** Positions of a trail, and of all trails together. */
const [LONGEST, MOST_POSITIONS] = [24, 100_000]
/** @type {FeatureCollection} */
const NOTHING = { type: 'FeatureCollection', features: [] }

/** Source ids are unique over all drawings. */
let sources = 0

/** @typedef {{ id: number, feature: Feature, trail: Position[] }} Moving */

export class LiveDrawing {
  /** @type {Map<string, Moving>} by key */ #all = new Map()
  /** @type {Map<number, Moving>} */ #byId = new Map()
  #next = 0
  #opacity = 1
  #map
  #look
  #dots
  #trails

  /** @param {MapLibre} map @param {Look} look */
  constructor(map, look) {
    this.#map = map
    this.#look = look
    sources += 1
    this.#dots = `live-${sources}`
    this.#trails = `trails-${sources}`
    map.addSource(this.#trails, { type: 'geojson', data: NOTHING, lineMetrics: true, tolerance: 0.3 })
    map.addSource(this.#dots, { type: 'geojson', data: NOTHING, buffer: 32 })
    const trails = { id: this.#trails, type: 'line', source: this.#trails, paint: this.#trailPaint() }
    map.addLayer(/** @type {AddLayerObject} */ (trails), look.slot('dot'))
    const paint = paintOf('dot', look, 1)
    map.addLayer(styleLayer('dot', { id: this.#dots, source: this.#dots, paint }), look.slot('dot'))
  }

  get visible() {
    return this.#all.size > 0
  }

  /** @param {LayerDiff} diff */
  apply({ removeAll, add, remove }) {
    const [changed, trails] = [difference(removeAll), difference(removeAll)]
    if (removeAll) this.#clear()
    for (const key of remove) {
      const moving = this.#all.get(key)
      if (!moving) continue
      this.#all.delete(key)
      this.#byId.delete(moving.id)
      changed.remove.push(moving.id)
      trails.remove.push(moving.id)
    }
    const longest = Math.max(2, Math.min(LONGEST, Math.floor(MOST_POSITIONS / (this.#all.size + add.length))))
    for (const feature of add) {
      const moving = this.#move(feature, longest)
      changed.add.push(this.#shape(moving))
      if (moving.trail.length > 1) trails.add.push(trailOf(moving))
    }
    void this.#source(this.#dots).updateData(changed)
    if (removeAll || trails.remove.length + trails.add.length > 0) void this.#source(this.#trails).updateData(trails)
  }

  /** Draws all points again, in the classes of the present colouring. */
  recolor() {
    const features = [...this.#all.values()].map((moving) => this.#shape(moving))
    void this.#source(this.#dots).setData({ type: 'FeatureCollection', features })
    this.repaint()
  }

  /** Returns the feature that belongs to one that MapLibre found. @param {MapGeoJSONFeature} drawn */
  feature({ source, id }) {
    return source === this.#dots ? this.#byId.get(Number(id))?.feature : undefined
  }

  show() {}

  /** Paler, while what replaces it arrives. */
  fade() {
    this.#opacity = 0.35
    this.repaint()
  }

  repaint() {
    repaint(this.#map, this.#dots, paintOf('dot', this.#look, this.#opacity))
    repaint(this.#map, this.#trails, this.#trailPaint())
  }

  remove() {
    this.#clear()
    for (const id of [this.#dots, this.#trails]) {
      if (!this.#map.getSource(id)) continue
      this.#map.removeLayer(id)
      this.#map.removeSource(id)
    }
  }

  #clear() {
    this.#all.clear()
    this.#byId.clear()
  }

  /** The feature stays the same object, so that who has found it sees it move. @param {Feature} feature @param {number} longest @returns {Moving} */
  #move(feature, longest) {
    const key = String(feature.id)
    let moving = this.#all.get(key)
    if (moving) Object.assign(moving.feature, feature)
    else {
      moving = { id: this.#next, feature: { ...feature }, trail: [] }
      this.#next += 1
      this.#all.set(key, moving)
      this.#byId.set(moving.id, moving)
    }
    const { trail } = moving
    const at = feature.geometry?.type === 'Point' ? feature.geometry.coordinates : null
    const last = trail.at(-1)
    if (!at) trail.length = 0
    else if (at[0] !== last?.[0] || at[1] !== last?.[1]) trail.push(at)
    if (trail.length > longest) trail.splice(0, trail.length - longest)
    return moving
  }

  /** @param {Moving} moving @returns {Feature} */
  #shape({ id, feature: { geometry, properties } }) {
    const { coloring } = this.#look
    return {
      type: 'Feature',
      id,
      properties: coloring ? { class: coloring.classOf(properties?.[coloring.column]) } : {},
      geometry,
    }
  }

  #trailPaint() {
    const { color } = this.#look
    const gradient = ['interpolate', ['linear'], ['line-progress'], 0, `${color}00`, 1, color]
    const width = ['interpolate', ['linear'], ['zoom'], 1, 1.2, 6, 2.4, 12, 4]
    return { 'line-gradient': gradient, 'line-width': width, 'line-opacity': 0.7 * this.#opacity }
  }

  /** @param {string} id */
  #source(id) {
    return /** @type {GeoJSONSource} */ (this.#map.getSource(id))
  }
}

/** @param {true | undefined} removeAll */
function difference(removeAll) {
  return { ...(removeAll && { removeAll }), remove: /** @type {number[]} */ ([]), add: /** @type {Feature[]} */ ([]) }
}

/** A trail is cut at the antimeridian: a line from 179 to -179 degrees would cross the map. @param {Moving} moving @returns {Feature} */
function trailOf({ id, trail }) {
  /** @type {Position[][]} */
  const lines = [[]]
  for (const [n, [longitude = 0, latitude = 0]] of trail.entries()) {
    const [west = longitude, south = latitude] = trail[n - 1] ?? []
    if (Math.abs(longitude - west) > 180) {
      const side = Math.sign(west) * 180
      const share = (side - west) / (longitude + 2 * side - west)
      const edge = south + share * (latitude - south)
      lines.at(-1)?.push([side, edge])
      lines.push([[-side, edge]])
    }
    lines.at(-1)?.push([longitude, latitude])
  }
  return { type: 'Feature', id, properties: {}, geometry: { type: 'MultiLineString', coordinates: lines } }
}
