/** What a property filter compares: a column, or a member inside one, with its type. */
import type { DuckType, Layer } from '../catalog/layer.ts'
import { GeoduckError } from '../errors.ts'
import { nearNames } from '../near-names.ts'
import type { Parameters } from './parameters.ts'
import { propertyOf } from './property-of.ts'
import { columnOf, literal } from './quote.ts'
import { show } from './show.ts'

export const MAX_PATH = 16

export interface Member {
  /** As a message calls it. */
  readonly name: string
  /** DuckDB's text for the type. */
  readonly type: string
  readonly duckType: DuckType
  readonly sql: string
}

const JSON_TYPE: DuckType = { id: 'VARCHAR', alias: 'JSON' }

export function isJson({ id, alias }: DuckType): boolean {
  return alias === 'JSON' || id === 'VARIANT'
}

/** BAD_INPUT: no such property, or no such member of it. Members of maps and of JSON may be missing: they are then null. */
export function memberAt(layer: Layer, property: string, path: readonly string[], parameters: Parameters): Member {
  const column = propertyOf(layer, property)
  if (path.length > MAX_PATH) throw new GeoduckError('LIMIT_EXCEEDED', `\`path\` has at most ${MAX_PATH} names.`)
  let member: Member = { name: show(column.name), type: column.type, duckType: column.duckType, sql: columnOf(column) }
  for (const [n, key] of path.entries()) {
    if (isJson(member.duckType)) return inJson(member, path.slice(n), parameters)
    member = within(member, key, parameters)
  }
  return member
}

function within({ name, type, duckType, sql }: Member, key: string, parameters: Parameters): Member {
  const inner = `${name}.${show(key)}`
  if (duckType.id === 'MAP' && duckType.child && duckType.key?.id === 'VARCHAR') {
    const value = `map_extract_value(${sql}, ${parameters.text(key.toWellFormed())})`
    return { name: inner, type: duckType.child.id, duckType: duckType.child, sql: value }
  }
  if (duckType.id !== 'STRUCT') {
    throw new GeoduckError('BAD_INPUT', `Property ${name} is ${type.slice(0, 60)}, which has no members: leave \`path\` out.`)
  }
  const names = (duckType.fields ?? []).map((field) => field.name)
  const field = duckType.fields?.find((candidate) => candidate.name === key)
  if (field)
    return { name: inner, type: field.type.id, duckType: field.type, sql: `struct_extract(${sql}, ${literal(field.name)})` }
  const near = nearNames(key, names)
  const has = (near.length > 0 ? near : names.slice(0, 10)).map(show).join(', ')
  throw new GeoduckError(
    'BAD_INPUT',
    `Property ${name} has no member ${show(key)}; ${near.length > 0 ? 'near' : 'it has'}: ${has}.`,
  )
}

/** By JSON pointer (RFC 6901), bound. A number is a place in an array. */
function inJson({ name, duckType, sql }: Member, path: readonly string[], parameters: Parameters): Member {
  const pointer = path.map((key) => `/${key.toWellFormed().replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
  const json = duckType.id === 'VARIANT' ? `CAST(${sql} AS JSON)` : sql
  const value = `CASE WHEN json_valid(${json}) THEN json_extract(${json}, ${parameters.text(pointer)}) END`
  return { name: [name, ...path.map(show)].join('.'), type: 'JSON', duckType: JSON_TYPE, sql: value }
}
