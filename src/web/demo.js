// @ts-check
/**
 * Shows the demo beside its live layer: a fence that lights up while ships are in it, the ships that enter and leave it, and a button that stops the
 * writer. Other servers have no demo, and answer with 204.
 */
/** @import { LngLatBoundsLike, Map as MapLibre } from 'maplibre-gl' */
/** @import { Feature, Polygon } from 'geojson' */
/** @import { LayerDiff } from 'geoduck/client' */
import { byId, element, setText } from './dom.js'
import { plural } from './format.js'
import { ABOVE_DATA } from './ground.js'
import { free } from './layout.js'
import { follow } from './live.js'
import { repaint } from './paint.js'
import { GROUND } from './palette.js'
import { currentTheme, onTheme } from './theme.js'
import { authorization } from './token.js'

/** @typedef {{ layer: string, fence: { name: string, geometry: Polygon }, writer: 'RUNNING' | 'WAITING' | 'STOPPED' }} Demo */

/** Crossings in the list. */
const MOST_CROSSINGS = 4
/** Milliseconds for which the fence is brighter after somebody has entered it. */
const FLASH_MS = 500
const OPACITY = { empty: 0.05, occupied: 0.22, entered: 0.6 }

/** @param {string} [how] @param {RequestInit} [init] @returns {Promise<Demo | null>} */
async function tell(how = '', init = {}) {
  const response = await fetch(new URL(`demo${how}`, import.meta.url), { ...init, headers: authorization() })
  return response.status === 200 ? await response.json() : null
}

/** @param {MapLibre} map */
export async function startDemo(map) {
  const demo = await tell()
  if (!demo) return
  const fence = drawFence(map, demo.fence.geometry)
  const card = byId('demo')
  card.hidden = false
  card.append(writerButton(demo), ...fenceParts(map, demo, fence))
}

/** @param {Demo} demo */
function writerButton({ layer, writer }) {
  const button = element('button', { class: 'text-button', type: 'button' })
  let isStopped = writer === 'STOPPED'
  const show = () => setText(button, isStopped ? `Start the ${layer}` : `Stop the ${layer}`)
  button.addEventListener('click', async () => {
    const now = await tell(`?writer=${isStopped ? 'start' : 'stop'}`, { method: 'POST' })
    isStopped = now?.writer === 'STOPPED'
    show()
  })
  show()
  return button
}

/** @param {MapLibre} map @param {Polygon} geometry */
function drawFence(map, geometry) {
  const color = () => GROUND[currentTheme()].fence
  map.addSource('fence', { type: 'geojson', data: geometry })
  const fill = { 'fill-color': color(), 'fill-opacity': OPACITY.empty, 'fill-opacity-transition': { duration: FLASH_MS } }
  map.addLayer({ id: 'fence', type: 'fill', source: 'fence', paint: fill }, ABOVE_DATA)
  const line = { 'line-color': color(), 'line-width': 1.6, 'line-dasharray': [2, 1.5] }
  map.addLayer({ id: 'fence-border', type: 'line', source: 'fence', paint: line }, ABOVE_DATA)
  onTheme(() => {
    repaint(map, 'fence', { 'fill-color': color() })
    repaint(map, 'fence-border', { 'line-color': color() })
  })
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer
  /** @param {boolean} isOccupied @param {boolean} isEntered */
  return (isOccupied, isEntered) => {
    clearTimeout(timer)
    const rest = () => repaint(map, 'fence', { 'fill-opacity': isOccupied ? OPACITY.occupied : OPACITY.empty })
    if (!isEntered) return rest()
    repaint(map, 'fence', { 'fill-opacity': OPACITY.entered })
    timer = setTimeout(rest, FLASH_MS)
  }
}

/**
 * Follows the layer with the fence as its filter: a feature that begins to match has entered, and one that ceases to match has left.
 * @param {MapLibre} map
 * @param {Demo} demo
 * @param {(isOccupied: boolean, isEntered: boolean) => void} light
 */
function fenceParts(map, { layer, fence: { name, geometry } }, light) {
  const go = element('button', { class: 'text-button', type: 'button' }, 'Go there')
  go.addEventListener('click', () => map.fitBounds(boxOf(geometry), { padding: free(), maxZoom: 6 }))
  const inside = element('span', { class: 'fence-inside' })
  const title = element('p', { class: 'fence-title' }, element('b', {}, name), ' ', inside, go)
  const list = element('ol', { class: 'fence-crossings', 'aria-label': `Last crossings of ${name}` })
  /** @type {ReadonlyMap<string, Feature>} */
  let before = new Map()
  /** @param {'entered' | 'left'} what @param {Feature | undefined} feature */
  const cross = (what, feature) => {
    list.prepend(element('li', { 'data-crossing': what }, `${feature?.properties?.['name'] ?? feature?.id} ${what}`))
    while (list.children.length > MOST_CROSSINGS) list.lastChild?.remove()
  }
  /** @param {LayerDiff} diff @param {ReadonlyMap<string, Feature>} features */
  const change = ({ removeAll, add, remove }, features) => {
    const entered = removeAll ? [] : add.filter(({ id }) => !before.has(String(id)))
    for (const key of remove) cross('left', before.get(key))
    for (const feature of entered) cross('entered', feature)
    before = features
    setText(inside, `${plural(features.size, 'ship')} inside`)
    light(features.size > 0, entered.length > 0)
  }
  const fail = () => setText(inside, 'not followed any more')
  const where = { intersects: { geojson: geometry } }
  follow({ layer, where, properties: ['name'] }, { change, fail, pause: () => {}, resume: () => {} })
  return [title, list]
}

/** @param {Polygon} geometry @returns {LngLatBoundsLike} */
function boxOf({ coordinates }) {
  const [longitudes, latitudes] = [0, 1].map((axis) => coordinates.flat().map((at) => Number(at[axis])))
  const [xs, ys] = [longitudes ?? [], latitudes ?? []]
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)]
}
