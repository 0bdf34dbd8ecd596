/** Reads the subject of a property filter: a column, or a member inside one, with its type. */

import { GeoduckError } from '../../model/errors.ts'
import { type FieldType, isJson, typeName } from '../../model/field-type.ts'
import { nearNames } from '../../model/near-names.ts'
import type { Member, Step } from '../../model/predicate.ts'
import type { View } from '../../model/query.ts'
import { show } from '../../model/show.ts'
import { propertyOf } from '../property-of.ts'

export const MAX_PATH = 16
/** Maximum characters of a name. */
const LONGEST_NAME = 1_000

/** The member with its type, and its name in messages. */
export interface NamedMember extends Member {
  readonly name: string
  /** The engine's name of the type. */
  readonly native: string
}

const JSON_TYPE: FieldType = { kind: 'json' }

/**
 * Returns the member. Members of maps and of JSON may be missing in a row: then they are null. @throws GeoduckError BAD_INPUT
 * if there is no such property, or no such member
 */
export function memberAt(view: View, property: string, path: readonly string[]): NamedMember {
  const column = propertyOf(view, property)
  if (path.length > MAX_PATH) throw new GeoduckError('LIMIT_EXCEEDED', `\`path\` has at most ${MAX_PATH} names.`)
  if (path.some((key) => key.length > LONGEST_NAME))
    throw new GeoduckError('LIMIT_EXCEEDED', `A name in \`path\` has at most ${LONGEST_NAME} characters.`)
  const { type, native, readAs } = column
  const name = show(column.name)
  let member: NamedMember = { column: column.name, ...(readAs && { readAs }), name, type, native, steps: [] }
  for (const [n, key] of path.entries()) {
    if (isJson(member.type)) return inJson(member, path.slice(n))
    member = within(member, key)
  }
  return member
}

function within(member: NamedMember, key: string): NamedMember {
  const { name, type, native } = member
  if (type.kind === 'map' && type.key.kind === 'utf8') {
    return inside(member, { kind: 'key', name: key.toWellFormed() }, show(key), type.value)
  }
  if (type.kind !== 'struct') {
    throw new GeoduckError('BAD_INPUT', `Property ${name} is ${native.slice(0, 60)}, which has no members: leave \`path\` out.`)
  }
  const field = type.fields.find((candidate) => candidate.name === key)
  if (field) return inside(member, { kind: 'field', name: field.name }, show(key), field.type)
  const names = type.fields.map((candidate) => candidate.name)
  const near = nearNames(key, names)
  const has = (near.length > 0 ? near : names.slice(0, 10)).map(show).join(', ')
  throw new GeoduckError(
    'BAD_INPUT',
    `Property ${name} has no member ${show(key)}; ${near.length > 0 ? 'near' : 'it has'}: ${has}.`,
  )
}

/** A path as a JSON pointer (RFC 6901). A number is an index of an array. */
function inJson(member: NamedMember, path: readonly string[]): NamedMember {
  const pointer = path.map((key) => `/${key.toWellFormed().replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
  const step = { kind: 'pointer', pointer, variant: member.type.kind === 'variant' } as const
  return { ...inside(member, step, path.map(show).join('.'), JSON_TYPE), native: 'JSON' }
}

function inside(member: NamedMember, step: Step, called: string, type: FieldType): NamedMember {
  const { name, steps } = member
  return { ...member, name: `${name}.${called}`, type, native: typeName(type), steps: [...steps, step] }
}
