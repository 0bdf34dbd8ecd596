// @ts-check
/** A feature's properties beside it. */
/** @import { Map as MapLibre } from 'maplibre-gl' */
/** @import { Found } from './pick.js' */
import { element } from './dom.js'
import { fetchFeature } from './layers.js'
import { free } from './layout.js'
import { Popup } from './maplibre-gl/maplibre-gl.mjs'

/** @param {unknown} value */
function cell(value) {
  if (value === null || value === undefined) return element('td', { class: 'null' }, 'null')
  if (typeof value === 'number') return element('td', { class: 'number' }, String(value))
  if (typeof value === 'object') return element('td', { class: 'json' }, JSON.stringify(value))
  return element('td', {}, String(value))
}

/** @param {Found} found */
function table({ feature }) {
  const rows = Object.entries(feature.properties ?? {}).map(([name, value]) =>
    element('tr', {}, element('th', { scope: 'row' }, name), cell(value)),
  )
  return element('div', { class: 'popup-scroll', tabindex: '0' }, element('table', {}, element('tbody', {}, ...rows)))
}

/**
 * @param {Found[]} founds
 * @param {number} index
 * @param {(index: number) => void} turn
 */
function content(founds, index, turn) {
  const found = /** @type {Found} */ (founds[index])
  const swatch = element('span', { class: 'swatch', 'data-kind': found.kind, 'aria-hidden': 'true' })
  swatch.style.setProperty('--layer', found.color)
  const head = element('header', { class: 'popup-head' }, swatch, element('h2', {}, found.layer))
  head.append(element('span', { class: 'popup-id' }, `id ${found.feature.id ?? 'none'}`))
  const body = element('article', { class: 'feature' }, head, table(found))
  if (founds.length < 2) return body
  const step = (/** @type {number} */ by, /** @type {string} */ label, /** @type {string} */ text) => {
    const button = element('button', { class: 'text-button', type: 'button', 'aria-label': label }, text)
    button.addEventListener('click', () => turn((index + by + founds.length) % founds.length))
    return button
  }
  const place = element('span', { role: 'status' }, `${index + 1} of ${founds.length} here`)
  body.append(element('footer', { class: 'popup-pager' }, step(-1, 'Previous feature', '‹'), place, step(1, 'Next feature', '›')))
  return body
}

/** If the server does not answer, it stays a part. @param {Found} found @returns {Promise<Found>} */
async function whole(found) {
  const answer = await fetchFeature(found.layer, String(found.feature.id)).catch(() => null)
  return { ...found, feature: answer?.feature ?? found.feature, partial: false }
}

/**
 * @param {MapLibre} map
 * @param {(found: Found | null) => void} selected null when the popup is closed
 */
export function featurePopup(map, selected) {
  const popup = new Popup({ maxWidth: 'none', offset: 12, className: 'feature-popup', focusAfterOpen: true })
  /** @type {Found | null} */
  let shown = null
  /** @type {unknown} where it was when it was shown */
  let geometry = null
  popup.on('close', () => {
    shown = null
    selected(null)
  })
  return {
    /** @param {{ lng: number, lat: number }} place @param {Found[]} founds not empty */
    open(place, founds) {
      /** @param {number} index */
      const turn = (index) => {
        const found = /** @type {Found} */ (founds[index])
        shown = found
        geometry = found.feature.geometry
        popup.setDOMContent(content(founds, index, turn))
        selected(found)
        if (!found.partial) return
        void whole(found).then((complete) => {
          founds[index] = complete
          if (shown === found) turn(index)
        })
      }
      popup.setPadding(free())
      popup.setLngLat(place).addTo(map)
      turn(0)
    },
    /** Goes along with a point that has moved. */
    follow() {
      const current = shown?.feature.geometry
      if (current?.type !== 'Point' || current === geometry) return
      geometry = current
      popup.setLngLat(/** @type {[number, number]} */ (current.coordinates))
    },
    close: () => popup.remove(),
  }
}
