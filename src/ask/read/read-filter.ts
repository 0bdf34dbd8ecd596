/**
 * The client's filter tree, read once for an operation: checked against limits and the layer's columns, its geometry parsed and proven. What
 * compiles it to SQL, as often as it runs, never sees the argument again.
 */
import { hash } from 'node:crypto'
import { boxGeometry, readBox } from '../../geometry/box.ts'
import { GeometryBudget } from '../../geometry/builder.ts'
import type { FeatureFilter, GeometryInput } from '../../graphql/generated.ts'
import { GeoduckError } from '../../model/errors.ts'
import type { Filter, Geometry, Predicate, SpatialRelation } from '../../model/predicate.ts'
import type { View } from '../../model/query.ts'
import { readDistance } from './read-distance.ts'
import { readGeometry } from './read-geometry.ts'
import { readProperty } from './read-property.ts'

const RELATIONS: readonly SpatialRelation[] = [
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

const spatial = (relation: SpatialRelation, geometry: Geometry) => ({ kind: 'spatial', relation, geometry }) as const

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

/** LIMIT_EXCEEDED for a filter that is too deep or has too much in it to go through. It goes through it without recursion itself. */
function checkFilter(root: FeatureFilter, limits: FilterLimits): void {
  const open: { filter: FeatureFilter; depth: number }[] = [{ filter: root, depth: 1 }]
  let nodes = 0
  for (let next = open.pop(); next; next = open.pop()) {
    const { filter, depth } = next
    if (depth > limits.depth) throw tooLarge(`is deeper than ${limits.depth} (--max-filter-depth)`)
    if (++nodes > limits.filters) throw tooLarge(`has more than ${limits.filters} filters in it (--max-filters)`)
    const members = [...take(filter.and, limits), ...take(filter.or, limits), ...(filter.not ? [filter.not] : [])]
    for (const member of members) open.push({ filter: member, depth: depth + 1 })
  }
}

/** One more than may be is enough to see that there are too many. */
function take(list: readonly FeatureFilter[] | null | undefined, { filters }: FilterLimits): readonly FeatureFilter[] {
  return list?.slice(0, filters + 1) ?? []
}

function tooLarge(what: string): GeoduckError {
  return new GeoduckError('LIMIT_EXCEEDED', `\`where\` ${what}; ask for less at once.`)
}

/** In all lists together: each item costs time a row. */
export const MAX_LIST_ITEMS = 10_000
/** Of all `dWithin` together: each is some kilobytes of SQL. */
export const MAX_PIECES_IN_ALL = 128

/** What the filters of one operation may hold together, in however many root fields they stand. */
export class FilterBudget {
  readonly limits: FilterLimits
  readonly geometry: GeometryBudget
  readonly #read = new WeakMap<object, Map<string, unknown>>()
  #items = 0
  #pieces = 0

  constructor(limits: FilterLimits = FILTER_LIMITS) {
    this.limits = limits
    this.geometry = new GeometryBudget(limits.vertices)
  }

  /** What `read` makes of the argument, made once however often it is asked for. `key`: all else that it depends on. */
  once<Value>(argument: object, key: string, read: () => Value): Value {
    const known = this.#read.get(argument) ?? new Map<string, unknown>()
    this.#read.set(argument, known)
    if (!known.has(key)) known.set(key, read())
    return known.get(key) as Value
  }

  items(count: number): void {
    this.#items += count
    if (this.#items <= MAX_LIST_ITEMS) return
    throw overBudget(`compare with ${this.#items} items in lists, more than ${MAX_LIST_ITEMS} items`)
  }

  pieces(count: number): void {
    this.#pieces += count
    if (this.#pieces <= MAX_PIECES_IN_ALL) return
    throw overBudget(`measure distances from ${this.#pieces} parts of 200 km, more than ${MAX_PIECES_IN_ALL}`)
  }
}

function overBudget(what: string): GeoduckError {
  return new GeoduckError('LIMIT_EXCEEDED', `\`where\`: the filters of an operation ${what}; ask for less at once.`)
}

/** How large a filter may be. An operator sets it; what is not set is this. */
export interface FilterLimits {
  /** Filters within filters. */
  readonly depth: number
  /** In all. */
  readonly filters: number
  /** Of one geometry. */
  readonly vertices: number
}

export const FILTER_LIMITS: FilterLimits = { depth: 10, filters: 100, vertices: 25_000 }

interface LimitSettings {
  readonly maxFilterDepth: number
  readonly maxFilters: number
  readonly maxVertices: number
}

export function filterLimitsOf({ maxFilterDepth, maxFilters, maxVertices }: LimitSettings): FilterLimits {
  return { depth: maxFilterDepth, filters: maxFilters, vertices: maxVertices }
}

/** What `depth` may be set to. */
export const DEEPEST_FILTER = 50
