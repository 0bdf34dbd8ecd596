// @ts-check
/**
 * Draws the vector tiles of a layer, where it has more features in view than a stream should bring. It has the methods of `Drawing`. It stays while the
 * map moves, and is invisible until its first tiles are there.
 */
/** @import { Map as MapLibre, MapGeoJSONFeature } from 'maplibre-gl' */
/** @import { Look } from './layer-view.js' */
/** @import { Shape } from './paint.js' */
import { clientError } from 'geoduck/client'
import { ask } from './graphql.js'
import { paintOf, repaint, styleLayer } from './paint.js'
import { authorization } from './token.js'

/** Relative to the page, so that a proxy may serve both under a prefix. */
const TILES = new URL('../tiles/', import.meta.url).href

const ADDRESSES = `query Tiles($layer: String!, $where: FeatureFilter) { tiles(layer: $layer, where: $where) { url tileJson } }`

/** Tiles have the token of the page. @param {string} url */
export const tileRequest = (url) => (url.startsWith(TILES) ? { url, headers: authorization() } : { url })

/**
 * @typedef {object} TileContent what is in the tiles
 * @property {string} layer
 * @property {string} fingerprint
 * @property {object | undefined} where
 * @property {readonly string[]} properties
 */

/** @typedef {{ sourceId?: string, error: Error & { body?: Blob } }} TileError */

/** Source ids are unique over all drawings. */
let sources = 0

export class TileDrawing {
  visible = false
  failed = false
  /** By zoom, the share of the features that the tiles leave out. @type {readonly number[]} */ #dropped = []
  #map
  #look
  #content
  #source
  #added = false
  #removed = false
  #opened

  /** @param {MapLibre} map @param {Look} look @param {TileContent} content */
  constructor(map, look, content) {
    sources += 1
    this.#source = `tiles-${sources}`
    this.#map = map
    this.#look = look
    this.#content = content
    this.#opened = this.#open()
  }

  /** Returns whether it draws these tiles. @param {TileContent} content */
  draws(content) {
    return !this.failed && JSON.stringify(content) === JSON.stringify(this.#content)
  }

  /** Resolves when all tiles in view are there. It never does after it was removed. */
  async finish() {
    try {
      await this.#opened
      await this.#loaded()
    } catch (cause) {
      this.failed = true
      throw clientError(cause)
    }
  }

  /** The share of the features that tiles of this zoom show. @param {number} zoom */
  share(zoom) {
    return 1 - (this.#dropped[zoom] ?? 0)
  }

  async #open() {
    const { layer, where, properties } = this.#content
    const { tiles } = await ask(ADDRESSES, { layer, where })
    const response = await fetch(address(tiles.tileJson, properties), { headers: authorization() })
    const { dropped, bounds, maxzoom, errors } = await response.json()
    if (errors) throw errors
    if (this.#removed) return
    this.#dropped = dropped
    const source = { tiles: [address(tiles.url, properties)], maxzoom, ...(bounds && { bounds }) }
    this.#map.addSource(this.#source, { type: 'vector', ...source })
    this.#added = true
    for (const shape of this.#look.shapes) {
      const parts = { id: `${this.#source}:${shape}`, source: this.#source, sourceLayer: layer, paint: this.#paint(shape) }
      this.#map.addLayer(styleLayer(shape, parts), this.#look.slot(shape))
    }
  }

  /** @returns {Promise<void>} */
  #loaded() {
    return new Promise((resolve, reject) => {
      const end = (/** @type {() => void} */ then) => {
        for (const { unsubscribe } of watched) unsubscribe()
        then()
      }
      const watched = [
        this.#map.on('render', () => {
          if (this.#removed) end(() => {})
          else if (this.#map.isSourceLoaded(this.#source)) end(resolve)
        }),
        this.#map.on('error', (event) => {
          const { sourceId, error } = /** @type {TileError} */ (/** @type {unknown} */ (event))
          if (sourceId === this.#source) end(() => void readError(error).then(reject))
        }),
      ]
      this.#map.triggerRepaint()
    })
  }

  /**
   * The feature as tiles have it: a part of its geometry, and few properties.
   * @param {MapGeoJSONFeature} drawn
   */
  feature({ source, id, properties, geometry }) {
    if (source !== this.#source) return undefined
    const { id: key, ...others } = properties
    // A cell with a number of points is no feature that the server has.
    return {
      type: /** @type {const} */ ('Feature'),
      id: 'point_count' in others ? undefined : (id ?? key),
      properties: others,
      geometry,
    }
  }

  show() {
    this.visible = true
    this.repaint()
  }

  /** Tiles stay as they are until something else replaces them at once. */
  fade() {}

  repaint() {
    if (!this.#added) return
    for (const shape of this.#look.shapes) repaint(this.#map, `${this.#source}:${shape}`, this.#paint(shape))
  }

  remove() {
    this.#removed = true
    if (!this.#added) return
    for (const shape of this.#look.shapes) this.#map.removeLayer(`${this.#source}:${shape}`)
    this.#map.removeSource(this.#source)
    this.#added = false
  }

  /** @param {Shape} shape */
  #paint(shape) {
    return paintOf(shape, this.#look, this.visible ? 1 : 0, true)
  }
}

/** The address of a path that the server names, whose braces stay. @param {string} path @param {readonly string[]} properties */
function address(path, properties) {
  const parameters = `properties=${encodeURIComponent(properties.join(','))}`
  const relative = path.slice(path.indexOf('/tiles/') + '/tiles/'.length)
  return `${TILES}${relative}${relative.includes('?') ? '&' : '?'}${parameters}`
}

/** The server's own words, if it answered. @param {Error & { body?: Blob }} error */
async function readError(error) {
  try {
    return clientError(JSON.parse((await error.body?.text()) ?? '').errors)
  } catch {
    return clientError(error)
  }
}
