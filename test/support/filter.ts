import type { FilterLimits } from '../../src/ask/filter-limits.ts'
import { FilterBudget } from '../../src/ask/read/budget.ts'
import { readFilter } from '../../src/ask/read/read-filter.ts'
import type { Layer } from '../../src/model/layer.ts'
import type { Filter } from '../../src/model/predicate.ts'
import type { FeatureFilter, FeatureQuery } from '../../src/model/query.ts'

/** A question whose filter is written as a client writes it. */
export type Asked = Omit<Partial<FeatureQuery>, 'where' | 'layer'> & {
  readonly where?: FeatureFilter | null | undefined
  readonly limits?: FilterLimits
}

/** The filter as an operation of its own would have it read. */
export function filterOf(layer: Layer, where: FeatureFilter | null | undefined, limits?: FilterLimits): Filter | null {
  return where ? readFilter(where, layer, new FilterBudget(limits)) : null
}
