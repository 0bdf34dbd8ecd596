// @ts-check
/** Colours of the map in both themes: a calm sea, soft areas, and points and lines that stand out from them. */
/** @import { Kind } from './layers.js' */
/** @import { Theme } from './theme.js' */

export const GROUND = {
  light: {
    sea: '#d5e4ec',
    land: '#eef2e8',
    borders: '#c3cdc2',
    graticule: '#bfd3de',
    label: '#25404d',
    halo: '#f4f8f4',
    hover: '#0b2530',
    selected: '#d6336c',
    fence: '#c2410c',
  },
  dark: {
    sea: '#0d1a23',
    land: '#1b2a2c',
    borders: '#37494a',
    graticule: '#1b2d39',
    label: '#dce7e4',
    halo: '#14242c',
    hover: '#f3f7f8',
    selected: '#ffd24a',
    fence: '#ffd24a',
  },
}

/** Neighbours in a list differ in hue and in lightness. */
const COLORS = /** @satisfies {Record<Theme, Record<Kind, string[]>>} */ ({
  light: {
    polygon: ['#adc9a4', '#e3c588', '#c9b1d6', '#9cc6d6', '#e6b3a3', '#bdbf84'],
    line: ['#1b6ca8', '#a4508b', '#8a6d1f', '#2a7f62', '#b5482f', '#5a57a6'],
    point: ['#a12a5e', '#1457a8', '#b35309', '#6b3fa0', '#087f5b', '#7a2e2e'],
  },
  dark: {
    polygon: ['#3d6b56', '#7d6534', '#665080', '#33657d', '#84503f', '#62652f'],
    line: ['#5eb1ef', '#e08ac4', '#d9b44a', '#5ecfa5', '#f08d6f', '#a3a0f2'],
    point: ['#ffb454', '#6cc4ff', '#ff8fab', '#c3a6ff', '#63e6be', '#ffd8a8'],
  },
})

/**
 * @param {Theme} theme
 * @param {Kind} kind
 * @param {number} index the layer's index among those of its kind
 */
export function colorOf(theme, kind, index) {
  const colors = COLORS[theme][kind]
  return /** @type {string} */ (colors[index % colors.length])
}

/** The paler shades of the classes of hexagons: how far each is from the layer's colour. */
const SHADES = [0.78, 0.58, 0.38, 0.18, 0]

/**
 * Returns the colours of hexagons, from few features to many: from near the ground's to the layer's.
 * @param {Theme} theme
 * @param {string} color `#rrggbb`
 */
export function rampOf(theme, color) {
  return SHADES.map((share) => mix(color, theme === 'light' ? 255 : 24, share))
}

/**
 * An area's border: its colour, away from the ground's.
 * @param {Theme} theme
 * @param {string} color `#rrggbb`
 */
export function borderOf(theme, color) {
  return theme === 'light' ? mix(color, 0, 0.34) : mix(color, 255, 0.3)
}

/** @param {string} color @param {number} target a shade of grey @param {number} share of the grey */
function mix(color, target, share) {
  const channels = [1, 3, 5].map((at) => Number.parseInt(color.slice(at, at + 2), 16))
  return `rgb(${channels.map((channel) => Math.round(channel + (target - channel) * share)).join(' ')})`
}

/** From few to many, and for values without an order: seen by people who see red and green alike. */
const CLASSES = /** @satisfies {Record<Theme, Record<string, string[]>>} */ ({
  light: {
    ordered: ['#fcc36b', '#f2855d', '#d4497a', '#8f2f8c', '#3d1d73'],
    category: ['#1f77b4', '#e6842a', '#2a9d62', '#c94a9b', '#6b4fb8', '#b3311d', '#0d9aa8', '#8a7a14'],
    rest: ['#8b98a0'],
    null: ['#c3ccd1'],
  },
  dark: {
    ordered: ['#4b3a8f', '#8b45a8', '#d1558f', '#f58a68', '#fcd58a'],
    category: ['#5aaeea', '#ffab5e', '#58d394', '#f48ccb', '#b09cf5', '#ff8673', '#4fd0dc', '#d8c94f'],
    rest: ['#82919a'],
    null: ['#4a5963'],
  },
})

/**
 * Returns the colours of classes by their roles, each role counted on its own.
 * @param {Theme} theme
 * @param {readonly ('ordered' | 'category' | 'rest' | 'null')[]} roles
 */
export function classColors(theme, roles) {
  /** @type {Map<string, number>} */
  const used = new Map()
  const ordered = roles.filter((role) => role === 'ordered').length
  return roles.map((role) => {
    const at = used.get(role) ?? 0
    used.set(role, at + 1)
    const colors = /** @type {string[]} */ (CLASSES[theme][role])
    // Fewer classes than colours still reach from one end to the other.
    const index = role === 'ordered' && ordered > 1 ? Math.round((at * (colors.length - 1)) / (ordered - 1)) : at % colors.length
    return /** @type {string} */ (colors[index])
  })
}
