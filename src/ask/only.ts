import { GeoduckError } from '../model/errors.ts'
import type { Layer } from '../model/layer.ts'
import { nearNames } from '../model/near-names.ts'

/** The columns that an argument `only` names, in the layer's order, each once; null: all of them. BAD_INPUT for a name that is none. */
export function columnsOf(only: readonly string[] | null | undefined, layer: Layer): readonly string[] | null {
  if (!only) return null
  const names = layer.columns.map(({ name }) => name)
  const known = new Set(names)
  const unknown = only.find((name) => !known.has(name))
  if (unknown === undefined) {
    const wanted = new Set(only)
    return names.filter((name) => wanted.has(name))
  }
  const near = nearNames(unknown, names).map((name) => `\`${name}\``)
  const hint = near.length > 0 ? ` Near: ${near.join(', ')}.` : ' `layer { columns }` lists them.'
  throw new GeoduckError('BAD_INPUT', `\`only\` names \`${unknown}\`, which is no property of ${layer.name}.${hint}`)
}
