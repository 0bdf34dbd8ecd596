/** Sort keys of the client, and the order they make together with the natural one, which ends every tie. */

import { propertyOf } from '../../../ask/property-of.ts'
import { GeoduckError } from '../../../model/errors.ts'
import type { Field, Layer } from '../../../model/layer.ts'
import type { FeatureOrder } from '../../../model/query.ts'
import { show } from '../../../model/show.ts'
import { type Comparison, comparisonOf } from './comparison.ts'
import { columnOf } from './quote.ts'
import type { Source } from './source.ts'

export const MAX_SORT_KEYS = 8

export interface SortKey {
  readonly comparison: Comparison
  readonly subject: string
  readonly descending: boolean
  readonly nullsFirst: boolean
}

/**
 * BAD_INPUT: an unknown property, one without an order, or one that comes twice. Nulls are last in both directions by default.
 */
export function sortKeys(layer: Layer, orderBy: readonly FeatureOrder[]): SortKey[] {
  if (orderBy.length > MAX_SORT_KEYS) throw new GeoduckError('LIMIT_EXCEEDED', `\`orderBy\` takes at most ${MAX_SORT_KEYS} keys.`)
  const seen = new Set<Field>()
  return orderBy.map(({ property, direction, nulls }) => {
    const column = propertyOf(layer, property)
    if (seen.has(column)) throw new GeoduckError('BAD_INPUT', `\`orderBy\` names property ${show(column.name)} twice.`)
    seen.add(column)
    const comparison = comparisonOf(column.type)
    if (!comparison)
      throw new GeoduckError('BAD_INPUT', `\`orderBy\`: property ${show(column.name)} is ${column.native}, which has no order.`)
    return {
      comparison,
      subject: comparison.subject(columnOf(column)),
      descending: direction === 'DESC',
      nullsFirst: nulls === 'FIRST',
    }
  })
}

/** Empty for the natural order, where the scan gives it. */
export function orderClause(keys: readonly SortKey[], source: Source, ordered: boolean): string {
  if (keys.length === 0 && ordered) return ''
  const sorted = keys.map((key) => `${key.subject} ${key.descending ? 'DESC' : 'ASC'} NULLS ${key.nullsFirst ? 'FIRST' : 'LAST'}`)
  return ` ORDER BY ${[...sorted, ...source.natural.map(({ sql }) => sql)].join(', ')}`
}
