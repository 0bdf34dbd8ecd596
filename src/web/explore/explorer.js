// @ts-check
/** The panel that explores one layer: search, filter, colour, time, table and download. */
/** @import { Map as MapLibre } from 'maplibre-gl' */
/** @import { Atlas } from '../atlas.js' */
/** @import { LayerView } from '../layer-view.js' */
/** @import { Found } from '../pick.js' */
import { byId, element } from '../dom.js'
import { narrow } from '../layout.js'
import { colorSection } from './color-choice.js'
import { downloadSection } from './download.js'
import { filterSection } from './filter-form.js'
import { goTo } from './go-to.js'
import { searchSection } from './search.js'
import { startTable } from './table.js'
import { timeSection } from './time-slider.js'

/** @typedef {{ root: HTMLElement, update: () => void }} Section */

/**
 * @param {Atlas} atlas
 * @param {MapLibre} map
 * @param {(place: { lng: number, lat: number }, found: Found) => void} select
 */
export function startExplorer(atlas, map, select) {
  const card = byId('explore-card')
  /** @type {LayerView | null} */
  let shown = null
  /** @type {readonly Section[]} */
  let sections = []
  /** @param {LayerView} view @param {string} id */
  const go = (view, id) => goTo(map, view, id, select)
  const table = startTable({ box: () => atlas.box(), go })

  /** @param {LayerView} view */
  const build = (view) => {
    const close = element('button', { class: 'icon-button close-button', type: 'button', 'aria-label': 'Close', title: 'Close' })
    close.addEventListener('click', () => {
      atlas.explore(view.layer.longName)
      /** @type {HTMLElement | null} */
      const button = document.querySelector(`.layer[data-layer="${CSS.escape(view.layer.name)}"] .explore-button`)
      button?.focus()
    })
    const title = element('h2', {}, view.layer.name)
    const open = element(
      'button',
      { class: 'text-button wide-button', type: 'button', 'aria-controls': 'table-card' },
      'Open table',
    )
    open.addEventListener('click', () => table.open(view))
    const isTable = view.layer.kind === 'TABLE'
    sections = [
      ...(isTable ? [] : [searchSection(view, (id) => go(view, id))]),
      filterSection(view),
      ...(isTable ? [] : [colorSection(view)]),
      timeSection(view),
      downloadSection(view),
    ]
    const head = element('header', { class: 'explore-head' }, title, close)
    card.replaceChildren(head, element('div', { class: 'explore-body' }, open, ...sections.map(({ root }) => root)))
  }

  return {
    /** The explored layer, its filter or its colours may be others. */
    update() {
      const view = atlas.explored()
      card.hidden = view === null
      document.body.toggleAttribute('data-exploring', view !== null)
      if (view !== shown) {
        shown = view
        if (view) build(view)
        if (view && narrow.matches) card.scrollIntoView({ block: 'start' })
        table.follow(view)
      }
      for (const section of sections) section.update()
      table.update()
    },
    moved: () => table.moved(),
  }
}
