/**
 * Reads the filter of a client once per operation: it checks the filter against the limits and the layer's columns, and parses and proves its
 * geometry. The compiler, which runs for every execution, never sees the argument .
 */
import { hash } from 'node:crypto'
import { boxGeometry, readBox } from '../../geometry/box.ts'
import { GeometryBudget } from '../../geometry/builder.ts'
import type { FeatureFilter, GeometryInput } from '../../graphql/generated.ts'
import { GeoduckError } from '../../model/errors.ts'
import type { BBox, Layer } from '../../model/layer.ts'
import type { Filter, Geometry, Predicate, SpatialRelation } from '../../model/predicate.ts'
import type { View } from '../../model/query.ts'
import { requireGeometry } from '../view.ts'
import { nullMember } from './null-member.ts'
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

const SPATIAL = ['bbox', ...RELATIONS, 'dWithin'] as const

/**
 * A generator that stops between parts of a millisecond or more, so that the server can do other work. An empty filter and an empty `and` are true
 * for every feature, an empty `or` for none. @throws GeoduckError BAD_INPUT, LIMIT_EXCEEDED with the name of the member
 */
export function* readingFilter(filter: FeatureFilter, view: View, budget: FilterBudget): Generator<undefined, Filter> {
  checkFilter(filter, budget.limits)
  const predicate = yield* readPredicate(filter, view, budget)
  yield
  return deeplyFrozen({ predicate, digest: digestOf(predicate) })
}

/** Reads a filter without stops. */
export function readFilter(filter: FeatureFilter, view: View, budget: FilterBudget): Filter {
  const reading = readingFilter(filter, view, budget)
  for (;;) {
    const { done, value } = reading.next()
    if (done) return value
  }
}

function* readPredicate(filter: FeatureFilter, view: View, budget: FilterBudget): Generator<undefined, Predicate> {
  if (Object.values(filter).includes(null)) throw nullMember(filter)
  const predicates: Predicate[] = []
  for (const member of SPATIAL) if (filter[member]) requireGeometry(view.layer, member)
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

/** Returns the filter for features in the box that match `where`. */
export function inBox(box: BBox, where: Filter | null): Filter {
  const near = spatial('intersects', { ...boxGeometry(box, 'bbox'), crs: null, argument: 'bbox' })
  const predicate: Predicate = where ? { kind: 'and', members: [near, where.predicate] } : near
  return deeplyFrozen({ predicate, digest: digestOf(predicate) })
}

/** @throws GeoduckError BAD_INPUT */
export function readBoxFor(bbox: unknown, layer: Layer): BBox {
  return readBox(bbox, layer.crs?.isLonLat === true, 'bbox')
}

function readBoxOf(bbox: unknown, { layer }: View): Geometry {
  const box = readBoxFor(bbox, layer)
  return { ...boxGeometry(box, 'bbox'), crs: null, argument: 'bbox' }
}

/** Reads and counts the geometry of a variable once, even if it is used in several root fields. */
function readInput(input: GeometryInput, { layer }: View, argument: string, budget: FilterBudget): Geometry {
  const key = `${argument} ${layer.crs?.isLonLat} ${layer.crs?.definition ?? layer.crs?.code}`
  return budget.once(input, key, () => readGeometry(input, layer, argument, budget.geometry))
}

const spatial = (relation: SpatialRelation, geometry: Geometry) => ({ kind: 'spatial', relation, geometry }) as const

/** Freezes a value and everything in it, except bytes, which cannot be frozen. */
export function deeplyFrozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array || Object.isFrozen(value)) return value
  for (const member of Object.values(Object.freeze(value))) deeplyFrozen(member)
  return value
}

/** The digest of the meaning: pieces follow from the rest, and types from the layer. */
function digestOf(predicate: Predicate): string {
  const text = JSON.stringify(predicate, (key, value: unknown) => {
    if (key === 'onEarth' || key === 'type' || key === 'argument') return undefined
    return value instanceof Uint8Array ? hash('sha256', value) : value
  })
  return hash('sha256', text)
}

/**
 * Counts the parts of a filter without recursion. @throws GeoduckError LIMIT_EXCEEDED if it is too deep or has too many parts
 */
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

/** One more than the limit is enough to see that there are too many. */
function take(list: readonly FeatureFilter[] | null | undefined, { filters }: FilterLimits): readonly FeatureFilter[] {
  return list?.slice(0, filters + 1) ?? []
}

function tooLarge(what: string): GeoduckError {
  return new GeoduckError('LIMIT_EXCEEDED', `\`where\` ${what}; ask for less at once.`)
}

/** The limit for all lists together: each item costs time per row. */
export const MAX_LIST_ITEMS = 10_000
/** The limit for all `dWithin` together: each piece is some kilobytes of SQL. */
export const MAX_PIECES_IN_ALL = 128

/** Counts what the filters of one operation contain, over all root fields. */
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

  /**
   * Returns the result of `read`, which runs once per argument and `key`. `key` has everything else that the result depends on.
   */
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

/** The limits of a filter and of aggregates. An operator can set them; these are the defaults. */
export interface FilterLimits {
  /** The depth of filters within filters. */
  readonly depth: number
  /** The number of filters. */
  readonly filters: number
  /** The number of vertices. */
  readonly vertices: number
  /** The number of vertices of features for figures that hold their geometries. */
  readonly aggregateVertices: number
}

export const FILTER_LIMITS: FilterLimits = { depth: 10, filters: 100, vertices: 25_000, aggregateVertices: 500_000 }

interface LimitSettings {
  readonly maxFilterDepth: number
  readonly maxFilters: number
  readonly maxVertices: number
  readonly maxAggregateVertices: number
}

export function filterLimitsOf(settings: LimitSettings): FilterLimits {
  const { maxFilterDepth, maxFilters, maxVertices, maxAggregateVertices } = settings
  return { depth: maxFilterDepth, filters: maxFilters, vertices: maxVertices, aggregateVertices: maxAggregateVertices }
}

/** The range of the setting `depth`. */
export const DEEPEST_FILTER = 50
