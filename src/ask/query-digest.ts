import { hash } from 'node:crypto'
import type { FeatureQuery } from '../model/query.ts'

type Question = Pick<FeatureQuery, 'view' | 'where' | 'orderBy'>

/**
 * What tells one question from another: the layer's name, what the caller sees of it, the filter, the order. How the filter was written makes no difference, nor do
 * outputs and limits.
 */
export function questionDigest({ view, where, orderBy }: Question): Buffer {
  const order = orderBy.map(({ field, descending, nullsFirst }) => [field.name, descending, nullsFirst])
  return hash('sha256', JSON.stringify([view.layer.name, view.digest, where?.digest ?? null, order]), 'buffer')
}
