import { GeoduckError } from '../model/errors.ts'
import type { Field } from '../model/layer.ts'
import { nearNames } from '../model/near-names.ts'
import type { View } from '../model/query.ts'
import { show } from '../model/show.ts'

/** The number of names in a message. */
const LISTED = 10

/** Returns the property with exactly that name. @throws GeoduckError BAD_INPUT if there is none */
export function propertyOf(view: View, name: unknown): Field {
  const column = typeof name === 'string' ? fieldsOf(view).get(name) : undefined
  if (column) return column
  throw new GeoduckError('BAD_INPUT', `Layer ${show(view.layer.name)} has no property ${show(name)}; ${known(view, name)}.`)
}

function known({ fields }: View, name: unknown): string {
  if (fields.length === 0) return 'it has none at all'
  const names = fields.map((field) => field.name)
  const near = typeof name === 'string' ? nearNames(name, names) : []
  if (near.length > 0) return `near: ${near.map(show).join(', ')}`
  const more = fields.length > LISTED ? `, and ${fields.length - LISTED} more` : ''
  return `it has ${names.slice(0, LISTED).map(show).join(', ')}${more}`
}

const byName = new WeakMap<View, ReadonlyMap<string, Field>>()

function fieldsOf(view: View): ReadonlyMap<string, Field> {
  const known = byName.get(view) ?? new Map(view.fields.map((field) => [field.name, field]))
  byName.set(view, known)
  return known
}
