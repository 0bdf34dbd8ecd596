// @ts-check
/** Downloads the features that the filter selects, in all of the layer. */
/** @import { LayerView } from '../layer-view.js' */
/** @import { Section } from './explorer.js' */
import { element, setText } from '../dom.js'
import { authorization } from '../token.js'
import { whereOf } from './conditions.js'
import { ENDINGS } from './endings.js'

/** @param {LayerView} view @returns {Section} */
export function downloadSection({ layer, exploration }) {
  const said = element('p', { class: 'said', role: 'status' })
  const links = ENDINGS.map(({ ending, label, lonLat }) => {
    const link = element('a', { class: 'text-button', download: `${layer.name}.${ending}`, title: label }, `.${ending}`)
    link.addEventListener('click', (event) => void withToken(event, link, said))
    return { link, ending, transform: lonLat && layer.crs !== null && !layer.crs.isLonLat }
  })
  const root = element('section', { class: 'explore-section', 'aria-labelledby': 'download-title' })
  root.append(
    element('h3', { id: 'download-title' }, 'Download'),
    element('div', { class: 'line' }, ...links.map(({ link }) => link)),
    said,
  )
  return {
    root,
    update: () => {
      const where = whereOf(exploration.conditions)
      for (const { link, ending, transform } of links) {
        const url = new URL(`../../download/${encodeURIComponent(layer.name)}.${ending}`, import.meta.url)
        url.search = new URLSearchParams({
          ...(where && { where: JSON.stringify(where) }),
          ...(transform && { crs: 'OGC:CRS84' }),
        }).toString()
        link.href = url.href
      }
    },
  }
}

/**
 * A link sends no token, so the page reads the file itself, into the browser's memory.
 * @param {Event} event
 * @param {HTMLAnchorElement} link
 * @param {HTMLElement} said
 */
async function withToken(event, link, said) {
  const headers = authorization()
  if (!('authorization' in headers) || link.href.startsWith('blob:')) return
  event.preventDefault()
  setText(said, 'Downloading')
  try {
    const response = await fetch(link.href, { headers })
    if (!response.ok) throw new Error(`The server answered ${response.status}.`)
    const url = URL.createObjectURL(await response.blob())
    element('a', { href: url, download: link.download }).click()
    setTimeout(() => URL.revokeObjectURL(url), 60_000)
    setText(said, '')
  } catch (cause) {
    setText(said, cause instanceof Error ? cause.message : String(cause))
  }
}
