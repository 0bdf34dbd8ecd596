/** The order that a client asks for. The natural order of the source ends every tie. */

import type { FeatureOrder } from '../graphql/generated.ts'
import { GeoduckError } from '../model/errors.ts'
import type { Field } from '../model/layer.ts'
import type { SortKey, View } from '../model/query.ts'
import { show } from '../model/show.ts'
import { propertyOf } from './property-of.ts'
import { valuesOf } from './values/values-of.ts'

export const MAX_SORT_KEYS = 8

/** BAD_INPUT: an unknown property, one without an order, or one that comes twice. Nulls are last in both directions by default. */
export function readOrder(orderBy: readonly FeatureOrder[], view: View): readonly SortKey[] {
  if (orderBy.length > MAX_SORT_KEYS) throw new GeoduckError('LIMIT_EXCEEDED', `\`orderBy\` takes at most ${MAX_SORT_KEYS} keys.`)
  const seen = new Set<Field>()
  return orderBy.map(({ property, direction, nulls }) => {
    const field = propertyOf(view, property)
    if (seen.has(field)) throw new GeoduckError('BAD_INPUT', `\`orderBy\` names property ${show(field.name)} twice.`)
    seen.add(field)
    if (!valuesOf(field.type))
      throw new GeoduckError('BAD_INPUT', `\`orderBy\`: property ${show(field.name)} is ${field.native}, which has no order.`)
    return { field, descending: direction === 'DESC', nullsFirst: nulls === 'FIRST' }
  })
}
