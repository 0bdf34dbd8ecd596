// @ts-check
/** Follows a live layer, as callbacks, while somebody can see the page. */
/** @import { Bbox, GeoduckClientError, FeatureFilter, LayerDiff } from 'geoduck/client' */
/** @import { Feature } from 'geojson' */
/** @import { Layer } from './layers.js' */
import { clientError, watchLayer, watchViewport } from 'geoduck/client'
import { client } from './graphql.js'

/** The most features of a layer that the page follows as a whole. Of a larger one it follows what is in view. */
const MOST_OF_LAYER = 5_000
/** The most features in view that it follows. */
const MOST_IN_VIEW = 20_000
/** Milliseconds over which changes are counted. */
const WINDOW_MS = 5_000

/**
 * Returns how the page follows the changes of a layer, if it is live and has only points: all of it, or what is in view of a large one.
 * @param {Layer} layer
 * @returns {'all' | 'view' | null}
 */
export function followed({ isLive, geometryTypes, featureCount, crs }) {
  const onlyPoints = geometryTypes.length > 0 && geometryTypes.every((type) => type === 'Point')
  if (!isLive || !onlyPoints) return null
  if (Number(featureCount ?? Number.POSITIVE_INFINITY) <= MOST_OF_LAYER) return 'all'
  return crs?.isLonLat ? 'view' : null
}

/**
 * @typedef {object} FollowRequest
 * @property {string} layer
 * @property {FeatureFilter | undefined} where
 * @property {readonly number[] | null} [bbox] what is in view; without it, all of the layer is followed
 * @property {string | undefined} [crs] of the result, if the layer is not in longitude and latitude
 * @property {readonly string[]} [properties] all, if it is left out
 */

/**
 * @typedef {object} FollowEvents
 * @property {(diff: LayerDiff, features: ReadonlyMap<string, Feature>, isMove: boolean) => void} change the first one, and one after the page was hidden, has
 *   `removeAll`; `isMove`: only what is in view has changed
 * @property {(bbox: readonly number[]) => void} [many] there are too many features in this view
 * @property {(error: GeoduckClientError) => void} pause it was interrupted and continues by itself
 * @property {() => void} resume it may have been interrupted, and continues
 * @property {(error: GeoduckClientError) => void} fail it ended with an error
 */

/** @typedef {{ move: (bbox: readonly number[]) => void, cancel: () => void }} Following */

/**
 * @param {FollowRequest} request
 * @param {FollowEvents} events none is called after it was cancelled
 * @returns {Following}
 */
export function follow({ bbox = null, ...request }, events) {
  let over = false
  let box = /** @type {Bbox | null} */ (bbox)
  /** @type {ReturnType<typeof watchLayer> | ReturnType<typeof watchViewport> | null} */
  let watch = null
  const end = () => {
    watch?.close()
    watch = null
  }
  const begin = () => {
    if (document.hidden) return end()
    if (watch) return
    const shared = {
      client,
      ...request,
      precision: 6,
      retry: (/** @type {GeoduckClientError} */ error) => {
        if (!over && error.retry) events.pause(error)
        return error.retry
      },
    }
    /** @type {string | null} */
    let version = null
    /** @param {LayerDiff} diff @param {{ features: ReadonlyMap<string, Feature>, version: string | null }} watched */
    const onChange = (diff, watched) => {
      if (over) return
      // A move brings and takes features, and changes none.
      const isMove = version === watched.version
      version = watched.version
      events.change(diff, watched.features, isMove)
    }
    const begun =
      box === null
        ? watchLayer({ ...shared, onChange })
        : watchViewport({
            ...shared,
            bbox: box,
            maxFeatures: MOST_IN_VIEW,
            onChange: (diff, watched) => {
              if (watched.cells === null) onChange(diff, watched)
              else if (watched.cells.coarse && !over && box) events.many?.(box)
            },
          })
    watch = begun
    begun.ended.catch((cause) => over || watch !== begun || events.fail(clientError(cause)))
  }
  document.addEventListener('visibilitychange', begin)
  const ignore = client.on('connected', () => events.resume())
  begin()
  return {
    move: (bbox) => {
      if (box === null) return
      box = /** @type {Bbox} */ (bbox)
      if (watch && 'move' in watch) watch.move(box)
    },
    cancel: () => {
      over = true
      ignore()
      document.removeEventListener('visibilitychange', begin)
      end()
    },
  }
}

/** Counts changes per second. */
export class Rate {
  /** @type {{ at: number, changes: number }[]} */ #counted = []

  /** @param {number} changes */
  add(changes) {
    this.#counted.push({ at: performance.now(), changes })
  }

  get perSecond() {
    const begin = performance.now() - WINDOW_MS
    this.#counted = this.#counted.filter(({ at }) => at > begin)
    const changes = this.#counted.reduce((sum, { changes }) => sum + changes, 0)
    return Math.round(changes / (WINDOW_MS / 1_000))
  }
}
