/** Tests of properties that are lists, by what is in them. */

import type { JsonKind, Test } from '../../../model/predicate.ts'
import { isJson, jsonScalar } from '../../../model/scalar/json.ts'
import type { Scalar } from '../../../model/scalar/scalar.ts'
import { scalarOf } from '../../../model/scalar/scalar-of.ts'
import { valueList } from './in-list.ts'
import type { Parameters } from './parameters.ts'
import { type Subject, whereNotNull } from './property.ts'

/** A null list neither has a value nor lacks it, and in JSON what is no array does neither. */
export function compileHas(
  { as, all, texts, impossible }: Extract<Test, { readonly kind: 'has' }>,
  subject: Subject,
  parameters: Parameters,
): string {
  const { list, scalar } = elementsOf(subject, as)
  if (all && impossible) return whereNotNull(list, false)
  if (texts.length === 0) return whereNotNull(list, all)
  return `${all ? 'list_has_all' : 'list_has_any'}(${list}, ${valueList(scalar, texts, parameters)})`
}

/** SQL of the elements as they are compared. */
function elementsOf({ sql, duckType }: Subject, as: JsonKind | null): { readonly list: string; readonly scalar: Scalar } {
  const scalar = as ? jsonScalar(as) : duckType.child && scalarOf(duckType.child)
  if (!scalar) throw new RangeError('a value was read for elements that have none')
  if (!isJson(duckType)) return { list: each(sql, scalar), scalar }
  const json = duckType.id === 'VARIANT' ? `CAST(${sql} AS JSON)` : sql
  const array = `CASE WHEN json_valid(${json}) THEN CASE WHEN json_type(${json}) = 'ARRAY' THEN json_extract(${json}, '$[*]') END END`
  return { list: each(array, scalar), scalar }
}

function each(list: string, scalar: Scalar): string {
  const subject = scalar.subject('v')
  return subject === 'v' ? list : `list_transform(${list}, lambda v: ${subject})`
}
