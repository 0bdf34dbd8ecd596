/** Compiles a checked filter to one SQL condition. */
import type { BBox, Layer } from '../../../model/layer.ts'
import type { Predicate } from '../../../model/predicate.ts'
import type { Query } from '../../../model/query.ts'
import { compileDistance } from './d-within.ts'
import { compileMeasured } from './distance.ts'
import { compileProperty } from './property.ts'
import type { Parameters } from './quote.ts'
import { compileRelation, compileWindow } from './spatial.ts'

/** The filter of the caller, and the rule of what the caller may see. */
export function filtersOf({ view: { layer, rule }, where }: Pick<Query, 'view' | 'where'>, parameters: Parameters): Condition {
  return all([where, rule].flatMap((filter) => (filter ? [compileFilter(filter.predicate, layer, parameters)] : [])))
}

/** The recursion is as deep as the filter, which `read/` limits. */
export function compileFilter(predicate: Predicate, layer: Layer, parameters: Parameters): Condition {
  switch (predicate.kind) {
    case 'and':
      return all(predicate.members.map((member) => compileFilter(member, layer, parameters)))
    case 'or':
      return any(predicate.members.map((member) => compileFilter(member, layer, parameters)))
    case 'not':
      return not(compileFilter(predicate.member, layer, parameters))
    case 'spatial':
      return compileRelation(predicate.relation, predicate.geometry, layer, parameters)
    case 'window':
      return compileWindow(predicate.geometry, layer, parameters)
    case 'distance':
      return compileDistance(predicate, layer, parameters)
    case 'measured':
      return compileMeasured(predicate.probe, predicate.most, layer, parameters)
    case 'property': {
      return { exact: compileProperty(predicate, parameters), necessary: null }
    }
  }
}

/** SQL of three values, and facts about the rows for which it is true. */
export interface Condition {
  readonly exact: string
  /** Null if no implied condition is known. */
  readonly necessary: ImpliedCondition | null
}

/** A condition that is true whenever another one is, and that is cheaper. */
export interface ImpliedCondition {
  /**
   * Writes it as a predicate. It may stand only beside the whole filter. Under a NOT it would remove matching rows. A condition that is not
   * written must not have bound its values either.
   */
  readonly sql: () => string
  /** True if the condition can be true for anything within the extent. */
  readonly meets: (extent: BBox) => boolean
  /** The box that every matching geometry intersects. Null if there is no single box, or if it is not known in numbers. */
  readonly box: BBox | null
}

export function all(conditions: readonly Condition[]): Condition {
  const necessary = conditions.flatMap((condition) => condition.necessary ?? [])
  if (conditions.length === 1) return conditions[0] as Condition
  return {
    exact: conditions.length === 0 ? 'true' : conditions.map(({ exact }) => `(${exact})`).join(' AND '),
    necessary:
      necessary.length === 0
        ? null
        : {
            sql: () => necessary.map(({ sql }) => `(${sql()})`).join(' AND '),
            meets: (extent) => necessary.every(({ meets }) => meets(extent)),
            box: necessary.find(({ box }) => box !== null)?.box ?? null,
          },
  }
}

function any(conditions: readonly Condition[]): Condition {
  const necessary = conditions.flatMap((condition) => condition.necessary ?? [])
  if (conditions.length === 0) return { exact: 'false', necessary: null }
  if (conditions.length === 1) return conditions[0] as Condition
  return {
    exact: conditions.map(({ exact }) => `(${exact})`).join(' OR '),
    necessary:
      necessary.length < conditions.length
        ? null
        : {
            sql: () => necessary.map(({ sql }) => `(${sql()})`).join(' OR '),
            meets: (extent) => necessary.some(({ meets }) => meets(extent)),
            box: null,
          },
  }
}

function not({ exact }: Condition): Condition {
  return { exact: `NOT (${exact})`, necessary: null }
}
