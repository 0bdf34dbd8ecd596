// @ts-check
/** Computes the part of the screen that no panel covers. */
import { byId } from './dom.js'

/** The same width as in sheet.css. */
export const narrow = matchMedia('(max-width: 720px)')

/** Pixels to keep free on each side: beside the cards, or above the sheet while it is closed. */
export function free() {
  if (narrow.matches) return { top: 12, right: 12, bottom: 150, left: 12 }
  const explore = byId('explore-card').offsetWidth
  const table = byId('table-card').offsetHeight
  return { top: 16, right: explore > 0 ? explore + 32 : 56, bottom: table > 0 ? table + 40 : 36, left: 384 }
}
