// @ts-check
/** Shows the chosen layers in the visible extent. It queries them again when the map has moved and is still. */
/** @import { Map as MapLibre } from 'maplibre-gl' */
/** @import { Kind, Layer } from './layers.js' */
/** @import { Shape } from './paint.js' */
import { byId } from './dom.js'
import { precisionAt, visibleBox } from './extent.js'
import { ABOVE_DATA } from './ground.js'
import { hexagonSize } from './hexagons.js'
import { LayerView } from './layer-view.js'
import { hindrance, kindOf } from './layers.js'
import { LegendRow } from './legend.js'
import { SHAPES, shapesOf } from './paint.js'
import { borderOf, colorOf, rampOf } from './palette.js'
import { progressLine } from './progress.js'
import { currentTheme } from './theme.js'

/** Layers shown without being chosen. */
const SHOWN_AT_FIRST = 5
/** Milliseconds without movement after which the map counts as still. */
const REST_MS = 200

/** @param {Kind} kind @param {number} index */
function colors(kind, index) {
  const color = colorOf(currentTheme(), kind, index)
  return { color, border: borderOf(currentTheme(), color), ramp: rampOf(currentTheme(), color) }
}

export class Atlas {
  /** @type {Map<string, { view: LayerView, row: LegendRow, shown: boolean, index: number }>} by long name */ #entries = new Map()
  #map
  #zoomTo
  #asked = ''
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #rest

  /** @param {MapLibre} map @param {(layers: Layer[]) => void} zoomTo */
  constructor(map, zoomTo) {
    this.#map = map
    this.#zoomTo = zoomTo
    this.refresh = progressLine(() => this.shown())
    map.on('moveend', () => {
      clearTimeout(this.#rest)
      this.#rest = setTimeout(() => this.#askAll(), REST_MS)
    })
  }

  /** @returns {LayerView[]} */
  shown() {
    return [...this.#entries.values()].filter(({ shown }) => shown).map(({ view }) => view)
  }

  /** @param {Layer[]} layers all of them; those that are known already are brought up to date. @returns whether one was not */
  update(layers) {
    const fresh = layers.filter(({ longName }) => !this.#entries.has(longName))
    for (const layer of layers) {
      const entry = this.#entries.get(layer.longName)
      if (entry) {
        entry.view.layer = layer
        entry.row.update(layer)
      }
    }
    if (fresh.length === 0) return false
    const drawable = fresh.filter((layer) => hindrance(layer) === null)
    for (const layer of fresh) this.#enter(layer, drawable.indexOf(layer) >= 0 && drawable.indexOf(layer) < SHOWN_AT_FIRST)
    this.#addSlots(drawable)
    return true
  }

  /** Asks for every shown layer, wherever the map is. */
  askAll() {
    this.#asked = ''
    this.#askAll()
  }

  recolor() {
    for (const { view, row, index } of this.#entries.values()) {
      Object.assign(view.look, colors(view.look.kind, index))
      row.recolor(view.look.color)
      row.show(view)
      view.repaint()
    }
  }

  /** @param {Layer} layer @param {boolean} shown */
  #enter(layer, shown) {
    const kind = kindOf(layer)
    const index = [...this.#entries.values()].filter(({ view }) => view.look.kind === kind).length
    const slot = (/** @type {Shape} */ shape) => `slot:${layer.longName}:${shape}`
    const features = Number(layer.featureCount ?? Number.POSITIVE_INFINITY)
    const row = new LegendRow(layer, shown, {
      toggle: (_, on) => this.#toggle(layer.longName, on),
      zoom: (current) => this.#zoomTo([current]),
      again: () => view.ask(this.#question()),
    })
    const view = new LayerView(
      this.#map,
      layer,
      { ...colors(kind, index), kind, features, shapes: shapesOf(layer), slot },
      () => {
        row.show(view)
        this.refresh()
      },
    )
    row.recolor(view.look.color)
    byId('layers').append(row.root)
    this.#entries.set(layer.longName, { view, row, shown, index })
  }

  /** Invisible style layers that keep the order: areas of all layers, then lines, then dots, each in the order of the list. */
  #addSlots(/** @type {Layer[]} */ layers) {
    for (const shape of SHAPES) {
      for (const { longName } of layers) {
        this.#map.addLayer({ id: `slot:${longName}:${shape}`, type: 'background', layout: { visibility: 'none' } }, ABOVE_DATA)
      }
    }
  }

  /** @param {string} longName @param {boolean} on */
  #toggle(longName, on) {
    const entry = this.#entries.get(longName)
    if (!entry) return
    entry.shown = on
    if (on) entry.view.ask(this.#question())
    else entry.view.off()
  }

  #question() {
    const zoom = this.#map.getZoom()
    const { clientWidth, clientHeight } = this.#map.getCanvas()
    const size = hexagonSize(zoom, clientWidth, clientHeight)
    return { bbox: visibleBox(this.#map.getBounds()), precision: precisionAt(zoom), size }
  }

  #askAll() {
    const question = this.#question()
    const asked = JSON.stringify(question)
    if (asked === this.#asked) return
    this.#asked = asked
    for (const view of this.shown()) view.ask(question)
    this.refresh()
  }
}
