/** What an engine cannot do is refused here, before anything runs. */
import type { Capabilities } from '../engines/engine.ts'
import { GeoduckError } from '../model/errors.ts'
import type { Predicate } from '../model/predicate.ts'
import type { Query } from '../model/query.ts'

/** UNSUPPORTED names the layer, the engine and what it lacks. */
export function requireCapable(query: Query, { engine, lacks }: Capabilities): void {
  if (lacks.size === 0) return
  const lacking = needsOf(query).find((need) => lacks.has(need))
  if (lacking === undefined) return
  throw new GeoduckError(
    'UNSUPPORTED',
    `Layer ${query.view.layer.name} is served by ${engine}, which has no ${WORDS[lacking]}; ask without it.`,
  )
}

export type Need = Capabilities['lacks'] extends ReadonlySet<infer Name> ? Name : never

const WORDS: Readonly<Record<Need, string>> = {
  aggregate: 'aggregates',
  orderBy: '`orderBy`',
  crs: '`crs` of what comes out',
  simplify: '`simplify`',
  spatial: 'filters by geometry',
  distance: '`dWithin`',
  property: 'filters by property',
}

function needsOf(query: Query): readonly Need[] {
  const filters = [query.where, query.view.rule].flatMap((filter) => (filter ? predicateNeeds(filter.predicate) : []))
  if (query.kind === 'aggregate') return ['aggregate', ...filters]
  const { orderBy, representations = [] } = query
  return [
    ...filters,
    ...(orderBy.length > 0 ? (['orderBy'] as const) : []),
    ...representations.flatMap(({ crs, simplify }) => [
      ...(crs ? (['crs'] as const) : []),
      ...(simplify === null ? [] : (['simplify'] as const)),
    ]),
  ]
}

function predicateNeeds(predicate: Predicate): readonly Need[] {
  switch (predicate.kind) {
    case 'and':
    case 'or':
      return predicate.members.flatMap(predicateNeeds)
    case 'not':
      return predicateNeeds(predicate.member)
    default:
      return [predicate.kind]
  }
}
