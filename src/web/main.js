// @ts-check
/** Puts the page together. */
/** @import { Layer } from './layers.js' */
import { Atlas } from './atlas.js'
import { watchLayers } from './catalogue.js'
import { byId, setText } from './dom.js'
import { homeBox } from './extent.js'
import { plural } from './format.js'
import { onConnection } from './graphql.js'
import { groundStyle, recolorGround } from './ground.js'
import { watchHealth } from './health.js'
import { showHealth, showHealthLost } from './health-panel.js'
import { free, narrow } from './layout.js'
import { Map as MapLibre, NavigationControl, ScaleControl } from './maplibre-gl/maplibre-gl.mjs'
import { startPicking } from './pick.js'
import { startSheet } from './sheet.js'
import { currentTheme, onTheme, startTheme } from './theme.js'

startTheme()
startSheet()
byId('health-card').toggleAttribute('open', !narrow.matches)

const map = new MapLibre({
  container: 'map',
  style: groundStyle(currentTheme()),
  center: [12, 24],
  zoom: 1,
  hash: 'at',
  attributionControl: false,
  dragRotate: false,
  pitchWithRotate: false,
  touchPitch: false,
})
map.touchZoomRotate.disableRotation()
map.keyboard.disableRotation()
map.addControl(new NavigationControl({ showCompass: false }), 'bottom-right')
map.addControl(new ScaleControl({ maxWidth: 110 }), 'bottom-right')

/** @param {Layer[]} layers @param {boolean} [animate] */
function zoomTo(layers, animate = true) {
  const box = homeBox(layers)
  if (box) map.fitBounds(box, { padding: free(), maxZoom: 14, animate })
}

const fromLink = location.hash.includes('at=')
let first = true

async function start() {
  await map.once('load')
  const atlas = new Atlas(map, zoomTo)
  onTheme((theme) => {
    recolorGround(map, theme)
    atlas.recolor()
  })
  startPicking(map, () => atlas.shown())
  const note = byId('layers-note')
  await watchLayers({
    layers: (layers, preparing) => {
      note.hidden = layers.length > 0 && preparing === 0
      setText(note, preparing > 0 ? `${plural(preparing, 'layer')} being prepared.` : 'The server has no layer.')
      const isNew = atlas.update(layers)
      if (!isNew) return
      if (!first) return atlas.askAll()
      first = false
      if (!fromLink)
        zoomTo(
          atlas.shown().map(({ layer }) => layer),
          false,
        )
      atlas.askAll()
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
watchHealth({ reading: showHealth, lost: showHealthLost })
void start()
