/** Filters of properties that are lists, by what is in them. */
import type { PropertyFilter } from '../../graphql/generated.ts'
import { GeoduckError } from '../../model/errors.ts'
import { isJson } from '../../model/field-type.ts'
import type { JsonKind, Test } from '../../model/predicate.ts'
import { show } from '../../model/show.ts'
import type { ValueKind } from '../values/value-kind.ts'
import { jsonKindOf, jsonValuesOf, valuesOf } from '../values/values-of.ts'
import type { NamedMember } from './member.ts'
import { placeOf } from './read-property.ts'

export function readListMembers(filter: PropertyFilter, member: NamedMember): Test[] {
  const tests: Test[] = []
  const ask = (operator: 'has' | 'hasAny' | 'hasAll', values: readonly unknown[], all: boolean) => {
    const { kind, as } = isJson(member.type) ? inJson(member, values, operator) : inList(member, operator)
    const places = values.map((value) => placeOf(member, kind, operator, value))
    const texts = new Set(places.flatMap((at) => (typeof at === 'object' && at?.exact ? [at.at] : [])))
    const impossible = !places.every((at) => typeof at === 'object' && at?.exact)
    tests.push({ kind: 'has', as, all, texts: [...texts], impossible })
  }
  if (filter.has !== undefined) ask('has', [filter.has], true)
  if (filter.hasAny) ask('hasAny', filter.hasAny, false)
  if (filter.hasAll) ask('hasAll', filter.hasAll, true)
  return tests
}

interface Elements {
  readonly kind: ValueKind
  readonly as: JsonKind | null
}

function inList({ name, type, native }: NamedMember, operator: string): Elements {
  const kind = type.kind === 'list' ? valuesOf(type.child) : null
  if (kind) return { kind, as: null }
  const is =
    type.kind === 'list' ? `${native.slice(0, 60)}, whose elements cannot be compared` : `${native.slice(0, 60)}, no list`
  throw new GeoduckError('BAD_INPUT', `\`${operator}\` asks what is in a list: property ${name} is ${is}.`)
}

/** Of the client's type: the others of an array are null to it. */
function inJson({ name }: NamedMember, [first = '']: readonly unknown[], operator: string): Elements {
  const as = jsonKindOf(first)
  if (as) return { kind: jsonValuesOf(as), as }
  throw new GeoduckError(
    'BAD_INPUT',
    `\`${operator}\` of property ${name}, which is JSON, takes strings, numbers or booleans, not ${show(first)}.`,
  )
}
