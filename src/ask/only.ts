import { GeoduckError } from '../model/errors.ts'
import { nearNames } from '../model/near-names.ts'
import type { View } from '../model/query.ts'

/** The properties that an argument `only` names, in the view's order, each once; null: all of them. BAD_INPUT for a name that is none. */
export function propertiesNamed(only: readonly string[] | null | undefined, { layer, fields }: View): readonly string[] | null {
  if (!only) return null
  const names = fields.map(({ name }) => name)
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
