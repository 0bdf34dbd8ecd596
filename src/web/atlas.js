// @ts-check
/** Shows the chosen layers in the visible extent. It queries them again when the map has moved and is still. */
/** @import { Map as MapLibre } from 'maplibre-gl' */
/** @import { Kind, Layer } from './layers.js' */
/** @import { Coloring, Shape } from './paint.js' */
/** @import { LinkState } from './link.js' */
import { byId } from './dom.js'
import { Exploration } from './explore/exploration.js'
import { precisionAt, visibleBox } from './extent.js'
import { ABOVE_DATA } from './ground.js'
import { hexagonSize } from './hexagons.js'
import { LayerView } from './layer-view.js'
import { hindrance, kindOf } from './layers.js'
import { LegendRow } from './legend.js'
import { SHAPES, shapesOf } from './paint.js'
import { borderOf, classColors, colorOf, rampOf } from './palette.js'
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

/** @param {Exploration} exploration @returns {Coloring | null} */
function coloringOf({ classes }) {
  if (!classes) return null
  const roles = classes.list.map(({ role }) => role)
  return { ...classes, colors: classColors(currentTheme(), roles) }
}

/**
 * @typedef {object} Entry
 * @property {LayerView} view
 * @property {LegendRow} row
 * @property {Exploration} exploration
 * @property {boolean} shown
 * @property {number} index
 * @property {boolean} outdated its data have changed since the last request
 */

/** Returns whether the same row and the same style layers can show both. @param {Layer} one @param {Layer} other */
function looksSame(one, other) {
  const looks = [one, other].map((layer) => JSON.stringify([layer.columns, hindrance(layer), kindOf(layer), shapesOf(layer)]))
  return looks[0] === looks[1]
}

export class Atlas {
  /** @type {Map<string, Entry>} by long name */ #entries = new Map()
  /** For layers that the server had, it says which were shown. @type {Map<string, boolean>} by long name */ #left = new Map()
  /** The long name of the layer in the panel. @type {string | null} */ #explored = null
  #map
  #zoomTo
  #events
  #asked = ''
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #rest

  /**
   * @param {MapLibre} map
   * @param {(layers: Layer[]) => void} zoomTo
   * @param {{ chosen: () => void, moved: () => void, followed: () => void }} events `chosen`: layers, filters, colours or the explored layer are others; `moved`: the
   *   view is; `followed`: features have moved
   */
  constructor(map, zoomTo, events) {
    this.#map = map
    this.#zoomTo = zoomTo
    this.#events = events
    this.refresh = progressLine(() => this.shown())
    map.on('move', () => {
      for (const view of this.shown()) view.moved(this.box())
    })
    map.on('moveend', () => {
      clearTimeout(this.#rest)
      this.#rest = setTimeout(() => this.#askAll(), REST_MS)
    })
  }

  /** @returns {LayerView[]} */
  shown() {
    return [...this.#entries.values()].filter(({ shown }) => shown).map(({ view }) => view)
  }

  /**
   * Adds layers, removes them, and asks again for those with other data.
   * @param {Layer[]} layers all of them
   * @returns whether one was added
   */
  update(layers) {
    const current = new Map(layers.map((layer) => [layer.longName, layer]))
    for (const [longName, entry] of this.#entries) {
      const layer = current.get(longName)
      if (!layer || !looksSame(entry.view.layer, layer)) this.#leave(longName, entry)
      else this.#renew(entry, layer)
    }
    const fresh = layers.filter(({ longName }) => !this.#entries.has(longName))
    if (fresh.length === 0) return false
    const drawable = fresh.filter((layer) => hindrance(layer) === null)
    for (const layer of fresh) {
      const isFirst = drawable.includes(layer) && this.shown().length < SHOWN_AT_FIRST
      this.#enter(layer, hindrance(layer) === null && (this.#left.get(layer.longName) ?? isFirst))
    }
    this.#addSlots(drawable)
    return true
  }

  /** Asks for every shown layer, wherever the map is. */
  askAll() {
    this.#asked = ''
    this.#askAll()
  }

  /** The view of the layer in the panel. */
  explored() {
    return this.#explored === null ? null : (this.#entries.get(this.#explored)?.view ?? null)
  }

  /** @param {string | null} longName */
  explore(longName) {
    this.#explored = longName === this.#explored ? null : longName
    for (const [name, { row }] of this.#entries) row.mark(name === this.#explored)
    this.#events.chosen()
  }

  /** Returns the state that a link keeps, without the theme. @returns {Omit<LinkState, 'theme'>} */
  state() {
    const entries = [...this.#entries.values()]
    const name = (/** @type {Entry} */ { view }) => view.layer.name
    const colored = entries.flatMap((entry) =>
      entry.exploration.column === null ? [] : [/** @type {const} */ ([name(entry), entry.exploration.column])],
    )
    const filtered = entries.filter(({ exploration }) => exploration.conditions.length > 0)
    return {
      show: entries.filter(({ shown }) => shown).map(name),
      explore: this.explored()?.layer.name ?? null,
      filters: new Map(filtered.map((entry) => [name(entry), entry.exploration.conditions])),
      colors: new Map(colored),
    }
  }

  /** Takes over what a link says. @param {Omit<LinkState, 'theme'>} state */
  restore({ show, explore, filters, colors }) {
    for (const [longName, entry] of this.#entries) {
      const { name } = entry.view.layer
      entry.exploration.restore(filters.get(name))
      void entry.exploration.colorBy(colors.get(name) ?? null)
      if (show !== null && hindrance(entry.view.layer) === null) this.#toggle(longName, show.includes(name))
      if (name === explore && this.#explored !== longName) this.explore(longName)
    }
    if (explore === null && this.#explored !== null) this.explore(this.#explored)
  }

  /** @returns {readonly number[]} longitudes and latitudes */
  box() {
    return visibleBox(this.#map.getBounds())
  }

  recolor() {
    for (const { view, row, exploration, index } of this.#entries.values()) {
      Object.assign(view.look, colors(view.look.kind, index), { coloring: coloringOf(exploration) })
      row.recolor(view.look.color)
      row.show(view)
      view.repaint()
    }
  }

  /** @param {Entry} entry @param {Layer} layer */
  #renew(entry, layer) {
    const { view, row } = entry
    if (view.layer.fingerprint !== layer.fingerprint) entry.outdated = entry.shown
    view.layer = layer
    row.update(layer)
    this.#askOutdated(entry)
  }

  /** Asks for other data when the last answer is complete: a layer that always changes would never be. @param {Entry} entry */
  #askOutdated(entry) {
    if (!entry.outdated || !entry.view.isSettled) return
    entry.outdated = false
    entry.view.ask(this.#question())
  }

  /** @param {string} longName @param {Entry} entry */
  #leave(longName, entry) {
    this.#left.set(longName, entry.shown)
    if (longName === this.#explored) this.explore(longName)
    this.#entries.delete(longName)
    entry.view.off()
    entry.row.root.remove()
    for (const shape of SHAPES) {
      const slot = `slot:${longName}:${shape}`
      if (this.#map.getLayer(slot)) this.#map.removeLayer(slot)
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
      explore: () => this.explore(layer.longName),
      classes: (test) => exploration.column !== null && exploration.toggle(exploration.column, test),
    })
    const exploration = new Exploration(
      () => view.layer,
      () => this.#changed(layer.longName),
    )
    const view = new LayerView(
      this.#map,
      layer,
      { ...colors(kind, index), coloring: null, kind, features, shapes: shapesOf(layer), slot },
      exploration,
      () => {
        row.show(view)
        this.refresh()
        if (view.progress.rate !== null) this.#events.followed()
        const entry = this.#entries.get(layer.longName)
        if (entry) this.#askOutdated(entry)
      },
    )
    row.recolor(view.look.color)
    byId('layers').append(row.root)
    this.#entries.set(layer.longName, { view, row, exploration, shown, index, outdated: false })
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
    if (entry.shown === on) return
    entry.shown = on
    entry.row.check(on)
    if (on) entry.view.ask(this.#question())
    else entry.view.off()
    this.#events.chosen()
  }

  /** Asks for a layer again, because its filter or its colours are others. @param {string} longName */
  #changed(longName) {
    const entry = this.#entries.get(longName)
    if (!entry) return
    entry.view.look.coloring = coloringOf(entry.exploration)
    if (entry.shown) entry.view.ask(this.#question())
    entry.row.show(entry.view)
    this.#events.chosen()
  }

  #question() {
    const zoom = this.#map.getZoom()
    const { clientWidth, clientHeight } = this.#map.getCanvas()
    const size = hexagonSize(zoom, clientWidth, clientHeight)
    return { bbox: visibleBox(this.#map.getBounds()), precision: precisionAt(zoom), size, zoom: Math.floor(zoom) }
  }

  #askAll() {
    const question = this.#question()
    const asked = JSON.stringify(question)
    if (asked === this.#asked) return
    this.#asked = asked
    this.#events.moved()
    for (const view of this.shown()) view.ask(question)
    this.refresh()
  }
}
