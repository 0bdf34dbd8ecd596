// @ts-check
/**
 * On a narrow screen, the panels are a sheet at the bottom. Its grip opens and closes it by tap, swipe or key.
 */
import { byId } from './dom.js'

/** Pixels from which a movement is a swipe. */
const SWIPE = 24

/** @param {boolean} open */
export function setSheet(open) {
  byId('sheet').classList.toggle('open', open)
  byId('grip').setAttribute('aria-expanded', String(open))
}

export function startSheet() {
  const sheet = byId('sheet')
  const grip = byId('grip')
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
    if (swiped) setSheet(up > 0)
  })
  grip.addEventListener('click', () => {
    if (!swiped) setSheet(!sheet.classList.contains('open'))
    swiped = false
  })
}
