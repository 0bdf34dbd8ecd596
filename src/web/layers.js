// @ts-check
/** Reads the server's layers and finds those that a map in longitude and latitude can draw. */

/** @import { Feature } from 'geojson' */
import { ask } from './graphql.js'
import { lonLatExtent } from './lon-lat-extent.js'

/**
 * @typedef {object} Layer
 * @property {string} name
 * @property {string} longName it stays when the name changes
 * @property {string} fingerprint another one: other data
 * @property {'PREPARING' | 'CHECKING' | 'READY'} state
 * @property {'FEATURES' | 'TABLE'} kind
 * @property {boolean} isLive
 * @property {string[]} geometryTypes
 * @property {{ code: string | null, name: string, isLonLat: boolean } | null} crs
 * @property {number[] | null} extent
 * @property {string | null} featureCount
 * @property {{ name: string, type: string, jsonType: string }[]} columns
 * @property {number[] | null} lonLatExtent about the box around all features, in longitude and latitude; null until it is known
 */

/** @typedef {'polygon' | 'line' | 'point'} Kind what a layer mostly looks like */

const LAYERS = `{ layers {
  name longName fingerprint state kind isLive geometryTypes extent featureCount crs { code name isLonLat } columns { name type jsonType }
} }`

/** @returns {Promise<Layer[]>} */
export async function fetchLayers() {
  /** @type {Omit<Layer, 'lonLatExtent'>[]} */
  const layers = (await ask(LAYERS)).layers
  return Promise.all(layers.map(async (layer) => ({ ...layer, lonLatExtent: await lonLatExtent(layer) })))
}

/**
 * Why a layer can't be drawn; null if it can.
 * @param {Layer} layer
 */
export function hindrance(layer) {
  if (layer.kind === 'TABLE') return 'It is a table: its rows have no geometry, so there is nothing to draw.'
  if (!layer.crs) return 'The source does not name its coordinate system, so its place on the map is not known.'
  if (layer.crs.isLonLat || layer.crs.code) return null
  return `Its coordinates are in ${layer.crs.name}, which has no code, so the server does not transform it to longitude and latitude.`
}

/**
 * @param {Layer} layer
 * @returns {Kind}
 */
export function kindOf({ geometryTypes }) {
  if (geometryTypes.some((type) => type.endsWith('Polygon'))) return 'polygon'
  return geometryTypes.some((type) => type.endsWith('LineString')) ? 'line' : 'point'
}

const FEATURE = `query Feature($layer: String!, $id: ID!, $crs: String!) {
  feature(layer: $layer, id: $id) { key properties bbox(crs: $crs) geometry(as: GEOJSON, crs: $crs) }
}`

/**
 * Asks for one feature with all its properties, in longitude and latitude.
 * @param {string} layer
 * @param {string} id or key
 * @returns {Promise<{ feature: Feature, bbox: number[] | null } | null>}
 */
export async function fetchFeature(layer, id) {
  const { feature } = await ask(FEATURE, { layer, id, crs: 'OGC:CRS84' })
  if (!feature) return null
  const { key, properties, geometry, bbox } = feature
  return { feature: { type: 'Feature', id: key, properties, geometry }, bbox }
}
