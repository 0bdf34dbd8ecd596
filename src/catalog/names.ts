/** Makes layer names from the names of files and tables. They are valid and unique. */

/**
 * Keeps letters and digits of any script, `_` and `-`. Other characters between them become one `_`. Such a name needs no quotes in a GraphQL string,
 * in the path of a URL, or in a shell.
 */
export function validName(text: string): string {
  const name = text
    .normalize('NFC')
    .replace(/[^\p{L}\p{M}\p{N}_-]+/gu, '_')
    .replace(/^[_-]+|[_-]+$/g, '')
  return name || 'layer'
}

/**
 * Returns one name for each list of candidates (the shortest first, each longer than the one before). All lists that share a candidate move to their
 * next one. A name that is still not unique gets a number, in order. The same lists give the same names.
 */
export function uniqueNames(wishes: readonly (readonly string[])[]): string[] {
  const chosen = wishes.map(() => 0)
  const nameOf = (index: number): string => validName(wishes[index]?.[chosen[index] ?? 0] ?? '')
  const longest = Math.max(0, ...wishes.map((list) => list.length))
  for (let round = 1; round < longest; round++) {
    const counts = Map.groupBy(wishes.keys(), nameOf)
    for (const [index, list] of wishes.entries()) {
      const current = chosen[index] ?? 0
      if ((counts.get(nameOf(index))?.length ?? 0) > 1 && current + 1 < list.length) chosen[index] = current + 1
    }
  }
  return numbered([...wishes.keys()].map(nameOf))
}

function numbered(names: readonly string[]): string[] {
  const taken = new Set<string>()
  return names.map((name) => {
    let unique = name
    for (let n = 2; taken.has(unique) || (unique !== name && names.includes(unique)); n++) unique = `${name}_${n}`
    taken.add(unique)
    return unique
  })
}
