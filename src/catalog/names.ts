/** Names of layers: made from the names of files and tables, valid and unique. */

/**
 * Letters and digits of any script, `_` and `-`; whatever else stands between them becomes one `_`. Such a name needs no quotes in a
 * GraphQL string, a URL's path or a shell.
 */
export function validName(text: string): string {
  const name = text
    .normalize('NFC')
    .replace(/[^\p{L}\p{M}\p{N}_-]+/gu, '_')
    .replace(/^[_-]+|[_-]+$/g, '')
  return name || 'layer'
}

/**
 * One name for each list of wishes (shortest first, each telling more than the one before). Those that share a wish all move on to their
 * next one; what is still not unique in the end gets a number, in order. The same lists give the same names.
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
