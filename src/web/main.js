// @ts-check
/** Puts the page together. */
/** @import { Layer } from './layers.js' */
import { Atlas } from './atlas.js'
import { watchLayers } from './catalogue.js'
import { copyOnClick } from './copy.js'
import { byId, setText } from './dom.js'
import { startExplorer } from './explore/explorer.js'
import { homeBox } from './extent.js'
import { plural } from './format.js'
import { onConnection } from './graphql.js'
import { groundStyle, recolorGround } from './ground.js'
import { free } from './layout.js'
import { readLink, writeLink } from './link.js'
import { Map as MapLibre, NavigationControl, ScaleControl } from './maplibre-gl/maplibre-gl.mjs'
import { startPicking } from './pick.js'
import { startPlaces } from './places.js'
import { startSheet } from './sheet.js'
import { chosenTheme, currentTheme, onTheme, setTheme, startTheme } from './theme.js'
import { tileRequest } from './tile-drawing.js'

startTheme()
startSheet()
const link = readLink()
if (link.theme) setTheme(link.theme)

const map = new MapLibre({
  container: 'map',
  style: groundStyle(currentTheme()),
  center: [12, 24],
  zoom: 1,
  hash: 'at',
  attributionControl: false,
  transformRequest: tileRequest,
  dragRotate: false,
  pitchWithRotate: false,
  touchPitch: false,
})
// The list of layers has what went wrong with tiles.
map.on('error', ({ error, ...event }) => 'tile' in event || reportError(error))
map.touchZoomRotate.disableRotation()
map.keyboard.disableRotation()
map.addControl(new NavigationControl({ showCompass: false }), 'bottom-right')
map.addControl(new ScaleControl({ maxWidth: 110 }), 'bottom-right')

/** @param {Layer[]} layers @param {boolean} [animate] */
function zoomTo(layers, animate = true) {
  const box = homeBox(layers)
  if (box) map.fitBounds(box, { padding: free(), maxZoom: 14, animate })
}

let first = true
let hasLive = false

/** The code of the demo is loaded only where it may be. @param {Layer[]} layers */
function lookForDemo(layers) {
  if (hasLive || !layers.some(({ isLive }) => isLive)) return
  hasLive = true
  import('./demo.js').then(({ startDemo }) => startDemo(map)).catch(reportError)
}

async function start() {
  await map.once('load')
  startPlaces(map).catch(reportError)
  const { select, follow } = startPicking(map, () => atlas.shown())
  const changed = () => {
    explorer.update()
    if (!first) writeLink({ ...atlas.state(), theme: chosenTheme() })
  }
  const atlas = new Atlas(map, zoomTo, { chosen: changed, moved: () => explorer.moved(), followed: follow })
  const explorer = startExplorer(atlas, map, select)
  onTheme((theme) => {
    recolorGround(map, theme)
    atlas.recolor()
    changed()
  })
  // A link that is opened in the same tab changes the fragment only.
  window.addEventListener('hashchange', () => {
    const { theme, ...state } = readLink()
    if (theme && theme !== currentTheme()) setTheme(theme)
    if (state.show !== null) atlas.restore(state)
  })
  const note = byId('layers-note')
  await watchLayers({
    layers: (layers, preparing) => {
      note.hidden = layers.length > 0 && preparing === 0
      setText(note, preparing > 0 ? `${plural(preparing, 'layer')} being prepared.` : 'The server has no layer.')
      const isNew = atlas.update(layers)
      lookForDemo(layers)
      if (!isNew) return
      if (!first) return atlas.askAll()
      atlas.restore(link)
      first = false
      if (!link.at)
        zoomTo(
          atlas.shown().map(({ layer }) => layer),
          false,
        )
      atlas.askAll()
      changed()
    },
    lost: (message) => {
      note.hidden = false
      setText(note, `${message} Trying again.`)
    },
  })
}

onConnection((state) => {
  const shown = byId('connection')
  shown.dataset['state'] = state
  setText(shown, state === 'connected' ? 'live' : state === 'closed' ? 'offline' : 'connecting')
})
copyOnClick(
  byId('share'),
  () => location.href,
  (said) => setText(byId('share-said'), said),
)
void start()
