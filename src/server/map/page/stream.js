// @ts-check
/** One layer's features in one box, batch by batch. A lost connection is taken up behind the last batch. */
/** @import { RequestError } from './graphql.js' */
/** @import { Feature } from 'geojson' */
import { RequestError as Failure, subscribe } from './graphql.js'
import { retry } from './retry.js'

const BATCHES = `subscription Map($layer: String!, $bbox: BBox!, $precision: Int!, $batchSize: Int!, $limit: Int!, $after: Cursor) {
  featureBatches(layer: $layer, where: { bbox: $bbox }, batchSize: $batchSize, limit: $limit, after: $after) {
    sequence count geojson(precision: $precision) cursor
  }
}`

/** Few enough to be drawn at once, enough that 200,000 features are a hundred messages. */
const BATCH_SIZE = 2048

/**
 * @typedef {object} Question
 * @property {string} layer
 * @property {readonly number[]} bbox west, south, east, north; west > east crosses the antimeridian
 * @property {number} precision digits behind the point
 * @property {number} limit most features in all
 */

/**
 * @typedef {object} StreamEvents
 * @property {(features: Feature[]) => void} batch
 * @property {() => void} restart what has arrived so far is void: the data has changed
 * @property {(error: RequestError) => void} pause it goes on by itself
 * @property {() => void} complete all of it arrived, or `limit` of it
 * @property {(error: RequestError) => void} fail it does not go on
 */

/** @typedef {{ featureBatches: { sequence: number, count: number, cursor: string, geojson: { features: Feature[] } } }} BatchData */

/**
 * @param {Question} question
 * @param {StreamEvents} events none is called any more once it has been cancelled
 * @returns {() => void} cancels
 */
export function openStream(question, events) {
  /** @type {string | null} */
  let cursor = null
  let received = 0
  let failures = 0
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer
  let cancel = () => {}

  function run() {
    let expected = 0
    const variables = { ...question, limit: question.limit - received, after: cursor, batchSize: BATCH_SIZE }
    cancel = subscribe(BATCHES, variables, {
      next: (/** @type {BatchData} */ { featureBatches: batch }) => {
        if (batch.sequence !== expected || batch.geojson.features.length !== batch.count) return outOfStep()
        expected += 1
        failures = 0
        cursor = batch.cursor
        received += batch.count
        events.batch(batch.geojson.features)
      },
      complete: events.complete,
      error: fail,
    })
  }

  function outOfStep() {
    cancel()
    events.fail(new Failure('INTERNAL', 'A batch is missing from the stream. Ask again.'))
  }

  /** @param {RequestError} error */
  function fail(error) {
    failures += 1
    const again = retry(error, failures)
    if (!again) return events.fail(error)
    if (received >= question.limit) return events.complete()
    if (again.fromStart) {
      cursor = null
      received = 0
      events.restart()
    }
    events.pause(error)
    timer = setTimeout(run, again.waitMs)
  }

  run()
  return () => {
    clearTimeout(timer)
    cancel()
  }
}
