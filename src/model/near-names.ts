/** Maximum length of a compared name. The comparison costs the product of both lengths: 2 µs per name of 60 characters. */
const LONGEST = 60
/** Maximum number of compared names, so that a wrong name costs at most 2 ms. */
const MOST_NAMES = 1_000

/** Returns at most three of `names` that are similar to the given name, the most similar first. */
export function nearNames(written: string, names: readonly string[]): readonly string[] {
  if (written.length > LONGEST) return []
  const word = written.toLowerCase()
  if (word.length === 0 || word.length > LONGEST) return []
  const tolerance = Math.max(2, Math.floor(word.length / 3))
  return names
    .slice(0, MOST_NAMES)
    .map((name) => ({ name, distance: distanceOf(word, name.toLowerCase(), tolerance) }))
    .filter(({ distance }) => distance <= tolerance)
    .sort((a, b) => a.distance - b.distance)
    .slice(0, 3)
    .map(({ name }) => name)
}

function distanceOf(word: string, name: string, tolerance: number): number {
  if (name.length <= LONGEST * 2 && name.includes(word)) return 1
  return Math.abs(name.length - word.length) > tolerance ? Number.POSITIVE_INFINITY : editDistance(word, name, tolerance)
}

const ROWS = [new Uint16Array(2 * LONGEST), new Uint16Array(2 * LONGEST)] as const

/**
 * Returns the number of characters to insert, remove or change (Levenshtein), with one row of the table at a time. Infinity
 * above the tolerance.
 */
function editDistance(a: string, b: string, tolerance: number): number {
  let [row, next] = ROWS as readonly [Uint16Array, Uint16Array]
  for (let j = 0; j <= b.length; j++) row[j] = j
  for (let i = 1; i <= a.length; i++) {
    const code = a.charCodeAt(i - 1)
    let least = i
    next[0] = i
    for (let j = 1; j <= b.length; j++) {
      const change = row[j - 1]! + (code === b.charCodeAt(j - 1) ? 0 : 1)
      const distance = Math.min(change, row[j]! + 1, next[j - 1]! + 1)
      next[j] = distance
      if (distance < least) least = distance
    }
    if (least > tolerance) return Number.POSITIVE_INFINITY
    ;[row, next] = [next, row]
  }
  return row[b.length]!
}
