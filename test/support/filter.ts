import { readingOrder } from '../../src/ask/feature-request.ts'
import { countOf, countIn as countOfDocument } from '../../src/ask/groups/read-groups.ts'
import { readKey } from '../../src/ask/key.ts'
import { propertyOf } from '../../src/ask/property-of.ts'
import { FilterBudget, type FilterLimits, readFilter } from '../../src/ask/read/read-filter.ts'
import { viewOf } from '../../src/ask/view.ts'
import type { Engine, OperationContext } from '../../src/engines/engine.ts'
import type { FeatureFilter, FeatureOrder } from '../../src/graphql/generated.ts'
import type { Layer } from '../../src/model/layer.ts'
import type { Filter } from '../../src/model/predicate.ts'
import type { FeatureQuery } from '../../src/model/query.ts'

/** A query as a client writes it. */
export type Asked = Omit<Partial<FeatureQuery>, 'where' | 'view' | 'orderBy' | 'properties' | 'key'> & {
  readonly where?: FeatureFilter | null | undefined
  readonly orderBy?: readonly FeatureOrder[]
  /** Null: all of them. */
  readonly properties?: readonly string[] | null
  readonly key?: string
  readonly limits?: FilterLimits
}

/** The filter, read as in a separate operation. */
export function filterOf(layer: Layer, where: FeatureFilter | null | undefined, limits?: FilterLimits): Filter | null {
  return where ? readFilter(where, viewOf(layer), new FilterBudget(limits)) : null
}

/** A query for all features without properties, unless options change that. */
export function queryOf(layer: Layer, { where, limits, orderBy = [], properties = [], key, ...more }: Asked = {}): FeatureQuery {
  const view = viewOf(layer)
  const reading = readingOrder(orderBy, view, new FilterBudget(limits))
  let order = reading.next()
  while (!order.done) order = reading.next()
  const wanted = properties?.map((name) => propertyOf(view, name))
  return {
    kind: 'features',
    view,
    where: filterOf(layer, where, limits),
    orderBy: order.value,
    limit: null,
    after: null,
    outputs: [],
    properties: wanted ? view.fields.filter((field) => wanted.includes(field)) : view.fields,
    ...(key === undefined ? {} : { key: readKey(key, view) }),
    ...more,
  }
}

export async function countIn(engine: Engine, query: FeatureQuery, context: OperationContext): Promise<bigint> {
  const { outputs } = await engine.page(countOf(query), 1, context)
  return countOfDocument(Buffer.concat(outputs[0]!))
}
