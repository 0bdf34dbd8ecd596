const FIRST_WAIT_MS = 500
const LONGEST_WAIT_MS = 10_000

/**
 * Milliseconds until the next try: the delay from the server, or a delay that doubles. Up to half of it is random, so that clients that lost the
 * server at the same time do not return at the same time.
 *
 * @param failures consecutive failures, from 1
 * @param retryAfter seconds, from the server's error
 */
export function backOff(failures: number, retryAfter = 0): number {
  const growing = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (failures - 1))
  return retryAfter * 1000 + growing * (0.5 + Math.random() / 2)
}
