/** Names of GraphQL types that are made from names of layers, which may hold letters of any script, digits, `_` and `-`. */
import { hash } from 'node:crypto'

/** What a layer's types are called after its own part of the name. */
const ENDINGS = ['Feature', 'Connection', 'Edge', 'Batch'] as const
/** Characters of a digest that tell names apart. */
const DIGEST_CHARACTERS = 6

/**
 * By layer, what the names of its types begin with: `my_roads` -> `MyRoads`. It is the same on every server that serves the same layers. A name
 * that holds other letters than ASCII's, or that another layer or type has already, gets a digest of the layer's name after it: of two layers
 * `roads` and `Roads`, the latter does.
 *
 * @param isTaken whether the contract itself has a type of that name
 */
export function typeNames(layers: readonly string[], isTaken: (type: string) => boolean): ReadonlyMap<string, string> {
  const names = new Map<string, string>()
  const used = new Set<string>()
  for (const layer of layers.toSorted().reverse()) {
    const { name, whole } = inPascalCase(layer)
    const free = whole && !used.has(name) && !ENDINGS.some((ending) => isTaken(name + ending))
    const unique = free ? name : `${name}_${hash('sha256', layer).slice(0, DIGEST_CHARACTERS)}`
    used.add(unique)
    names.set(layer, unique)
  }
  return new Map([...names].reverse())
}

/** `whole`: nothing of it was left out. Words that begin with a digit keep a `_` before them: `roads_2` is not `roads2`. */
function inPascalCase(layer: string): { name: string; whole: boolean } {
  const plain = layer.normalize('NFKD').replace(/\p{M}/gu, '')
  const ascii = plain.replace(/[^A-Za-z0-9_-]/g, '')
  const words = ascii.split(/[_-]+/).filter((word) => word !== '')
  const name = words.map((word) => (/^\d/.test(word) ? `_${word}` : word[0]!.toUpperCase() + word.slice(1))).join('')
  return { name: name || 'Layer', whole: ascii === plain && name !== '' }
}
