import type { Layer } from '../catalog/layer.ts'
import { GeoduckError } from '../errors.ts'
import { nearNames } from '../near-names.ts'

/** The columns that an argument `only` names, in the layer's order, each once; null: all of them. BAD_INPUT for a name that is none. */
export function columnsOf(only: readonly string[] | null | undefined, layer: Layer): readonly string[] | null {
  if (!only) return null
  const names = layer.columns.map(({ name }) => name)
  const unknown = only.find((name) => !names.includes(name))
  if (unknown === undefined) return names.filter((name) => only.includes(name))
  const near = nearNames(unknown, names).map((name) => `\`${name}\``)
  const hint = near.length > 0 ? ` Near: ${near.join(', ')}.` : ' `layer { columns }` lists them.'
  throw new GeoduckError('BAD_INPUT', `\`only\` names \`${unknown}\`, which is no property of ${layer.name}.${hint}`)
}
