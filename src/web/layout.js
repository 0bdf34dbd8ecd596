// @ts-check
/** Computes the part of the screen that no panel covers. */

/** The same width as in sheet.css. */
export const narrow = matchMedia('(max-width: 720px)')

/** Pixels to keep free on each side: beside the card, or above the sheet while it is closed. */
export function free() {
  return narrow.matches ? { top: 12, right: 12, bottom: 150, left: 12 } : { top: 16, right: 56, bottom: 36, left: 384 }
}
