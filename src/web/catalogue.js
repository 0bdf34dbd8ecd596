// @ts-check
/** The layers that the server has, through changes, checks and lost connections. */
/** @import { Layer } from './layers.js' */
import { clientError } from 'geoduck/client'
import { onConnection, subscribe } from './graphql.js'
import { fetchLayers } from './layers.js'

/** Milliseconds from one reading of the layers to the next: while one is prepared or checked, and at the least. */
const [AGAIN_MS, LEAST_MS] = [3000, 1000]

/**
 * Never ends.
 * @param {{ layers: (layers: Layer[], preparing: number) => void, lost: (message: string) => void }} events `layers` when one has changed, and
 *   repeatedly while one is being prepared or checked; layers that are being prepared are only counted
 */
export async function watchLayers(events) {
  let wake = () => {}
  follow(() => wake())
  for (;;) {
    /** Resolves at a change after this moment. @type {Promise<void>} */
    const changed = new Promise((resolve) => {
      wake = resolve
    })
    let isSettled = false
    try {
      const layers = await fetchLayers()
      const known = layers.filter(({ state }) => state !== 'PREPARING')
      events.layers(known, layers.length - known.length)
      isSettled = layers.every(({ state }) => state === 'READY')
    } catch (cause) {
      events.lost(clientError(cause).message)
    }
    await Promise.all([pause(LEAST_MS), isSettled ? changed : Promise.race([changed, pause(AGAIN_MS)])])
  }
}

/** Calls `wake` when a layer has changed, or may have. @param {() => void} wake */
function follow(wake) {
  const again = () => setTimeout(run, AGAIN_MS)
  const run = () => {
    subscribe('subscription Layers { layerChanged { kind } }', {}, { next: wake, error: again, complete: again })
  }
  onConnection((state) => state === 'connected' && wake())
  run()
}

/** @param {number} ms @returns {Promise<void>} */
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
