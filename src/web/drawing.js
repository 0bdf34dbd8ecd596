// @ts-check
/**
 * Draws one answer on the map while it arrives. MapLibre indexes a whole source after each change, so features go to chunks
 * with one source each. A full chunk never changes, and only the open one is indexed again. It is drawn at once, and again when
 * it has doubled or after a short time. So the total cost is a small multiple of drawing everything once, and not quadratic.
 */
/** @import { GeoJSONSource, Map as MapLibre, MapGeoJSONFeature } from 'maplibre-gl' */
/** @import { Feature } from 'geojson' */
/** @import { Look } from './layer-view.js' */
import { paintOf, repaint, styleLayer } from './paint.js'
import { vertices } from './vertices.js'

const CHUNK_FEATURES = 16_384
const CHUNK_VERTICES = 200_000
const MOMENT_MS = 250
const NO_PROPERTIES = {}

/**
 * `shapes` is what MapLibre gets: geometry and a number, the feature's place in `features`, where id and properties stay. Hexagons
 * have their number of features there too, and features that a column colours the number of their class.
 * @typedef {{ source: string, features: Feature[], shapes: Feature[], vertices: number, drawn: number }} Chunk
 */

/** Source ids are unique over all drawings. */
let sources = 0

export class Drawing {
  /** @type {Chunk[]} */ #chunks = []
  #running = false
  /** @type {Promise<void>} */ #drawn = Promise.resolve()
  #whole = false
  #removed = false
  #opacity
  #map
  #look
  /** Vertices of all its features. */
  vertices = 0

  /** @param {MapLibre} map @param {Look} look @param {boolean} [visible] */
  constructor(map, look, visible = true) {
    this.#map = map
    this.#look = look
    this.#opacity = visible ? 1 : 0
  }

  /** Returns whether something of it is on the screen. */
  get visible() {
    return this.#opacity > 0 && this.#chunks.some(({ drawn }) => drawn > 0)
  }

  /** @param {Feature[]} features */
  add(features) {
    for (const feature of features) {
      const weight = vertices(feature.geometry)
      const chunk = this.#openChunk()
      const properties = this.#properties(feature)
      chunk.shapes.push({ type: 'Feature', id: chunk.features.length, properties, geometry: feature.geometry })
      chunk.features.push(feature)
      chunk.vertices += weight
      this.vertices += weight
    }
    if (!this.#running) this.#drawn = this.#draw()
  }

  /** Ends the drawing. It resolves when MapLibre has all features. */
  finish() {
    this.#whole = true
    return this.#drawn
  }

  /** Returns the feature that belongs to one that MapLibre found. @param {MapGeoJSONFeature} drawn */
  feature({ source, id }) {
    return this.#chunks.find((chunk) => chunk.source === source)?.features[Number(id)]
  }

  /** Makes it visible. */
  show() {
    if (this.#opacity === 1) return
    this.#opacity = 1
    this.repaint()
  }

  /** Paler, while what replaces it arrives. */
  fade() {
    this.#opacity = 0.35
    this.repaint()
  }

  repaint() {
    for (const { source, drawn } of this.#chunks) {
      if (drawn === 0) continue
      for (const shape of this.#look.shapes) {
        repaint(this.#map, `${source}:${shape}`, paintOf(shape, this.#look, this.#opacity))
      }
    }
  }

  remove() {
    this.#removed = true
    for (const { source, drawn } of this.#chunks.splice(0)) {
      if (drawn === 0) continue
      for (const shape of this.#look.shapes) this.#map.removeLayer(`${source}:${shape}`)
      this.#map.removeSource(source)
    }
  }

  /** @param {Feature} feature */
  #properties({ properties }) {
    const { steps, coloring } = this.#look
    if (!coloring) return steps ? properties : NO_PROPERTIES
    return { class: coloring.classOf(properties?.[steps ? coloring.summary.name : coloring.column]) }
  }

  #openChunk() {
    const last = this.#chunks.at(-1)
    if (last && last.features.length < CHUNK_FEATURES && last.vertices < CHUNK_VERTICES) return last
    sources += 1
    const chunk = { source: `data-${sources}`, features: [], shapes: [], vertices: 0, drawn: 0 }
    this.#chunks.push(chunk)
    return chunk
  }

  async #draw() {
    this.#running = true
    for (let chunk = this.#undrawn(); chunk; chunk = this.#undrawn()) {
      const growing = chunk === this.#chunks.at(-1) && !this.#whole
      if (growing && chunk.features.length < 2 * chunk.drawn) await new Promise((resolve) => setTimeout(resolve, MOMENT_MS))
      if (this.#removed) break
      await this.#show(chunk)
    }
    this.#running = false
  }

  #undrawn() {
    return this.#chunks.find(({ drawn, features }) => drawn < features.length)
  }

  /** @param {Chunk} chunk */
  async #show(chunk) {
    const first = chunk.drawn === 0
    chunk.drawn = chunk.features.length
    if (first) this.#addSource(chunk.source)
    const source = /** @type {GeoJSONSource} */ (this.#map.getSource(chunk.source))
    await source.setData({ type: 'FeatureCollection', features: chunk.shapes.slice() })
  }

  /** @param {string} source */
  #addSource(source) {
    this.#map.addSource(source, {
      type: 'geojson',
      data: { type: 'FeatureCollection', features: [] },
      buffer: 32,
      tolerance: 0.3,
    })
    for (const shape of this.#look.shapes) {
      const paint = paintOf(shape, this.#look, this.#opacity)
      this.#map.addLayer(styleLayer(shape, { id: `${source}:${shape}`, source, paint }), this.#look.slot(shape))
    }
  }
}
