// @ts-check
/** Converts the map's view to a bbox for the server, and the extent of layers to a view of the map. */
/** @import { LngLatBounds, LngLatBoundsLike } from 'maplibre-gl' */
/** @import { Layer } from './layers.js' */

/**
 * RFC 7946 order. The map goes round the world without an end, so its bounds may lie beyond 180 degrees: the server takes them
 * modulo 360. The map ends at 85 degrees, the world doesn't.
 * @param {LngLatBounds} bounds
 * @returns {[number, number, number, number]}
 */
export function visibleBox(bounds) {
  const south = bounds.getSouth() < -85 ? -90 : bounds.getSouth()
  const north = bounds.getNorth() > 85 ? 90 : bounds.getNorth()
  return [bounds.getWest(), south, bounds.getEast(), north]
}

/**
 * Digits that a screen can show: a tenth of a pixel at least.
 * @param {number} zoom
 */
export function precisionAt(zoom) {
  const degreesPerPixel = 360 / (512 * 2 ** zoom)
  return Math.min(7, Math.max(1, 1 + Math.ceil(-Math.log10(degreesPerPixel))))
}

/**
 * The box around some layers. A world is cut to where most of it is, else the poles, which Mercator stretches, would take the
 * screen.
 * @param {readonly Layer[]} layers
 * @returns {LngLatBoundsLike | null} null if no extent is known
 */
export function homeBox(layers) {
  const boxes = layers.flatMap(({ lonLatExtent }) => (lonLatExtent ? [lonLatExtent] : []))
  if (boxes.length === 0) return null
  const side = (/** @type {number} */ at) => boxes.map((box) => /** @type {number} */ (box[at]))
  const west = Math.min(...side(0))
  const south = Math.max(-56, Math.min(...side(1)))
  const east = Math.max(...boxes.map(([w = 0, , e = 0]) => (e < w ? e + 360 : e)))
  const north = Math.min(76, Math.max(...side(3)))
  return south < north
    ? [west, south, Math.min(east, west + 360), north]
    : [west, Math.min(...side(1)), east, Math.max(...side(3))]
}
