import { GeoduckError } from '../model/errors.ts'
import type { Field, Layer } from '../model/layer.ts'
import { nearNames } from '../model/near-names.ts'
import { show } from '../model/show.ts'

/** Names that a message lists. */
const LISTED = 10

/** The layer's property of that name, exactly as it is written. BAD_INPUT if there is none. */
export function propertyOf(layer: Layer, name: unknown): Field {
  const column = typeof name === 'string' ? columnsOf(layer).get(name) : undefined
  if (column) return column
  throw new GeoduckError('BAD_INPUT', `Layer ${show(layer.name)} has no property ${show(name)}; ${known(layer, name)}.`)
}

function known({ columns }: Layer, name: unknown): string {
  if (columns.length === 0) return 'it has none at all'
  const names = columns.map((column) => column.name)
  const near = typeof name === 'string' ? nearNames(name, names) : []
  if (near.length > 0) return `near: ${near.map(show).join(', ')}`
  const more = columns.length > LISTED ? `, and ${columns.length - LISTED} more` : ''
  return `it has ${names.slice(0, LISTED).map(show).join(', ')}${more}`
}

const byName = new WeakMap<Layer, ReadonlyMap<string, Field>>()

function columnsOf(layer: Layer): ReadonlyMap<string, Field> {
  const known = byName.get(layer) ?? new Map(layer.columns.map((column) => [column.name, column]))
  byName.set(layer, known)
  return known
}
