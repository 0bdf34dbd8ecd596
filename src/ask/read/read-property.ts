/** Reads comparisons of a property with values of the client, typed by the column. */
import type { Collation, PropertyFilter } from '../../graphql/generated.ts'
import { GeoduckError } from '../../model/errors.ts'
import { type FieldType, isJson } from '../../model/field-type.ts'
import type { Collate, JsonKind, Predicate, Test } from '../../model/predicate.ts'
import type { View } from '../../model/query.ts'
import { show } from '../../model/show.ts'
import type { Comparand, ValueKind } from '../values/value-kind.ts'
import { jsonKindOf, jsonValuesOf, valuesOf } from '../values/values-of.ts'
import { memberAt, type NamedMember } from './member.ts'
import type { FilterBudget } from './read-filter.ts'

const OPERATORS = { eq: '=', ne: '<>', lt: '<', lte: '<=', gt: '>', gte: '>=' } as const
type Operator = keyof typeof OPERATORS
const OPERATOR_NAMES = Object.keys(OPERATORS) as Operator[]

/** Members of a property's filter that no value of the property is compared with. */
const NO_VALUES: ReadonlySet<string> = new Set(['path', 'collate', 'isNull'])

export function readProperty(filter: PropertyFilter, view: View, budget: FilterBudget): Predicate {
  refuseNullTests(filter, show(filter.name))
  budget.items((filter.in?.length ?? 0) + (filter.hasAny?.length ?? 0) + (filter.hasAll?.length ?? 0))
  return readTests(filter, memberAt(view, filter.name, filter.path ?? []))
}

/** Refuses tests that are null. @throws GeoduckError BAD_INPUT with the names of the test and the property */
export function refuseNullTests(tests: object, property: string): void {
  const test = Object.entries(tests).find(([, value]) => value === null)?.[0]
  if (test === undefined) return
  const isComparison = !NO_VALUES.has(test)
  const advice = isComparison ? 'ask `isNull: true` for features without a value' : 'give it a value'
  throw new GeoduckError('BAD_INPUT', `\`${test}\` of property ${property} is null: ${advice}, or leave \`${test}\` out.`)
}

/** @throws GeoduckError BAD_INPUT: a property that is compared with nothing would select every feature */
export function noComparison(property: string): GeoduckError {
  return new GeoduckError(
    'BAD_INPUT',
    `Property ${property} has no comparison: give one, such as \`eq\` or \`isNull\`, or leave the property out.`,
  )
}

/** Reads the tests of a member. `filter` names no other one. */
export function readTests({ collate: collations, ...filter }: Omit<PropertyFilter, 'name' | 'path'>, of: NamedMember): Predicate {
  const collate = readCollate(collations ?? [])
  const named = collate ? asText(of) : of
  const { name: _, native: __, ...member } = named
  const tests: Test[] = []
  for (const operator of OPERATOR_NAMES) {
    const value = filter[operator]
    if (value !== undefined) tests.push(compare(named, operator, value))
  }
  if (filter.between) tests.push(...between(named, filter.between))
  if (filter.in) tests.push(among(named, filter.in))
  tests.push(...readText(filter, named), ...readListMembers(filter, named))
  if (typeof filter.isNull === 'boolean') tests.push({ kind: 'isNull', is: filter.isNull })
  if (tests.length === 0) throw noComparison(of.name)
  if (!collate) return { kind: 'property', member, tests }
  if (tests.some((test) => 'as' in test && test.as !== null && test.as !== 'string')) throw onlyText(of)
  return { kind: 'property', member, tests, collate }
}

function readCollate(collations: readonly Collation[]): Collate | null {
  if (collations.length === 0) return null
  return { noAccent: collations.includes('NOACCENT'), noCase: collations.includes('NOCASE') }
}

const TEXT: FieldType = { kind: 'utf8' }
const TEXTS: FieldType = { kind: 'list', child: TEXT }

/** Labels are compared as text. @throws GeoduckError BAD_INPUT if the member is no text */
function asText(member: NamedMember): NamedMember {
  const { type } = member
  if (isJson(type)) return member
  if (isText(type)) return { ...member, type: TEXT }
  if (type.kind === 'list' && isText(type.child)) return { ...member, type: TEXTS }
  throw onlyText(member)
}

function isText({ kind }: FieldType): boolean {
  return kind === 'utf8' || kind === 'dictionary'
}

function onlyText({ name, native }: NamedMember): GeoduckError {
  return new GeoduckError(
    'BAD_INPUT',
    `\`collate\` of property ${name} (${native.slice(0, 60)}) is for comparisons of text; leave it out.`,
  )
}

function between(member: NamedMember, ends: readonly unknown[]): Test[] {
  const [low, high] = ends
  if (ends.length !== 2) {
    throw new GeoduckError('BAD_INPUT', `\`between\` of property ${member.name} takes two values, the least and the largest.`)
  }
  return [compare(member, 'gte', low, 'between'), compare(member, 'lte', high, 'between')]
}

function compare(member: NamedMember, operator: Operator, value: unknown, called: string = operator): Test {
  const { kind, as } = comparable(member, value)
  const place = comparandOf(member, kind, called, value)
  if (typeof place === 'object' && place.exact) return { kind: 'compare', sign: OPERATORS[operator], as, text: place.at }
  // The type has no such value: it lies between two values of the type, or after the last one.
  if (operator === 'eq') return { kind: 'present', holds: false }
  if (operator === 'ne') return { kind: 'present', holds: true }
  const below = operator === 'lt' || operator === 'lte'
  if (typeof place === 'string') return { kind: 'present', holds: below === (place === 'ABOVE') }
  return { kind: 'compare', sign: below ? '<=' : '>', as, text: place.at }
}

function among(member: NamedMember, values: unknown): Test {
  if (!Array.isArray(values)) throw new GeoduckError('BAD_INPUT', `\`in\` of property ${member.name} takes a list.`)
  const [first = ''] = values
  const { kind, as } = comparable(member, first)
  const places = values.map((value) => comparandOf(member, kind, 'in', value))
  const texts = new Set(places.flatMap((place) => (typeof place === 'object' && place.exact ? [place.at] : [])))
  return texts.size === 0 ? { kind: 'present', holds: false } : { kind: 'among', as, texts: [...texts] }
}

interface Comparable {
  readonly kind: ValueKind
  readonly as: JsonKind | null
}

function comparable({ name, type, native }: NamedMember, value: unknown): Comparable {
  if (isJson(type)) {
    const as = jsonKindOf(value)
    if (as) return { kind: jsonValuesOf(as), as }
    throw new GeoduckError(
      'BAD_INPUT',
      `Property ${name} is JSON: it is compared with a string, number or boolean, not ${show(value)}.`,
    )
  }
  const kind = valuesOf(type)
  if (kind) return { kind, as: null }
  const list = type.kind === 'list' ? '`has`, `hasAny`, `hasAll` and ' : ''
  throw new GeoduckError('BAD_INPUT', `Property ${name} is ${native.slice(0, 60)}: only ${list}\`isNull\` can be asked of it.`)
}

export function comparandOf({ name, native }: NamedMember, kind: ValueKind, operator: string, value: unknown): Comparand {
  const place = kind.place(value)
  if (place !== null) return place
  const takes = `\`${operator}\` of property ${name} (${native.slice(0, 60)}) takes ${kind.takes}`
  throw new GeoduckError('BAD_INPUT', `${takes}, not ${show(value)}.`)
}

/** Reads tests of text. */
function readText({ like, ilike, startsWith }: Omit<PropertyFilter, 'name'>, member: NamedMember): Test[] {
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
  if (isJson(type) || isText(type)) return
  throw new GeoduckError('BAD_INPUT', `${called(member, operator)} (${native.slice(0, 60)}) is for properties that are text.`)
}

/** Reads tests of list elements. */
function readListMembers(filter: Omit<PropertyFilter, 'name'>, member: NamedMember): Test[] {
  const tests: Test[] = []
  const ask = (operator: 'has' | 'hasAny' | 'hasAll', values: readonly unknown[], all: boolean) => {
    const { kind, as } = isJson(member.type) ? inJson(member, values, operator) : inList(member, operator)
    const places = values.map((value) => comparandOf(member, kind, operator, value))
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

/** Checks the client's type. Array elements of another type are null in the comparison. */
function inJson({ name }: NamedMember, [first = '']: readonly unknown[], operator: string): Elements {
  const as = jsonKindOf(first)
  if (as) return { kind: jsonValuesOf(as), as }
  throw new GeoduckError(
    'BAD_INPUT',
    `\`${operator}\` of property ${name}, which is JSON, takes strings, numbers or booleans, not ${show(first)}.`,
  )
}

/** SQL patterns: `%` is any text, `_` is one character, and a backslash makes the next character literal. */
const MAX_PATTERN = 1_000
const SPECIAL = /[\\^$.|?*+()[\]{}]/g

/** Compiles a pattern of the whole text. `what` is its name in messages. @throws GeoduckError BAD_INPUT, LIMIT_EXCEEDED */
function readPattern(pattern: string, ignoreCase: boolean, what: string): Test {
  if (pattern.length > MAX_PATTERN) {
    throw new GeoduckError('LIMIT_EXCEEDED', `${what} takes a pattern of at most ${MAX_PATTERN} characters.`)
  }
  const whole = pattern.toWellFormed()
  if (/(?<!\\)(?:\\\\)*\\$/.test(whole)) {
    throw new GeoduckError('BAD_INPUT', `${what}: the pattern ends in a backslash, which would escape what follows; write two.`)
  }
  // The engine is fast with these patterns. For others it tries every position for every `%`: seconds per row if there are many.
  if (!ignoreCase && !/[\\_]/.test(whole)) return { kind: 'like', pattern: whole }
  return { kind: 'regex', pattern: `(?s${ignoreCase ? 'i' : ''})${toRegex(whole)}` }
}

/** RE2 takes time in proportion to the length of text and pattern. */
function toRegex(pattern: string): string {
  return pattern.replace(/\\([\s\S])|%+|_|[^\\%_]+/g, (part, escaped: string | undefined) => {
    if (escaped !== undefined) return escaped.replace(SPECIAL, '\\$&')
    return part.startsWith('%') ? '.*' : part === '_' ? '.' : part.replace(SPECIAL, '\\$&')
  })
}
