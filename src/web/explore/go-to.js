// @ts-check
/** Moves the map to one feature and shows its properties. */
/** @import { Map as MapLibre } from 'maplibre-gl' */
/** @import { LayerView } from '../layer-view.js' */
/** @import { Found } from '../pick.js' */
import { fetchFeature } from '../layers.js'
import { free } from '../layout.js'
import { setSheet } from '../sheet.js'

/**
 * @param {MapLibre} map
 * @param {LayerView} view
 * @param {string} id
 * @param {(place: { lng: number, lat: number }, found: Found) => void} select
 */
export async function goTo(map, { layer, look }, id, select) {
  if (layer.kind === 'TABLE') return
  const found = await fetchFeature(layer.name, id)
  if (!found?.bbox) return
  const [west = 0, south = 0, right = 0, north = 0] = found.bbox
  // A box across the antimeridian has west > east.
  const east = right < west ? right + 360 : right
  // On a narrow screen, the sheet would cover the feature.
  setSheet(false)
  map.fitBounds([west, south, east, north], { padding: free(), maxZoom: 12 })
  const selected = { feature: found.feature, layer: layer.name, kind: look.kind, color: look.color, partial: false }
  select({ lng: (west + east) / 2, lat: (south + north) / 2 }, selected)
}
