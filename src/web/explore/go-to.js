// @ts-check
/** Moves the map to one feature and shows its properties. */
/** @import { Map as MapLibre } from 'maplibre-gl' */
/** @import { LayerView } from '../layer-view.js' */
/** @import { Found } from '../pick.js' */
import { ask } from '../graphql.js'
import { free } from '../layout.js'
import { setSheet } from '../sheet.js'

const FEATURE = `query Go($layer: String!, $id: ID!, $crs: String!) {
  feature(layer: $layer, id: $id) { key properties bbox(crs: $crs) geometry(as: GEOJSON, crs: $crs) }
}`

/**
 * @param {MapLibre} map
 * @param {LayerView} view
 * @param {string} id
 * @param {(place: { lng: number, lat: number }, found: Found) => void} select
 */
export async function goTo(map, { layer, look }, id, select) {
  if (layer.kind === 'TABLE') return
  const { feature } = await ask(FEATURE, { layer: layer.name, id, crs: 'OGC:CRS84' })
  if (!feature?.bbox) return
  const [west, south, right, north] = feature.bbox
  // A box across the antimeridian has west > east.
  const east = right < west ? right + 360 : right
  // On a narrow screen, the sheet would cover the feature.
  setSheet(false)
  map.fitBounds([west, south, east, north], { padding: free(), maxZoom: 12 })
  const found = {
    type: /** @type {const} */ ('Feature'),
    id: feature.key,
    properties: feature.properties,
    geometry: feature.geometry,
  }
  select(
    { lng: (west + east) / 2, lat: (south + north) / 2 },
    { feature: found, layer: layer.name, kind: look.kind, color: look.color },
  )
}
