// @ts-check
/** Follows a live layer, as callbacks, while somebody can see the page. */
/** @import { GeoduckClientError, FeatureFilter, LayerDiff } from 'geoduck/client' */
/** @import { Feature } from 'geojson' */
/** @import { Layer } from './layers.js' */
import { clientError, watchLayer } from 'geoduck/client'
import { client } from './graphql.js'

/** The most features of a layer that the page follows. */
const MOST_FEATURES = 20_000
/** Milliseconds over which changes are counted. */
const WINDOW_MS = 5_000

/** Returns whether the page follows the changes of a layer: it is live, and has only points, and not too many of them. @param {Layer} layer */
export function isFollowed({ isLive, geometryTypes, featureCount }) {
  const onlyPoints = geometryTypes.length > 0 && geometryTypes.every((type) => type === 'Point')
  return isLive && onlyPoints && Number(featureCount ?? Number.POSITIVE_INFINITY) <= MOST_FEATURES
}

/**
 * @typedef {object} FollowRequest
 * @property {string} layer
 * @property {FeatureFilter | undefined} where
 * @property {string | undefined} [crs] of the result, if the layer is not in longitude and latitude
 * @property {readonly string[]} [properties] all, if it is left out
 */

/**
 * @typedef {object} FollowEvents
 * @property {(diff: LayerDiff, features: ReadonlyMap<string, Feature>) => void} change the first one, and one after the page was hidden, has `removeAll`
 * @property {(error: GeoduckClientError) => void} pause it was interrupted and continues by itself
 * @property {() => void} resume it may have been interrupted, and continues
 * @property {(error: GeoduckClientError) => void} fail it ended with an error
 */

/**
 * @param {FollowRequest} request
 * @param {FollowEvents} events none is called after it was cancelled
 * @returns {() => void} cancels
 */
export function follow(request, events) {
  let over = false
  /** @type {ReturnType<typeof watchLayer> | null} */
  let watch = null
  const end = () => {
    watch?.close()
    watch = null
  }
  const begin = () => {
    if (document.hidden) return end()
    if (watch) return
    const begun = watchLayer({
      client,
      ...request,
      precision: 6,
      onChange: (diff, { features }) => over || events.change(diff, features),
      retry: (error) => {
        if (!over && error.retry) events.pause(error)
        return error.retry
      },
    })
    watch = begun
    begun.ended.catch((cause) => over || watch !== begun || events.fail(clientError(cause)))
  }
  document.addEventListener('visibilitychange', begin)
  const ignore = client.on('connected', () => events.resume())
  begin()
  return () => {
    over = true
    ignore()
    document.removeEventListener('visibilitychange', begin)
    end()
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
