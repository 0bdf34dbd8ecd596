/** Comparisons of a property with values, as SQL of three values: a comparison with a null property is NULL, as it is to the engine. */

import { isJson } from '../../../model/field-type.ts'
import type { JsonKind, Member, Predicate, Test } from '../../../model/predicate.ts'
import { type Comparison, comparisonOf, jsonComparison } from './comparison.ts'
import { inList } from './in-list.ts'
import { compileHas } from './list-members.ts'
import { memberSql } from './member.ts'
import type { Parameters } from './parameters.ts'

type PropertyPredicate = Extract<Predicate, { readonly kind: 'property' }>
/** A member with its SQL. */
export type Subject = Pick<Member, 'type'> & { readonly sql: string }

/** Null: there is no test, it always holds. */
export function compileProperty({ member, tests }: PropertyPredicate, parameters: Parameters): string | null {
  const subject = { type: member.type, sql: memberSql(member, parameters) }
  return tests.length === 0 ? null : tests.map((test) => compileTest(test, subject, parameters)).join(' AND ')
}

function compileTest(test: Test, subject: Subject, parameters: Parameters): string {
  switch (test.kind) {
    case 'compare': {
      const comparison = comparisonFor(subject, test.as)
      return `${comparison.subject(subject.sql)} ${test.sign} ${comparison.cast(parameters.text(test.text))}`
    }
    case 'among': {
      const comparison = comparisonFor(subject, test.as)
      return inList(comparison, comparison.subject(subject.sql), test.texts, parameters)
    }
    case 'present':
      return whereNotNull(subject.sql, test.holds)
    case 'like':
      return `${textOf(subject)} LIKE ${parameters.text(test.pattern)}`
    case 'regex':
      return `regexp_full_match(${textOf(subject)}, ${parameters.text(test.pattern)})`
    case 'startsWith':
      return `starts_with(${textOf(subject)}, ${parameters.text(test.text)})`
    case 'has':
      return compileHas(test, subject, parameters)
    case 'isNull':
      return isNull(subject, test.is)
  }
}

function comparisonFor({ type }: Subject, as: JsonKind | null): Comparison {
  const comparison = as ? jsonComparison(as) : comparisonOf(type)
  if (!comparison) throw new RangeError('a value was read for a type that has none')
  return comparison
}

/** A null inside JSON is null, too. */
function isNull({ sql, type }: Subject, wanted: boolean): string {
  const value = isJson(type) ? `nullif(CAST(${sql} AS VARCHAR), 'null')` : sql
  return `${value} IS ${wanted ? 'NULL' : 'NOT NULL'}`
}

/** SQL of the text that a member is. */
function textOf({ sql, type }: Subject): string {
  if (isJson(type)) return jsonComparison('string').subject(sql)
  return type.kind === 'dictionary' ? `CAST(${sql} AS VARCHAR)` : sql
}

export function whereNotNull(sql: string, holds: boolean): string {
  return `CASE WHEN ${sql} IS NOT NULL THEN ${holds} END`
}
