// @ts-check
/** About the box of a layer in longitude and latitude. */
/** @import { Layer } from './layers.js' */
import { ask } from './graphql.js'

/** Layer and fingerprint are the same for all requests while a layer stays the same. @type {Map<string, Promise<number[] | null>>} */
const known = new Map()

/**
 * In another CRS than longitude and latitude, it is the box around the features that are nearest to the corners and the sides of the layer's extent: the
 * server transforms features, not boxes. Some features may be outside, because sides are curved. Null if it is not known.
 * @param {Pick<Layer, 'name' | 'kind' | 'crs' | 'extent'>} layer
 * @returns {Promise<number[] | null>}
 */
export async function lonLatExtent({ name, kind, crs, extent }) {
  if (kind === 'TABLE' || crs === null || extent === null) return null
  if (crs.isLonLat) return extent
  if (!crs.code) return null
  const key = JSON.stringify([name, crs.code, extent])
  const found = known.get(key) ?? transform(name, extent)
  known.set(key, found)
  return found.catch(() => {
    known.delete(key)
    return null
  })
}

/** @param {string} layer @param {number[]} extent */
async function transform(layer, extent) {
  const [west = 0, south = 0, east = 0, north = 0] = extent
  const [x, y] = [(west + east) / 2, (south + north) / 2]
  const corners = [
    [west, south],
    [west, north],
    [east, south],
    [east, north],
  ]
  const sides = [
    [west, y],
    [east, y],
    [x, south],
    [x, north],
  ]
  const boxes = (await Promise.all([corners, sides].map((places) => boxesNear(layer, places)))).flat()
  if (boxes.length === 0) return null
  const side = (/** @type {number} */ at) => boxes.map((box) => /** @type {number} */ (box[at]))
  return [Math.min(...side(0)), Math.min(...side(1)), Math.max(...side(2)), Math.max(...side(3))]
}

/** @param {string} layer @param {number[][]} places */
async function boxesNear(layer, places) {
  const fields = places.map(
    (_, n) => `n${n}: nearest(layer: $layer, to: { wkt: $p${n} }, first: 1) { features { bbox(crs: "OGC:CRS84") } }`,
  )
  const query = `query Extent($layer: String!, ${places.map((_, n) => `$p${n}: String!`).join(', ')}) { ${fields.join(' ')} }`
  const points = Object.fromEntries(places.map(([x, y], n) => [`p${n}`, `POINT(${x} ${y})`]))
  /** @type {Record<string, { features: { bbox: number[] | null }[] }>} */
  const answer = await ask(query, { layer, ...points })
  return Object.values(answer).flatMap(({ features }) => features.flatMap(({ bbox }) => (bbox ? [bbox] : [])))
}
