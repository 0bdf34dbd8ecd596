// @ts-check
/** Copies a text. A page over plain HTTP from another machine has no clipboard, so it copies a selection. */
import { element } from './dom.js'

/** @param {string} text @returns {Promise<boolean>} whether it is in the clipboard */
export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    const field = element('textarea', { class: 'hidden', readonly: '' })
    field.value = text
    document.body.append(field)
    field.select()
    const copied = document.execCommand('copy')
    field.remove()
    return copied
  }
}

/**
 * A button that copies, and says so for a moment.
 * @param {HTMLElement} button
 * @param {() => string} text
 * @param {(said: string) => void} say
 */
export function copyOnClick(button, text, say) {
  button.addEventListener('click', async () => {
    say((await copyText(text())) ? 'Copied' : 'The browser does not allow to copy')
    setTimeout(() => say(''), 2500)
  })
}
