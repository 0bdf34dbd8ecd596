const FIRST_WAIT_MS = 500
const LONGEST_WAIT_MS = 10_000

/**
 * Milliseconds until the next try: what the server asks for, and a wait that doubles, of which up to a half is left to chance so that
 * clients that were lost together don't come back together.
 *
 * @param failures in a row, from 1
 * @param retryAfter seconds, as the server's error has it
 */
export function backOff(failures: number, retryAfter = 0): number {
  const growing = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (failures - 1))
  return retryAfter * 1000 + growing * (0.5 + Math.random() / 2)
}
