const MODULUS = 2 ** 31 - 1
const MULTIPLIER = 48271

/**
 * A reproducible source of numbers in (0, 1): the minimal standard generator of Park and Miller (1993), whose products a double
 * holds exactly. Good enough to scatter points, not for secrets.
 *
 * @param seed 1 to 2^31 - 2
 */
export function seededRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * MULTIPLIER) % MODULUS
    return state / MODULUS
  }
}
