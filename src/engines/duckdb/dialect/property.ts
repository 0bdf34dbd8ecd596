/**
 * Compiles comparisons of a property with values to SQL of three values: a comparison with a null property is NULL, as in the
 * engine.
 */
import { isJson } from '../../../model/field-type.ts'
import type { Collate, JsonKind, Member, Predicate, Step, Test } from '../../../model/predicate.ts'
import { type Comparison, collated, collationKey, comparisonOf, isEqual, jsonComparison } from './comparison.ts'
import { columnOf, literal, type Parameters } from './quote.ts'

type PropertyPredicate = Extract<Predicate, { readonly kind: 'property' }>
/** A member with its SQL. */
export type Subject = Pick<Member, 'type'> & { readonly sql: string; readonly collate?: Collate }

export function compileProperty({ member, tests, collate }: PropertyPredicate, parameters: Parameters): string {
  const subject = { type: member.type, sql: memberSql(member, parameters), ...(collate && { collate }) }
  return tests.map((test) => compileTest(test, subject, parameters)).join(' AND ')
}

function compileTest(test: Test, subject: Subject, parameters: Parameters): string {
  switch (test.kind) {
    case 'compare': {
      const comparison = comparisonFor(subject, test.as)
      const [left, right] = [comparison.subject(subject.sql), comparison.cast(parameters.text(test.text))]
      if (test.sign === '=') return isEqual(comparison, left, right)
      // Under a NOT, the engine makes an equality of `<>`.
      if (test.sign === '<>' && comparison.equal) return `NOT (${isEqual(comparison, left, right)})`
      return `${left} ${test.sign} ${right}`
    }
    case 'among': {
      const comparison = comparisonFor(subject, test.as)
      return inList(comparison, comparison.subject(subject.sql), test.texts, parameters)
    }
    case 'present':
      return whereNotNull(subject.sql, test.holds)
    case 'like':
      return `${textOf(subject)} LIKE ${givenText(test.pattern, subject, parameters)}`
    case 'regex':
      return `regexp_full_match(${textOf(subject)}, ${givenText(test.pattern, subject, parameters)})`
    case 'startsWith':
      return `starts_with(${textOf(subject)}, ${givenText(test.text, subject, parameters)})`
    case 'has':
      return compileHas(test, subject, parameters)
    case 'isNull':
      return isNull(subject, test.is)
  }
}

function comparisonFor({ type, collate }: Subject, as: JsonKind | null): Comparison {
  const comparison = as ? jsonComparison(as) : comparisonOf(type)
  if (!comparison) throw new RangeError('a value was read for a type that has none')
  return collate ? collated(comparison, collate) : comparison
}

/** A null inside JSON is null too. */
function isNull({ sql, type }: Subject, wanted: boolean): string {
  const value = isJson(type) ? `nullif(CAST(${sql} AS VARCHAR), 'null')` : sql
  return `${value} IS ${wanted ? 'NULL' : 'NOT NULL'}`
}

/** SQL of a member that is text. */
function textOf({ sql, type, collate }: Subject): string {
  const text = isJson(type) ? jsonComparison('string').subject(sql) : type.kind === 'dictionary' ? `CAST(${sql} AS VARCHAR)` : sql
  return collate ? collationKey(text, collate) : text
}

/** The syntax of a pattern has no letters, so its key is the pattern of a key. */
function givenText(text: string, { collate }: Subject, parameters: Parameters): string {
  const given = parameters.text(text)
  return collate ? collationKey(given, collate) : given
}

export function whereNotNull(sql: string, holds: boolean): string {
  return `CASE WHEN ${sql} IS NOT NULL THEN ${holds} END`
}

/* Tests the elements of properties that are lists. */

/** For a null list, the test is neither true nor false. The same applies to JSON that is not an array. */
function compileHas(
  { as, all, texts, impossible }: Extract<Test, { readonly kind: 'has' }>,
  subject: Subject,
  parameters: Parameters,
): string {
  const { list, comparison } = elementsOf(subject, as)
  if (all && impossible) return whereNotNull(list, false)
  if (texts.length === 0) return whereNotNull(list, all)
  return `${all ? 'list_has_all' : 'list_has_any'}(${list}, ${valueList(comparison, texts, parameters)})`
}

/** SQL of the elements in the form in which they are compared. */
function elementsOf(
  { sql, type, collate }: Subject,
  as: JsonKind | null,
): { readonly list: string; readonly comparison: Comparison } {
  const plain = as ? jsonComparison(as) : type.kind === 'list' ? comparisonOf(type.child) : null
  if (!plain) throw new RangeError('a value was read for elements that have none')
  const comparison = collate ? collated(plain, collate) : plain
  if (!isJson(type)) return { list: each(sql, comparison), comparison }
  const json = type.kind === 'variant' ? `CAST(${sql} AS JSON)` : sql
  const array = `CASE WHEN json_valid(${json}) THEN CASE WHEN json_type(${json}) = 'ARRAY' THEN json_extract(${json}, '$[*]') END END`
  return { list: each(array, comparison), comparison }
}

function each(list: string, comparison: Comparison): string {
  const subject = comparison.subject('v')
  return subject === 'v' ? list : `list_transform(${list}, lambda v: ${subject})`
}

/** Up to this length, a list is searched from start to end. */
const SHORT = 16
const BUCKETS = 256

/**
 * SQL that is true if a subject is one of some values. It must not be `IN (...)`: from a handful of values on, the engine makes a hash join, which
 * loses the order of rows, and 10,000 parameters take 350 ms to prepare. One bound list costs 0.8 ns per item and row. So long lists are cut into
 * 256 buckets by a number that SQL also computes from the subject: 10,000 items in 500,000 rows then take 0.4 s, not 4.5 s. Text is
 * compared with several values byte by byte, with any collation of the column.
 */
function inList(comparison: Comparison, subject: string, texts: readonly string[], parameters: Parameters): string {
  if (texts.length === 1) return isEqual(comparison, subject, comparison.cast(parameters.text(texts[0] as string)))
  const { bucket } = comparison
  if (!bucket || texts.length <= SHORT) return `list_contains(${valueList(comparison, texts, parameters)}, ${subject})`
  const lists = `list_transform(${json(inBuckets(texts, bucket), parameters, 'VARCHAR[][]')}, lambda b: ${list(comparison, 'b')})`
  return `list_contains(${lists}[(${bucket.sql(subject)}) + 1], ${subject})`
}

/** A list of values, from their text forms. */
function valueList(comparison: Comparison, texts: readonly string[], parameters: Parameters): string {
  return list(comparison, json(JSON.stringify(texts), parameters, 'VARCHAR[]'))
}

function list(comparison: Comparison, texts: string): string {
  return `list_transform(${texts}, lambda v: ${comparison.cast('v')})`
}

/**
 * JSON of the texts by their bucket. It is made once per list, in 5 ms for 10,000 items, while a plan is made for every
 * execution.
 */
function inBuckets(texts: readonly string[], bucket: NonNullable<Comparison['bucket']>): string {
  const known = bucketed.get(texts)
  if (known !== undefined) return known
  const buckets: string[][] = Array.from({ length: BUCKETS }, () => [])
  for (const text of texts) buckets[bucket.of(text)]?.push(text)
  const text = JSON.stringify(buckets)
  bucketed.set(texts, text)
  return text
}

const bucketed = new WeakMap<readonly string[], string>()

function json(text: string, parameters: Parameters, type: string): string {
  return `CAST(CAST(${parameters.text(text)} AS JSON) AS ${type})`
}

/** SQL of a column, or of a member inside one. */
export function memberSql({ column: name, readAs, steps }: Member, parameters: Parameters): string {
  return steps.reduce((sql, step) => within(sql, step, parameters), columnOf({ name, ...(readAs && { readAs }) }))
}

function within(sql: string, step: Step, parameters: Parameters): string {
  switch (step.kind) {
    case 'field':
      return `struct_extract(${sql}, ${literal(step.name)})`
    case 'key':
      return `map_extract_value(${sql}, ${parameters.text(step.name)})`
    case 'pointer': {
      const json = step.variant ? `CAST(${sql} AS JSON)` : sql
      return `CASE WHEN json_valid(${json}) THEN json_extract(${json}, ${parameters.text(step.pointer)}) END`
    }
  }
}
