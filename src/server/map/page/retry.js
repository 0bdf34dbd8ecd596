// @ts-check
/** What may be tried again without being told to, and when. */
/** @import { RequestError } from './graphql.js' */

/** The server's codes for what may go better by itself; the rest wait for the user. */
const PASSING = new Set(['OVERLOADED', 'WORKER_LOST', 'SLOW_CONSUMER', 'SHUTTING_DOWN', 'LAYER_NOT_READY'])
/** With these the data is another one: what has arrived is no longer part of the answer. */
const RESTART = new Set(['CURSOR_EXPIRED', 'SOURCE_CHANGED'])
/** Times the server may fail in a row. Without a connection there is no such end. */
const MOST_FAILURES = 5
const LONGEST_WAIT_MS = 10_000

/**
 * @param {RequestError} error
 * @param {number} failures in a row, this one included
 * @returns {{ waitMs: number, fromStart: boolean } | null} null: it is for the user to say
 */
export function retry(error, failures) {
  const fromStart = RESTART.has(error.code)
  if (error.code !== 'OFFLINE' && (failures > MOST_FAILURES || !(fromStart || PASSING.has(error.code)))) return null
  const growing = Math.min(LONGEST_WAIT_MS, 250 * 2 ** failures)
  return { waitMs: Math.max((error.retryAfter ?? 0) * 1000, growing), fromStart }
}
