// @ts-check
/**
 * The share link. The fragment of the address has the whole state of the page: the view (`at`, which MapLibre keeps), the shown layers, the explored
 * layer, filters, colours and the theme. It never has the token: `token.js` takes it out of the address before anything else reads it.
 */

/**
 * @typedef {object} LinkState what is absent in the link is null
 * @property {string[] | null} show names of the shown layers
 * @property {string | null} explore the name of the explored layer
 * @property {'dark' | 'light' | null} theme
 * @property {Map<string, unknown>} filters the conditions of each layer; not checked yet
 * @property {Map<string, string>} colors the column that colours each layer
 */

const VIEW = 'at'

/** The parameters of the fragment, in their order. */
function parameters() {
  return location.hash
    .slice(1)
    .split('&')
    .filter((part) => part !== '')
    .map((part) => {
      const [key = '', ...rest] = part.split('=')
      return { key: decode(key), value: decode(rest.join('=')) }
    })
}

/** A text that is not encoded correctly stays unchanged. @param {string} text */
function decode(text) {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** @param {string} text @returns {unknown} */
function parse(text) {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

/** @returns {LinkState & { at: boolean }} `at`: whether the link has a view */
export function readLink() {
  /** @type {LinkState & { at: boolean }} */
  const state = { at: false, show: null, explore: null, theme: null, filters: new Map(), colors: new Map() }
  for (const { key, value } of parameters()) {
    if (key === VIEW) state.at = true
    if (key === 'show') state.show = value === '' ? [] : value.split('/').map(decode)
    if (key === 'explore') state.explore = value
    if (key === 'theme' && (value === 'dark' || value === 'light')) state.theme = value
    if (key.startsWith('filter.')) state.filters.set(key.slice('filter.'.length), parse(value))
    if (key.startsWith('color.')) state.colors.set(key.slice('color.'.length), value)
  }
  return state
}

/**
 * Writes the state into the address bar, without a new entry in the history. The view stays.
 * @param {LinkState} state
 */
export function writeLink({ show, explore, theme, filters, colors }) {
  const view = location.hash
    .slice(1)
    .split('&')
    .filter((part) => part.startsWith(`${VIEW}=`))
  // Names are encoded twice, because a name may contain the separator.
  const parts = show === null ? [] : [pair('show', show.map(encodeURIComponent).join('/'))]
  if (explore !== null) parts.push(pair('explore', explore))
  for (const [layer, conditions] of filters) parts.push(pair(`filter.${layer}`, JSON.stringify(conditions)))
  for (const [layer, column] of colors) parts.push(pair(`color.${layer}`, column))
  if (theme !== null) parts.push(`theme=${theme}`)
  const fragment = [...view, ...parts].join('&')
  if (fragment !== location.hash.slice(1)) history.replaceState(history.state, '', `#${fragment}`)
}

/** @param {string} key @param {string} value */
const pair = (key, value) => `${encodeURIComponent(key)}=${encodeURIComponent(value).replaceAll('%2F', '/')}`
