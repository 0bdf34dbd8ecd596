// @ts-check
/** One layer's features in one box, batch by batch, as callbacks. */
/** @import { GeoduckClientError } from 'geoduck/client' */
/** @import { Feature } from 'geojson' */
import { GeoduckClientError as Failure, streamFeatures } from 'geoduck/client'
import { client } from './graphql.js'

/** Few enough to be drawn at once, enough that 200,000 features are a hundred messages. */
const BATCH_SIZE = 2048

/** Times the server may fail in a row. Without a connection there is no such end. */
const MOST_FAILURES = 5

/**
 * @typedef {object} StreamRequest
 * @property {string} layer
 * @property {Record<string, unknown>} where
 * @property {string | undefined} crs of the result, if the layer is not in longitude and latitude
 * @property {number} precision digits after the decimal point
 * @property {number} limit the most features
 */

/**
 * @typedef {object} StreamEvents
 * @property {(features: Feature[]) => void} batch
 * @property {() => void} restart the features until now are invalid, because the data has changed
 * @property {(error: GeoduckClientError) => void} pause the stream was interrupted and resumes by itself
 * @property {() => void} complete all of it arrived, or `limit` of it
 * @property {(error: GeoduckClientError) => void} fail the stream ended with an error
 */

/**
 * @param {StreamRequest} request
 * @param {StreamEvents} events none is called after it was cancelled
 * @returns {() => void} cancels
 */
export function openStream(request, events) {
  const left = new AbortController()
  void read(request, events, left.signal)
  return () => left.abort()
}

/** @param {StreamRequest} request @param {StreamEvents} events @param {AbortSignal} signal */
async function read(request, events, signal) {
  const stream = streamFeatures({
    client,
    ...request,
    batchSize: BATCH_SIZE,
    signal,
    retry: (error, failures) => error.code === 'OFFLINE' || (error.retry && failures <= MOST_FAILURES),
    onState: (now) => now.state === 'waiting' && events.pause(now.error),
  })
  try {
    for await (const { geojson } of stream) events.batch(/** @type {Feature[]} */ (geojson.features))
  } catch (error) {
    if (signal.aborted) return
    if (!(error instanceof Failure)) throw error
    return error.code === 'CURSOR_EXPIRED' ? events.restart() : events.fail(error)
  }
  if (!signal.aborted) events.complete()
}
