// @ts-check
/** The layers that the server has, through a lost connection and until each has been checked. */
/** @import { Layer } from './layers.js' */
import { clientError } from 'geoduck/client'
import { fetchLayers } from './layers.js'

const AGAIN_MS = 3000

/**
 * @param {{ layers: (layers: Layer[]) => void, lost: (message: string) => void }} events `layers` again and again while one is being
 *   checked
 */
export async function watchLayers(events) {
  for (;;) {
    try {
      const layers = await fetchLayers()
      events.layers(layers)
      if (layers.every(({ state }) => state === 'READY')) return
    } catch (cause) {
      events.lost(clientError(cause).message)
    }
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS))
  }
}
