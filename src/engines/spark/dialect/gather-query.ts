/** Reads off a checked query what must be gathered for it. */
import type { GatheredRelation, Layer } from '../../../model/layer.ts'
import type { Member, Predicate } from '../../../model/predicate.ts'
import type { FeatureKey, Query } from '../../../model/query.ts'
import { type GatherQuery, predicatesOf, topOf } from './gather.ts'

/**
 * All columns are gathered, so that all questions with one filter share a result set: pages, counts, groups and downloads. Parquet is stored by columns, so
 * DuckDB reads only those that a question needs. The order is always that of the key.
 *
 * @param rows the most rows that the query needs. Null: all. Where Spark can select the first ones, it gathers only those.
 */
export function gatherQueryOf(query: Query, relation: GatheredRelation, rows: number | null): GatherQuery {
  const { layer } = query.view
  const { key } = relation
  const ofKey = query.kind === 'features' && query.key ? keyIs(query.key, relation) : []
  const predicates = [...predicatesOf(query), ...ofKey]
  const top = query.kind === 'features' && rows !== null ? topOf(query, key, rows) : null
  return { layer, predicates, columns: columnsOf(layer, predicates, key.name), orderBy: [], key, ...(top && { top }) }
}

/** A rule may compare a column that nobody sees. */
function columnsOf(layer: Layer, predicates: readonly Predicate[], key: string): readonly string[] {
  const { columns, geometryColumn, pruning } = layer
  const covering =
    pruning.kind === 'COVERING_COLUMN' ? (pruning.column === null ? Object.values(pruning.members) : [pruning.column]) : []
  return [
    ...new Set([
      key,
      ...columns.map(({ name }) => name),
      ...(geometryColumn === null ? [] : [geometryColumn]),
      ...covering,
      ...predicates.flatMap(comparedIn),
    ]),
  ]
}

function comparedIn(predicate: Predicate): string[] {
  switch (predicate.kind) {
    case 'and':
    case 'or':
      return predicate.members.flatMap(comparedIn)
    case 'not':
      return comparedIn(predicate.member)
    case 'property':
      return [predicate.member.column]
    default:
      return []
  }
}

/** Empty if Spark may compare the key in another way. */
function keyIs(key: FeatureKey, { key: { name, type } }: GatheredRelation): Predicate[] {
  const member: Member = { column: name, type, steps: [] }
  if (key.kind === 'value')
    return [{ kind: 'property', member, tests: [{ kind: 'compare', sign: '=', as: null, text: key.text }] }]
  // A key is never null.
  return key.kind === 'none' ? [{ kind: 'property', member, tests: [{ kind: 'isNull', is: true }] }] : []
}
