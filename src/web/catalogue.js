// @ts-check
/** The layers that the server has, through a lost connection and until each has been checked. */
/** @import { Layer } from './layers.js' */
import { clientError } from 'geoduck/client'
import { fetchLayers } from './layers.js'

const AGAIN_MS = 3000

/**
 * @param {{ layers: (layers: Layer[], preparing: number) => void, lost: (message: string) => void }} events `layers` again and again while
 *   one is being prepared or checked; those that are prepared are only counted, since nothing else is known of them
 */
export async function watchLayers(events) {
  for (;;) {
    try {
      const layers = await fetchLayers()
      const known = layers.filter(({ state }) => state !== 'PREPARING')
      events.layers(known, layers.length - known.length)
      if (layers.every(({ state }) => state === 'READY')) return
    } catch (cause) {
      events.lost(clientError(cause).message)
    }
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS))
  }
}
