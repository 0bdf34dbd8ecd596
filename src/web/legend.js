// @ts-check
/** The list of layers, which is the legend too: what each is, whether it is shown, how its stream is doing, what went wrong. */
/** @import { Layer } from './layers.js' */
/** @import { LayerView, Progress } from './layer-view.js' */
/** @import { Scale } from './hexagons.js' */
/** @import { Test } from './explore/conditions.js' */
/** @import { Exploration } from './explore/exploration.js' */

import { element, setText } from './dom.js'
import { classText } from './explore/classes.js'
import { describeCondition } from './explore/conditions.js'
import { count, length, plural } from './format.js'
import { hindrance, kindOf } from './layers.js'

/**
 * @typedef {object} LegendEvents
 * @property {(layer: Layer, shown: boolean) => void} toggle
 * @property {(layer: Layer) => void} zoom
 * @property {(layer: Layer) => void} again after a failure
 * @property {() => void} explore
 * @property {(test: Test) => void} classes a class of the legend was clicked
 */

/** @param {Layer} layer */
function describe(layer) {
  const isTable = layer.kind === 'TABLE'
  const types = layer.geometryTypes.join(', ') || 'geometry types not known'
  const features =
    layer.featureCount === null ? 'not counted yet' : plural(Number(layer.featureCount), isTable ? 'row' : 'feature')
  if (isTable) return ['Table', features].join(' · ')
  const crs = layer.crs?.code ?? layer.crs?.name ?? 'no CRS'
  return [types, features, crs].join(' · ')
}

/** @param {Progress} progress @returns {string} */
function streamText({ state, features, error, scale, share, rate }) {
  switch (state) {
    case 'off':
      return ''
    case 'asking':
      return 'asking'
    case 'streaming':
      return `${count(features)} so far`
    case 'paused':
      return `${error?.message ?? 'Interrupted.'} It continues by itself.`
    case 'drawing':
    case 'complete':
      if (rate !== null) return `${count(features)} live · ${plural(rate, 'change')}/s`
      if (scale) return `hexagons of ${length(scale.size)}: ${count(features)} features; zoom in to see each`
      return `${count(features)} in view${share === null ? '' : ', as tiles'}`
    case 'limited':
      return `about 1 of ${count(1 / (share ?? 1))} of the ${count(features)} in view, as tiles; zoom in for the rest`
    case 'failed':
      return error?.message ?? 'It failed.'
  }
}

/** @param {Scale} scale @param {readonly string[]} ramp */
function classes({ steps }, ramp) {
  return steps.map((from, n) => {
    const next = steps[n + 1]
    const last = next === undefined ? null : next - 1
    const text = last === null ? `${count(from)} or more` : last === from ? count(from) : `${count(from)} to ${count(last)}`
    const swatch = element('span', { class: 'swatch', 'aria-hidden': 'true' })
    swatch.style.setProperty('--layer', ramp[n] ?? '')
    return element('li', {}, swatch, text)
  })
}

export class LegendRow {
  #layer
  #events
  #explore = element('button', { class: 'icon-button explore-button', type: 'button', 'aria-pressed': 'false' })
  #filter = element('span', { class: 'layer-filter', hidden: '' })
  #legend = element('ul', { class: 'layer-classes', hidden: '' })
  #shownClasses = ''
  #box
  #meta = element('span', { class: 'layer-meta' })
  #stream = element('span', { class: 'layer-stream' })
  #code = element('code', { class: 'layer-code', hidden: '' })
  #bar = element('span', { class: 'layer-bar', 'aria-hidden': 'true' })
  #scale = element('ol', { class: 'layer-scale', 'aria-label': 'Features per hexagon', hidden: '' })
  #again = element('button', { class: 'text-button', type: 'button', hidden: '' }, 'Ask again')
  #name = element('span', { class: 'layer-name' })
  #zoom = element('button', { class: 'icon-button zoom-button', type: 'button' })
  #swatch
  root

  /** @param {Layer} layer @param {boolean} shown @param {LegendEvents} events */
  constructor(layer, shown, events) {
    this.#layer = layer
    this.#events = events
    const reason = hindrance(layer)
    const box = element('input', {
      type: 'checkbox',
      class: 'layer-box',
      name: layer.name,
      disabled: reason === null ? null : '',
    })
    box.checked = shown && reason === null
    this.#box = box
    this.#explore.addEventListener('click', () => events.explore())
    box.addEventListener('change', () => events.toggle(this.#layer, box.checked))
    this.#swatch = element('span', { class: 'swatch', 'data-kind': kindOf(layer), 'aria-hidden': 'true' })
    this.#zoom.addEventListener('click', () => events.zoom(this.#layer))
    this.#again.addEventListener('click', () => events.again(this.#layer))
    const label = element('label', { class: 'layer-label' }, box, this.#swatch, this.#name)
    const status = element('span', { class: 'layer-status' }, this.#code, this.#stream, this.#again)
    const zooms = reason === null && layer.lonLatExtent !== null ? [this.#zoom] : []
    const buttons = element('span', { class: 'layer-buttons' }, ...zooms, this.#explore)
    this.root = element(
      'li',
      { class: 'layer' },
      label,
      buttons,
      this.#meta,
      status,
      this.#filter,
      this.#scale,
      this.#legend,
      this.#bar,
    )
    this.root.classList.toggle('undrawable', reason !== null)
    if (reason !== null) setText(this.#stream, reason)
    this.update(layer)
  }

  /** Shows the layer's new description: a check may add to it, and its name may change. @param {Layer} layer */
  update(layer) {
    this.#layer = layer
    setText(this.#name, layer.name)
    this.root.dataset['layer'] = layer.name
    this.#zoom.title = `Zoom to ${layer.name}`
    this.#zoom.setAttribute('aria-label', this.#zoom.title)
    this.#explore.title = `Explore ${layer.name}`
    this.#explore.setAttribute('aria-label', this.#explore.title)
    setText(this.#meta, layer.state === 'CHECKING' ? `${describe(layer)} · being checked` : describe(layer))
  }

  /** @param {string} color */
  recolor(color) {
    this.root.style.setProperty('--layer', color)
  }

  /** Shows whether the panel has this layer. @param {boolean} explored */
  mark(explored) {
    this.#explore.setAttribute('aria-pressed', String(explored))
  }

  /** @param {boolean} shown */
  check(shown) {
    this.#box.checked = shown
  }

  /** @param {Exploration} exploration @param {readonly string[]} colors @param {boolean} inHexagons */
  #showClasses({ column, classes, error, conditions }, colors, inHexagons) {
    const shown = JSON.stringify([column, error, colors, classes?.list.length, conditions, inHexagons])
    if (shown === this.#shownClasses) return
    this.#shownClasses = shown
    this.#filter.hidden = conditions.length === 0
    setText(this.#filter, `filter: ${conditions.map(describeCondition).join(', ')}`)
    this.#legend.hidden = column === null
    this.#legend.setAttribute('aria-label', `${this.#layer.name} by ${column}`)
    const by = inHexagons && classes ? `by the ${classes.summary.name} of a hexagon` : `by ${column}`
    const title = element('li', { class: 'classes-title' }, error || (classes ? by : `${by}: asking`))
    const focused = [...this.#legend.querySelectorAll('button')].indexOf(/** @type {any} */ (document.activeElement))
    const chosen = conditions
      .filter((condition) => condition.op === 'classes' && condition.column === column)
      .flatMap(({ value }) => /** @type {Test[]} */ (value))
      .map((test) => JSON.stringify(test))
    const items = (classes?.list ?? []).map((found, n) => {
      const swatch = element('span', { class: 'swatch', 'aria-hidden': 'true' })
      swatch.style.setProperty('--layer', colors[n] ?? '')
      const pressed = chosen.includes(JSON.stringify(found.test))
      const button = element(
        'button',
        { type: 'button', 'aria-pressed': String(pressed), title: 'Show only this class' },
        swatch,
        classText(found),
      )
      button.addEventListener('click', () => this.#events.classes(found.test))
      return element('li', {}, button)
    })
    this.#legend.classList.toggle('choosing', chosen.length > 0)
    this.#legend.replaceChildren(title, ...items)
    if (focused >= 0) this.#legend.querySelectorAll('button')[focused]?.focus()
  }

  /** @param {LayerView} view */
  show({ progress, layer, look, exploration }) {
    const { state, features, error, scale, share } = progress
    this.#showClasses(exploration, look.coloring?.colors ?? [], scale !== null)
    this.root.dataset['state'] = state
    this.root.dataset['features'] = String(features)
    setText(this.#stream, streamText(progress))
    this.root.dataset['hexagons'] = String(scale?.hexagons ?? 0)
    this.root.dataset['tiles'] = String(share ?? '')
    const counted = look.coloring ? null : scale
    this.#scale.hidden = counted === null
    this.#scale.replaceChildren(...(counted ? classes(counted, look.ramp) : []))
    this.#code.hidden = state !== 'failed'
    setText(this.#code, error?.code ?? '')
    this.#again.hidden = state !== 'failed'
    const arrived = layer.featureCount === null ? 0 : features / Math.max(1, Number(layer.featureCount))
    this.#bar.style.setProperty('--share', state === 'complete' || state === 'limited' ? '1' : arrived.toFixed(3))
  }
}
