/** Narrows by comparisons of a property with values. */
import { isJson } from '../../../model/field-type.ts'
import type { Member, Predicate, Test } from '../../../model/predicate.ts'
import { comparandOf } from './comparand.ts'
import { all, any, type Condition, columnOf, condition, joined, type Narrowed, NEVER, not, type Rest } from './condition.ts'

/** Values of a list. A longer one narrows nothing: a statement of Spark grows with it, and each executor gets it. */
const MOST_VALUES = 1_000

type PropertyPredicate = Extract<Predicate, { readonly kind: 'property' }>

export function narrowProperty({ member, tests, collate }: PropertyPredicate, wanted: boolean, rest: Rest): Narrowed {
  const subject = collate ? null : subjectOf(member)
  const narrowed = tests.map((test) => {
    const made = subject ? narrowTest(test, wanted, subject, member) : null
    if (made === null) rest.miss(`${OPERATORS[test.kind]} of ${member.column}`)
    return made
  })
  return wanted ? all(narrowed) : any(narrowed)
}

/** Texts for people. */
const OPERATORS = {
  compare: 'a comparison',
  among: '`in`',
  present: 'a value',
  like: '`like`',
  regex: 'a pattern',
  startsWith: '`startsWith`',
  has: '`has`',
  isNull: '`isNull`',
} as const satisfies Readonly<Record<Test['kind'], string>>

/** Null for members of maps and JSON, and for types that are read by a cast. */
export function subjectOf({ column, readAs, steps }: Member): Condition | null {
  const names = steps.flatMap((step) => (step.kind === 'field' ? step.name : []))
  return readAs || names.length < steps.length ? null : columnOf(column, names)
}

function narrowTest(test: Test, wanted: boolean, subject: Condition, { type }: Member): Narrowed {
  switch (test.kind) {
    case 'compare': {
      const value = test.as ? null : comparandOf(type, test.text)
      const sql = `${subject.sql} ${test.sign} ${value?.sql}`
      return value && sided({ sql, values: value.values }, wanted)
    }
    case 'among':
      return test.as ? null : among(subject, valuesOf(type, test.texts), wanted)
    case 'present':
      return test.holds === wanted ? condition`${subject} IS NOT NULL` : NEVER
    case 'startsWith':
      return type.kind === 'utf8' ? sided(condition`startswith(${subject}, ${{ string: test.text }})`, wanted) : null
    case 'like':
      // A `_` and an escape have other rules in Spark.
      return type.kind === 'utf8' && !/[\\_]/.test(test.pattern)
        ? sided(condition`${subject} LIKE ${{ string: test.pattern }}`, wanted)
        : null
    case 'isNull':
      if (isJson(type)) return null
      return test.is === wanted ? condition`${subject} IS NULL` : condition`${subject} IS NOT NULL`
    case 'has':
      return wanted && !test.as && type.kind === 'list' ? has(test, subject, (texts) => valuesOf(type.child, texts)) : null
    case 'regex':
      return null
  }
}

/** Both engines answer with the same of three values. */
function sided(exact: Condition, wanted: boolean): Condition {
  return wanted ? exact : not(exact)
}

/** Null if one of the values has no proven counterpart, or if there are too many. */
function valuesOf(type: Member['type'], texts: readonly string[]): readonly Condition[] | null {
  if (texts.length > MOST_VALUES) return null
  const values = texts.map((text) => comparandOf(type, text))
  return values.every((value) => value !== null) ? values : null
}

function among(subject: Condition, values: readonly Condition[] | null, wanted: boolean): Narrowed {
  if (values === null) return null
  if (values.length === 0) return wanted ? NEVER : condition`${subject} IS NOT NULL`
  return sided(condition`${subject} IN ${group(values)}`, wanted)
}

function group(values: readonly Condition[]): Condition {
  return condition`(${joined(values, ', ')})`
}

function has(
  { all: every, texts, impossible }: Extract<Test, { readonly kind: 'has' }>,
  subject: Condition,
  read: (texts: readonly string[]) => readonly Condition[] | null,
): Narrowed {
  if (every ? impossible : texts.length === 0) return NEVER
  const values = read(texts)
  if (values === null) return null
  if (values.length === 0) return condition`${subject} IS NOT NULL`
  const exists = (some: readonly Condition[]) => condition`exists(${subject}, e -> e IN ${group(some)})`
  return every ? all(values.map((value) => exists([value]))) : exists(values)
}
