// @ts-check
/** The part of a layer that is in view, as a filter for the server. */
/** @import { Layer } from '../layers.js' */
/** @import { Condition } from './conditions.js' */
import { whereOf } from './conditions.js'

/** The extent is about right: it grows by this share of its size on each side. */
const ROUND = 0.2

/**
 * @param {Layer} layer
 * @param {readonly number[]} bbox longitudes and latitudes; also beyond 180 degrees
 * @param {readonly Condition[]} conditions
 * @returns {Record<string, unknown>}
 */
export function whereInView(layer, bbox, conditions) {
  const filter = whereOf(conditions)
  return { ...box(layer, bbox), ...(filter && { and: [filter] }) }
}

/**
 * A box in another CRS than the layer's is transformed by the server, which cannot do that with the whole world: a national grid covers a part of it.
 * So the box is cut to the surroundings of the layer's own extent, and left out where it contains all of it.
 * @param {Layer} layer
 * @param {readonly number[]} bbox
 */
function box({ crs, lonLatExtent }, bbox) {
  if (crs === null || crs.isLonLat) return { bbox }
  if (!lonLatExtent) return {}
  const [west, south, east, north] = /** @type {[number, number, number, number]} */ (bbox)
  const [left, bottom, right, top] = /** @type {[number, number, number, number]} */ (lonLatExtent)
  if (west <= left && south <= bottom && east >= right && north >= top) return {}
  const [wide, high] = [(right - left) * ROUND + 0.1, (top - bottom) * ROUND + 0.1]
  const cut = [
    Math.min(Math.max(west, left - wide), right + wide),
    Math.min(Math.max(south, bottom - high), top + high),
    Math.max(Math.min(east, right + wide), left - wide),
    Math.max(Math.min(north, top + high), bottom - high),
  ]
  return { intersects: { bbox: cut, crs: 'OGC:CRS84' } }
}
