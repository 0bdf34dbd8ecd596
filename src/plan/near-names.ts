/** The comparison costs the product of both lengths. */
const LONGEST = 100

/** At most three of `names` that are close to what was written, nearest first. */
export function nearNames(written: string, names: readonly string[]): readonly string[] {
  if (written.length === 0 || written.length > LONGEST) return []
  const tolerance = Math.max(2, Math.floor(written.length / 3))
  const word = written.toLowerCase()
  return names
    .map((name) => ({ name, distance: name.toLowerCase().includes(word) ? 1 : editDistance(word, name.toLowerCase()) }))
    .filter(({ distance }) => distance <= tolerance)
    .sort((a, b) => a.distance - b.distance)
    .slice(0, 3)
    .map(({ name }) => name)
}

/** Characters to insert, drop or change (Levenshtein), by one row of the table at a time. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const change = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(change, row[j]! + 1, next[j - 1]! + 1))
    }
    row = next
  }
  return row[b.length]!
}
