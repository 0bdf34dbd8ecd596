/** Filters of properties that are text, by how it reads. */
import type { PropertyFilter } from '../../graphql/generated.ts'
import { GeoduckError } from '../../model/errors.ts'
import { isJson } from '../../model/field-type.ts'
import type { Test } from '../../model/predicate.ts'
import { show } from '../../model/show.ts'
import type { NamedMember } from './member.ts'
import { readPattern } from './pattern.ts'

export function readText({ like, ilike, startsWith }: PropertyFilter, member: NamedMember): Test[] {
  const tests: Test[] = []
  if (like !== undefined && like !== null) {
    check(member, 'like', like)
    tests.push(readPattern(like, false, called(member, 'like')))
  }
  if (ilike !== undefined && ilike !== null) {
    check(member, 'ilike', ilike)
    tests.push(readPattern(ilike, true, called(member, 'ilike')))
  }
  if (startsWith !== undefined && startsWith !== null) {
    check(member, 'startsWith', startsWith)
    tests.push({ kind: 'startsWith', text: startsWith.toWellFormed() })
  }
  return tests
}

function called({ name }: NamedMember, operator: string): string {
  return `\`${operator}\` of property ${name}`
}

function check(member: NamedMember, operator: string, value: unknown): void {
  const { type, native } = member
  if (typeof value !== 'string')
    throw new GeoduckError('BAD_INPUT', `${called(member, operator)} takes a string, not ${show(value)}.`)
  if (isJson(type) || type.kind === 'utf8' || type.kind === 'dictionary') return
  throw new GeoduckError('BAD_INPUT', `${called(member, operator)} (${native.slice(0, 60)}) is for properties that are text.`)
}
