/** A filter that has been read as one SQL condition. */
import type { Layer } from '../../../model/layer.ts'
import type { Predicate } from '../../../model/predicate.ts'
import type { Query } from '../../../model/query.ts'
import { all, any, type Condition, not, TRUE } from './condition.ts'
import { compileDistance } from './d-within.ts'
import type { Parameters } from './parameters.ts'
import { compileProperty } from './property.ts'
import { compileRelation } from './spatial.ts'

/** What a caller asks for, and what the caller may see. */
export function filtersOf({ view: { layer, rule }, where }: Pick<Query, 'view' | 'where'>, parameters: Parameters): Condition {
  const filters = [where, rule].flatMap((filter) => (filter ? [compileFilter(filter.predicate, layer, parameters)] : []))
  return filters.length === 0 ? TRUE : all(filters)
}

/** It goes down as deep as the tree does, which is as deep as `read/` lets it. */
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
    case 'distance':
      return compileDistance(predicate, layer, parameters)
    case 'property': {
      const exact = compileProperty(predicate, parameters)
      return exact === null ? TRUE : { exact, necessary: null }
    }
  }
}
