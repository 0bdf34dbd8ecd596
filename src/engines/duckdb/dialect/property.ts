/** Comparisons of a property with values, as SQL of three values: a comparison with a null property is NULL, as it is to the engine. */

import type { JsonKind, Member, Predicate, Test } from '../../../model/predicate.ts'
import { isJson, JSON_TEXT, jsonScalar } from '../../../model/scalar/json.ts'
import type { Scalar } from '../../../model/scalar/scalar.ts'
import { scalarOf } from '../../../model/scalar/scalar-of.ts'
import { inList } from './in-list.ts'
import { compileHas } from './list-members.ts'
import { memberSql } from './member.ts'
import type { Parameters } from './parameters.ts'

type PropertyPredicate = Extract<Predicate, { readonly kind: 'property' }>
/** A member with its SQL. */
export type Subject = Pick<Member, 'duckType'> & { readonly sql: string }

/** Null: there is no test, it always holds. */
export function compileProperty({ member, tests }: PropertyPredicate, parameters: Parameters): string | null {
  const subject = { duckType: member.duckType, sql: memberSql(member, parameters) }
  return tests.length === 0 ? null : tests.map((test) => compileTest(test, subject, parameters)).join(' AND ')
}

function compileTest(test: Test, subject: Subject, parameters: Parameters): string {
  switch (test.kind) {
    case 'compare': {
      const scalar = scalarFor(subject, test.as)
      return `${scalar.subject(subject.sql)} ${test.sign} ${scalar.cast(parameters.text(test.text))}`
    }
    case 'among': {
      const scalar = scalarFor(subject, test.as)
      return inList(scalar, scalar.subject(subject.sql), test.texts, parameters)
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

function scalarFor({ duckType }: Subject, as: JsonKind | null): Scalar {
  const scalar = as ? jsonScalar(as) : scalarOf(duckType)
  if (!scalar) throw new RangeError('a value was read for a type that has none')
  return scalar
}

/** A null inside JSON is null, too. */
function isNull({ sql, duckType }: Subject, wanted: boolean): string {
  const value = isJson(duckType) ? `nullif(CAST(${sql} AS VARCHAR), 'null')` : sql
  return `${value} IS ${wanted ? 'NULL' : 'NOT NULL'}`
}

/** SQL of the text that a member is. */
function textOf({ sql, duckType }: Subject): string {
  if (isJson(duckType)) return JSON_TEXT.subject(sql)
  return duckType.id === 'ENUM' ? `CAST(${sql} AS VARCHAR)` : sql
}

export function whereNotNull(sql: string, holds: boolean): string {
  return `CASE WHEN ${sql} IS NOT NULL THEN ${holds} END`
}
