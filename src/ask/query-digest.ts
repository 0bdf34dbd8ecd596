import { hash } from 'node:crypto'
import type { FeatureQuery } from '../model/query.ts'

type Question = Pick<FeatureQuery, 'layer' | 'where' | 'orderBy'>

/**
 * What tells one question from another: the layer's name, the filter, the order. How the filter was written makes no difference, nor do
 * outputs and limits.
 */
export function questionDigest({ layer, where, orderBy }: Question): Buffer {
  const order = orderBy.map(({ property, direction, nulls }) => [property, direction ?? 'ASC', nulls ?? 'LAST'])
  return hash('sha256', JSON.stringify([layer.name, where?.digest ?? null, order]), 'buffer')
}
