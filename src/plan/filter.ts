/** The client's filter tree as one SQL condition. */
import type { Layer } from '../catalog/layer.ts'
import { all, any, type Condition, not, TRUE } from './condition.ts'
import type { Parameters } from './parameters.ts'
import { compileProperty } from './property.ts'
import type { FeatureFilter } from './query.ts'
import { compileBox, compileRelations } from './spatial.ts'
import { compileDistance } from './within/d-within.ts'

/**
 * Call `checkFilter` first: this goes down as deep as the tree does. An empty filter and an empty `and` hold for every feature,
 * an empty `or` for none. BAD_INPUT and LIMIT_EXCEEDED name the member.
 */
export function compileFilter(filter: FeatureFilter, layer: Layer, parameters: Parameters): Condition {
  const conditions: Condition[] = []
  if (filter.and) conditions.push(...filter.and.map((member) => compileFilter(member, layer, parameters)))
  if (filter.or) conditions.push(any(filter.or.map((member) => compileFilter(member, layer, parameters))))
  if (filter.not) conditions.push(not(compileFilter(filter.not, layer, parameters)))
  if (filter.bbox) conditions.push(compileBox(filter.bbox, layer, parameters))
  conditions.push(...compileRelations(filter, layer, parameters))
  if (filter.dWithin) conditions.push(compileDistance(filter.dWithin, layer, parameters))
  if (filter.property) {
    const exact = compileProperty(filter.property, layer, parameters)
    conditions.push(exact === null ? TRUE : { exact, necessary: null })
  }
  return all(conditions)
}
