/** Makes layer names from paths and tables. The names of a layer depend on its own path and table alone, and on no order. */
import { hash } from 'node:crypto'
import path from 'node:path'

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

/** The place of a file, of a folder that is one layer, or of a pattern. */
export interface Place {
  /** The name without its ending. */
  readonly stem: string
  /** Without the dot. Empty for a folder and a pattern. */
  readonly ending: string
  /** The folder that contains it. */
  readonly folder: string
  /** The path in the served folder, which is the same on every machine. */
  readonly within: string
  /** The whole path. */
  readonly whole: string
  /** True if its long name begins with its folder, and does not end with its ending. */
  readonly isLongByFolder: boolean
}

/**
 * Returns the names of a source: the short name, the long name, and then names of more and more of its path, for the case that other sources ask
 * for the names before. The last two contain a digest of the path. Only the last one differs if the served folder is moved.
 */
export function sourceNames({ stem, ending, folder, within, whole, isLongByFolder }: Place): readonly string[] {
  const [parent, grandparent] = [path.basename(folder), path.basename(path.dirname(folder))]
  const long = [joined(stem, ending), joined(parent, stem)]
  return unique([
    validName(stem),
    ...(isLongByFolder ? long.reverse() : long),
    joined(parent, stem, ending),
    joined(grandparent, parent, stem, ending),
    joined(stem, digest(within)),
    joined(stem, digest(whole)),
  ])
}

/** Returns the names of a table. `names` are its own name, and the one with its schema if that is not `main`. */
export function tableNames(store: readonly string[], names: readonly string[]): readonly string[] {
  const [digests, others] = [store.slice(-2), store.slice(0, -2)]
  const longest = names.at(-1)!
  return unique([
    ...names.map(validName),
    ...others.map((name) => joined(name, longest)),
    ...digests.map((name) => joined(name, longest, digest(names.join('\n')))),
  ])
}

function joined(...words: readonly string[]): string {
  return words
    .filter((word) => word !== '')
    .map(validName)
    .join('_')
}

function unique(names: readonly string[]): readonly string[] {
  return [...new Set(names)]
}

const DIGEST_CHARACTERS = 12

function digest(text: string): string {
  return hash('sha256', text).slice(0, DIGEST_CHARACTERS)
}

/** The short name and the long name. */
const NAMES_AT_FIRST = 2

/**
 * Returns who asks for each name, by index. Everyone asks for its first two names, and then for one more as long as others ask for all of them. A
 * name that several ask for belongs to none of them. So a newcomer can take a name from another one, but a name never passes to the newcomer.
 *
 * @param taken names that belong to somebody else
 */
export function claimNames(
  wishes: readonly (readonly string[])[],
  taken: ReadonlySet<string>,
): ReadonlyMap<string, readonly number[]> {
  const claims = new Map<string, number[]>()
  /** The number of names that each asks for, and the number of those that nobody else asks for. */
  const [asked, own] = [wishes.map(() => 0), wishes.map(() => 0)]
  const nameless: number[] = []
  const ask = (index: number) => {
    const name = wishes[index]![asked[index]!++]
    if (name === undefined || taken.has(name)) return
    const rivals = claims.get(name)
    if (rivals?.length === 1 && --own[rivals[0]!]! === 0) nameless.push(rivals[0]!)
    if (rivals) rivals.push(index)
    else {
      claims.set(name, [index])
      own[index]!++
    }
  }
  for (let n = 0; n < NAMES_AT_FIRST; n++) for (const index of wishes.keys()) ask(index)
  nameless.push(...wishes.keys())
  for (let index = nameless.pop(); index !== undefined; index = nameless.pop()) {
    while (own[index] === 0 && asked[index]! < wishes[index]!.length) ask(index)
  }
  return claims
}
