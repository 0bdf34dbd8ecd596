/** Tests of properties that are lists, by what is in them. */

import { isJson } from '../../../model/field-type.ts'
import type { JsonKind, Test } from '../../../model/predicate.ts'
import { type Comparison, comparisonOf, jsonComparison } from './comparison.ts'
import { valueList } from './in-list.ts'
import type { Parameters } from './parameters.ts'
import { type Subject, whereNotNull } from './property.ts'

/** A null list neither has a value nor lacks it, and in JSON what is no array does neither. */
export function compileHas(
  { as, all, texts, impossible }: Extract<Test, { readonly kind: 'has' }>,
  subject: Subject,
  parameters: Parameters,
): string {
  const { list, comparison } = elementsOf(subject, as)
  if (all && impossible) return whereNotNull(list, false)
  if (texts.length === 0) return whereNotNull(list, all)
  return `${all ? 'list_has_all' : 'list_has_any'}(${list}, ${valueList(comparison, texts, parameters)})`
}

/** SQL of the elements as they are compared. */
function elementsOf({ sql, type }: Subject, as: JsonKind | null): { readonly list: string; readonly comparison: Comparison } {
  const comparison = as ? jsonComparison(as) : type.kind === 'list' ? comparisonOf(type.child) : null
  if (!comparison) throw new RangeError('a value was read for elements that have none')
  if (!isJson(type)) return { list: each(sql, comparison), comparison }
  const json = type.kind === 'variant' ? `CAST(${sql} AS JSON)` : sql
  const array = `CASE WHEN json_valid(${json}) THEN CASE WHEN json_type(${json}) = 'ARRAY' THEN json_extract(${json}, '$[*]') END END`
  return { list: each(array, comparison), comparison }
}

function each(list: string, comparison: Comparison): string {
  const subject = comparison.subject('v')
  return subject === 'v' ? list : `list_transform(${list}, lambda v: ${subject})`
}
