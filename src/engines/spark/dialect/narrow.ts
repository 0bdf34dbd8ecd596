/**
 * Compiles a checked filter to a condition of Spark SQL that is necessary: it is true for every row that the filter selects, and DuckDB asks the
 * whole filter again of the rows that Spark keeps. So only a member that both engines answer in the same way for every value may narrow. Any other
 * member counts as true, and under a NOT as false, so it never removes a row. If all members are of the first kind, the condition is exact.
 */
import type { BBox, CoveringColumn, Layer } from '../../../model/layer.ts'
import type { Predicate, SpatialRelation } from '../../../model/predicate.ts'
import { widened } from '../../duckdb/dialect/d-within.ts'
import { coveringOf, floatAbove } from '../../duckdb/dialect/pruning.ts'
import { all, any, type Condition, condition, memberOf, type Narrowed, Rest } from './condition.ts'
import { narrowProperty } from './narrow-property.ts'

export interface Narrowing {
  /** Null: the filter removes no row. */
  readonly condition: Narrowed
  /** True if the condition keeps exactly the rows that the filter selects. Otherwise it may keep others too. */
  readonly isExact: boolean
  /** The members of the filter that narrow nothing, such as `disjoint` or `regex of name`. */
  readonly notNarrowed: readonly string[]
}

export function narrow(predicates: readonly Predicate[], layer: Layer): Narrowing {
  const rest = new Rest()
  const narrowed = predicates.map((predicate) => narrowPredicate(predicate, true, layer, rest))
  return { condition: all(narrowed), isExact: rest.isExact, notNarrowed: [...rest.missed] }
}

/**
 * Returns a condition that is true for every row for which the predicate is true or, if `wanted` is false, false. A row for which it is neither is in no
 * result. The recursion is as deep as the filter, which `ask/read/` limits.
 */
function narrowPredicate(predicate: Predicate, wanted: boolean, layer: Layer, rest: Rest): Narrowed {
  switch (predicate.kind) {
    case 'and':
    case 'or': {
      const members = predicate.members.map((member) => narrowPredicate(member, wanted, layer, rest))
      return (predicate.kind === 'and') === wanted ? all(members) : any(members)
    }
    case 'not':
      return narrowPredicate(predicate.member, !wanted, layer, rest)
    case 'property':
      return narrowProperty(predicate, wanted, rest)
    default: {
      const box = wanted ? boxOf(predicate) : null
      const covering = coveringOf(layer)
      if (box && covering) {
        rest.isExact = false
        return meets(covering, box)
      }
      rest.miss(predicate.kind === 'spatial' ? predicate.relation : NAMES[predicate.kind])
      return null
    }
  }
}

const NAMES = { window: 'bbox', distance: 'dWithin', measured: 'distance' } as const

/** True if the boxes intersect whenever the relation holds. */
const NEEDS_BOX = {
  intersects: true,
  within: true,
  contains: true,
  touches: true,
  crosses: true,
  overlaps: true,
  equals: true,
  disjoint: false,
} as const satisfies Readonly<Record<SpatialRelation, boolean>>

type Located = Exclude<Predicate, { readonly kind: 'and' | 'or' | 'not' | 'property' }>

/** The box that every selected geometry intersects, in the CRS of the layer. Null if it is not known in numbers. */
function boxOf(predicate: Located): BBox | null {
  if (predicate.kind === 'measured') return null
  const { bbox, crs } = predicate.geometry
  if (bbox === null) return null
  if (predicate.kind === 'distance') {
    if (predicate.onEarth) return predicate.onEarth.box
    return crs === null ? widened(bbox, predicate.distance) : null
  }
  if (predicate.kind === 'spatial' && !NEEDS_BOX[predicate.relation]) return null
  return crs === null ? bbox : null
}

/** West > east crosses the antimeridian. Writers of floats round to nearest, outwards, or towards zero. */
function meets({ column, members, float32 }: CoveringColumn, [west, south, east, north]: BBox): Condition {
  const atMost = (name: string, limit: number) =>
    condition`${memberOf(column, name)} <= ${float32 ? { float: floatAbove(limit) } : { double: limit }}`
  const atLeast = (name: string, limit: number) =>
    condition`${memberOf(column, name)} >= ${float32 ? { float: -floatAbove(-limit) } : { double: limit }}`
  const [x, y] = [
    [atMost(members.xmin, east), atLeast(members.xmax, west)],
    [atMost(members.ymin, north), atLeast(members.ymax, south)],
  ] as const
  return all([all(y), west <= east ? all(x) : any(x)])!
}
