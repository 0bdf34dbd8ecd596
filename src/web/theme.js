// @ts-check
/** Dark or light: the system's choice until the user makes one. */
import { byId } from './dom.js'

/** @typedef {'dark' | 'light'} Theme */

const KEY = 'geoduck-theme'
const system = matchMedia('(prefers-color-scheme: dark)')

/** Works without a stored theme if the page may not store anything. */
const storage = {
  read() {
    try {
      return localStorage.getItem(KEY)
    } catch {
      return null
    }
  },
  /** @param {Theme} theme */
  write(theme) {
    try {
      localStorage.setItem(KEY, theme)
    } catch {
      // The choice is lost, and the next visit begins without it.
    }
  },
}

/** @type {Set<(theme: Theme) => void>} */
const listeners = new Set()
let chosen = storage.read()

/** @returns {Theme} */
export function currentTheme() {
  if (chosen === 'dark' || chosen === 'light') return chosen
  return system.matches ? 'dark' : 'light'
}

/** Returns the choice of the user or of a link; null if it is the system's. @returns {Theme | null} */
export const chosenTheme = () => (chosen === 'dark' || chosen === 'light' ? chosen : null)

/** Shows the theme of a link, which is not stored: it is not the choice of this user. @param {Theme} theme */
export function setTheme(theme) {
  chosen = theme
  show()
}

/** @param {(theme: Theme) => void} listener */
export function onTheme(listener) {
  listeners.add(listener)
}

function show() {
  const theme = currentTheme()
  const other = theme === 'dark' ? 'light' : 'dark'
  document.documentElement.dataset['theme'] = theme
  byId('theme').setAttribute('aria-label', `Use the ${other} theme`)
  byId('theme').title = `Use the ${other} theme`
  for (const listener of listeners) listener(theme)
}

export function startTheme() {
  byId('theme').addEventListener('click', () => {
    const next = currentTheme() === 'dark' ? 'light' : 'dark'
    chosen = next
    storage.write(next)
    show()
  })
  system.addEventListener('change', show)
  show()
}
