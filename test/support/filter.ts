import type { Layer } from '../../src/catalog/layer.ts'
import type { FilterLimits } from '../../src/plan/filter-limits.ts'
import type { Filter } from '../../src/plan/predicate.ts'
import type { FeatureFilter, FeatureQuery } from '../../src/plan/query.ts'
import { FilterBudget } from '../../src/plan/read/budget.ts'
import { readFilter } from '../../src/plan/read/read-filter.ts'

/** A question whose filter is written as a client writes it. */
export type Asked = Omit<Partial<FeatureQuery>, 'where' | 'layer'> & {
  readonly where?: FeatureFilter | null | undefined
  readonly limits?: FilterLimits
}

/** The filter as an operation of its own would have it read. */
export function filterOf(layer: Layer, where: FeatureFilter | null | undefined, limits?: FilterLimits): Filter | null {
  return where ? readFilter(where, layer, new FilterBudget(limits)) : null
}
