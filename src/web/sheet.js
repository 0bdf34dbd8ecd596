// @ts-check
/**
 * On a narrow screen, the panels are a sheet at the bottom. Its grip opens and closes it by tap, swipe or key.
 */
import { byId } from './dom.js'

/** Pixels from which a movement is a swipe. */
const SWIPE = 24

export function startSheet() {
  const sheet = byId('sheet')
  const grip = byId('grip')
  const set = (/** @type {boolean} */ open) => {
    sheet.classList.toggle('open', open)
    grip.setAttribute('aria-expanded', String(open))
  }
  let from = 0
  let swiped = false
  grip.addEventListener('pointerdown', (event) => {
    from = event.clientY
    swiped = false
    grip.setPointerCapture(event.pointerId)
  })
  grip.addEventListener('pointerup', (event) => {
    const up = from - event.clientY
    swiped = Math.abs(up) > SWIPE
    if (swiped) set(up > 0)
  })
  grip.addEventListener('click', () => {
    if (!swiped) set(!sheet.classList.contains('open'))
    swiped = false
  })
}
