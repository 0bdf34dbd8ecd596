// @ts-check
/** Groups of a layer's features, all of them at once. */
/** @import { GeoduckClientError } from 'geoduck/client' */
import { subscribe } from './graphql.js'

/** Milliseconds until an interrupted request is sent again. */
export const AGAIN_MS = 2000
/** Times the server may fail in a row. Without a connection there is no such end. */
const MOST_FAILURES = 5

/**
 * @template Row
 * @typedef {object} GroupEvents none is called after it was cancelled
 * @property {(rows: Row[]) => void} complete
 * @property {(error: GeoduckClientError) => void} pause it was interrupted and starts again by itself
 * @property {(error: GeoduckClientError) => void} fail
 */

/**
 * @template Row
 * @param {string} query a subscription of `aggregateBatches`
 * @param {Record<string, unknown>} variables
 * @param {GroupEvents<Row>} events
 * @returns {() => void} cancels
 */
export function askGroups(query, variables, { complete, pause, fail }) {
  let failures = 0
  let cancel = () => {}
  const run = () => {
    /** @type {Row[]} */
    const rows = []
    cancel = subscribe(query, variables, {
      next: (/** @type {{ aggregateBatches: { rows: Row[] } }} */ { aggregateBatches }) => rows.push(...aggregateBatches.rows),
      error: (error) => {
        failures += 1
        if (error.code !== 'OFFLINE' && !(error.retry && failures <= MOST_FAILURES)) return fail(error)
        const timer = setTimeout(run, AGAIN_MS)
        cancel = () => clearTimeout(timer)
        pause(error)
      },
      complete: () => complete(rows),
    })
  }
  run()
  return () => cancel()
}

const COUNT = `subscription Count($layer: String!, $where: FeatureFilter!) {
  aggregateBatches(layer: $layer, where: $where) { rows { count } }
}`

/**
 * Counts features.
 * @param {{ layer: string, where: object }} variables
 * @param {{ complete: (features: number) => void } & Omit<GroupEvents<never>, 'complete'>} events
 * @returns {() => void} cancels
 */
export function askCount(variables, { complete, ...events }) {
  return askGroups(COUNT, variables, {
    complete: (/** @type {{ count: string }[]} */ rows) => complete(Number(rows[0]?.count ?? 0)),
    ...events,
  })
}
