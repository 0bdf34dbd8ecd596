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
