// @ts-check
/**
 * Shows the demo beside its live layer: a fence that lights up while ships are in it, the ships that enter and leave it, and a button that stops the
 * writer. Other servers have no demo, and answer with 204.
 */
/** @import { LngLatBoundsLike, Map as MapLibre } from 'maplibre-gl' */
/** @import { Polygon } from 'geojson' */
/** @import { FenceEvent } from 'geoduck/client' */
import { watchFences } from 'geoduck/client'
import { byId, element, setText } from './dom.js'
import { plural } from './format.js'
import { ask, client } from './graphql.js'
import { ABOVE_DATA } from './ground.js'
import { free } from './layout.js'
import { repaint } from './paint.js'
import { GROUND } from './palette.js'
import { currentTheme, onTheme } from './theme.js'
import { authorization } from './token.js'

/** @typedef {{ layer: string, fence: { name: string, geometry: Polygon }, writer: 'RUNNING' | 'WAITING' | 'STOPPED' }} Demo */

/** Crossings in the list. */
const MOST_CROSSINGS = 4
/** Milliseconds for which the fence is brighter after somebody has entered it. */
const FLASH_MS = 500
/** Milliseconds after which a fence is followed again that could not be. */
const AGAIN_MS = 3000
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
  let opacity = OPACITY.empty
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer
  const rest = () => {
    timer = undefined
    repaint(map, 'fence', { 'fill-opacity': opacity })
  }
  /** @param {boolean} isOccupied @param {boolean} isEntered */
  return (isOccupied, isEntered) => {
    opacity = isOccupied ? OPACITY.occupied : OPACITY.empty
    if (isEntered) {
      clearTimeout(timer)
      timer = setTimeout(rest, FLASH_MS)
      repaint(map, 'fence', { 'fill-opacity': OPACITY.entered })
    } else if (timer === undefined) rest()
  }
}

/**
 * @param {MapLibre} map
 * @param {Demo} demo
 * @param {(isOccupied: boolean, isEntered: boolean) => void} light
 */
function fenceParts(map, { layer, fence: { name, geometry } }, light) {
  const go = element('button', { class: 'text-button', type: 'button' }, 'Go there')
  go.addEventListener('click', () => map.fitBounds(boxOf(geometry), { padding: free(), maxZoom: 6 }))
  const said = element('span', { class: 'fence-inside' })
  const title = element('p', { class: 'fence-title' }, element('b', {}, name), ' ', said, go)
  const list = element('ol', { class: 'fence-crossings', 'aria-label': `Last crossings of ${name}` })
  /** @param {FenceEvent} event */
  const cross = ({ detect, object }) => {
    const what = detect === 'ENTER' ? 'entered' : 'left'
    list.prepend(element('li', { 'data-crossing': what }, `${object.properties['name'] ?? object.key} ${what}`))
    while (list.children.length > MOST_CROSSINGS) list.lastChild?.remove()
  }
  followFence(layer, geometry, {
    change: (events, count) => {
      for (const event of events) cross(event)
      setText(said, `${plural(count, 'ship')} inside`)
      light(
        count > 0,
        events.some(({ detect }) => detect === 'ENTER'),
      )
    },
    fail: () => setText(said, 'not followed, trying again'),
  })
  return [title, list]
}

const INSIDE =
  'query ($layer: String!, $where: FeatureFilter) { features(layer: $layer, where: $where, first: 10000) { features { key } } }'

/** @param {{ features: { features: { key: string }[] } }} answer */
const keysOf = ({ features: { features } }) => new Set(features.map(({ key }) => key))

/**
 * Follows who enters and leaves the fence, while somebody can see the page.
 * @param {string} layer
 * @param {Polygon} geometry
 * @param {{ change: (events: readonly FenceEvent[], count: number) => void, fail: () => void }} on `count`: features inside
 */
function followFence(layer, geometry, on) {
  const fence = { geojson: geometry }
  let stop = new AbortController()
  const follow = async (/** @type {AbortSignal} */ signal) => {
    /** @type {Set<string> | null} */
    let inside = null
    const asked = { objects: layer, fences: { geometry: fence }, properties: ['name'], signal }
    for await (const { events } of watchFences({ client, detect: ['ENTER', 'EXIT'], ...asked })) {
      // The subscription has begun, so the query misses no event. Events that it knows already change nothing.
      inside ??= keysOf(await ask(INSIDE, { layer, where: { intersects: fence } }))
      for (const { detect, object } of events) {
        if (detect === 'ENTER') inside.add(object.key)
        else inside.delete(object.key)
      }
      if (!signal.aborted) on.change(events, inside.size)
    }
  }
  const run = () => {
    stop.abort()
    stop = new AbortController()
    const { signal } = stop
    if (document.hidden) return
    follow(signal).catch(() => {
      if (signal.aborted) return
      on.fail()
      // It begins again, also if events were missed.
      setTimeout(() => signal.aborted || run(), AGAIN_MS)
    })
  }
  document.addEventListener('visibilitychange', run)
  run()
}

/** @param {Polygon} geometry @returns {LngLatBoundsLike} */
function boxOf({ coordinates }) {
  const [longitudes, latitudes] = [0, 1].map((axis) => coordinates.flat().map((at) => Number(at[axis])))
  const [xs, ys] = [longitudes ?? [], latitudes ?? []]
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)]
}
