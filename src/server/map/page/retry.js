// @ts-check
/** What may be tried again without being told to, and when. */
/** @import { RequestError } from './graphql.js' */

/** Times the server may fail in a row. Without a connection there is no such end. */
const MOST_FAILURES = 5
const LONGEST_WAIT_MS = 10_000

/**
 * @param {RequestError} error
 * @param {number} failures in a row, this one included
 * @returns {{ waitMs: number, fromStart: boolean } | null} null: it is for the user to say. `fromStart`: the data is another one now,
 *   and what has arrived is no longer part of the answer
 */
export function retry(error, failures) {
  const fromStart = error.code === 'CURSOR_EXPIRED'
  if (error.code !== 'OFFLINE' && (failures > MOST_FAILURES || !(fromStart || error.retry))) return null
  const growing = Math.min(LONGEST_WAIT_MS, 250 * 2 ** failures)
  return { waitMs: Math.max((error.retryAfter ?? 0) * 1000, growing), fromStart }
}
