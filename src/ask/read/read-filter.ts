/**
 * The client's filter tree, read once for an operation: checked against limits and the layer's columns, its geometry parsed and proven. What
 * compiles it to SQL, as often as it runs, never sees the argument again.
 */

import { hash } from 'node:crypto'
import { boxGeometry, readBox } from '../../geometry/box.ts'
import type { FeatureFilter, GeometryInput } from '../../graphql/generated.ts'
import type { Filter, Geometry, Predicate, Relation } from '../../model/predicate.ts'
import type { View } from '../../model/query.ts'
import type { FilterBudget } from './budget.ts'
import { checkFilter } from './check-filter.ts'
import { readDistance } from './read-distance.ts'
import { readGeometry } from './read-geometry.ts'
import { readProperty } from './read-property.ts'

const RELATIONS: readonly Relation[] = [
  'intersects',
  'within',
  'contains',
  'touches',
  'crosses',
  'overlaps',
  'equals',
  'disjoint',
]

/**
 * A generator, which stops between parts that take a millisecond or more: a server lets others in there. An empty filter and an empty `and` hold
 * for every feature, an empty `or` for none. BAD_INPUT and LIMIT_EXCEEDED name the member.
 */
export function* readingFilter(filter: FeatureFilter, view: View, budget: FilterBudget): Generator<undefined, Filter> {
  checkFilter(filter, budget.limits)
  const predicate = yield* readPredicate(filter, view, budget)
  yield
  return deeplyFrozen({ predicate, digest: digestOf(predicate) })
}

/** The same in one go. */
export function readFilter(filter: FeatureFilter, view: View, budget: FilterBudget): Filter {
  const reading = readingFilter(filter, view, budget)
  for (;;) {
    const { done, value } = reading.next()
    if (done) return value
  }
}

function* readPredicate(filter: FeatureFilter, view: View, budget: FilterBudget): Generator<undefined, Predicate> {
  const predicates: Predicate[] = []
  if (filter.and) predicates.push(...(yield* readAll(filter.and, view, budget)))
  if (filter.or) predicates.push({ kind: 'or', members: yield* readAll(filter.or, view, budget) })
  if (filter.not) predicates.push({ kind: 'not', member: yield* readPredicate(filter.not, view, budget) })
  if (filter.bbox) predicates.push(spatial('intersects', readBoxOf(filter.bbox, view)))
  for (const relation of RELATIONS) {
    const input = filter[relation]
    if (!input) continue
    predicates.push(spatial(relation, readInput(input, view, relation, budget)))
    yield
  }
  if (filter.dWithin) predicates.push(yield* readDistance(filter.dWithin, view, budget))
  if (filter.property) {
    predicates.push(readProperty(filter.property, view, budget))
    yield
  }
  return predicates.length === 1 ? (predicates[0] as Predicate) : { kind: 'and', members: predicates }
}

function* readAll(
  filters: readonly FeatureFilter[],
  view: View,
  budget: FilterBudget,
): Generator<undefined, readonly Predicate[]> {
  const predicates: Predicate[] = []
  for (const filter of filters) predicates.push(yield* readPredicate(filter, view, budget))
  return predicates
}

function readBoxOf(bbox: unknown, { layer }: View): Geometry {
  const box = readBox(bbox, layer.crs?.isLonLat === true, 'bbox')
  return { ...boxGeometry(box, 'bbox'), crs: null, argument: 'bbox' }
}

/** A variable may stand in several root fields: its geometry is read, and counted, once. */
function readInput(input: GeometryInput, { layer }: View, argument: string, budget: FilterBudget): Geometry {
  const key = `${argument} ${layer.crs?.isLonLat} ${layer.crs?.code}`
  return budget.once(input, key, () => readGeometry(input, layer, argument, budget.geometry))
}

const spatial = (relation: Relation, geometry: Geometry) => ({ kind: 'spatial', relation, geometry }) as const

/** But for bytes, which can't be. */
function deeplyFrozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array || Object.isFrozen(value)) return value
  for (const member of Object.values(Object.freeze(value))) deeplyFrozen(member)
  return value
}

/** Of what it means: pieces are made of the rest, types are the layer's. */
function digestOf(predicate: Predicate): string {
  const text = JSON.stringify(predicate, (key, value: unknown) => {
    if (key === 'onEarth' || key === 'type' || key === 'argument') return undefined
    return value instanceof Uint8Array ? hash('sha256', value) : value
  })
  return hash('sha256', text)
}
