/**
 * `geoduck-client/graphcache`: the configuration of urql's Graphcache. Nothing is imported from urql when the program runs.
 */
import type { Cache, KeyingConfig, PossibleTypesConfig, Resolver, ResolverConfig } from '@urql/exchange-graphcache'
import { JOINS, type JoinedField, type PageInfo } from './join.ts'
import { connectionTypes, featureTypes, PAGING } from './layer-types.ts'

export interface CacheConfig {
  readonly keys: KeyingConfig
  readonly possibleTypes: PossibleTypesConfig
  readonly resolvers: ResolverConfig
}

/**
 * Returns the configuration of a cache: `cacheExchange(cacheConfig(['countries', 'observations']))`.
 *
 * @param layers the layers that the program uses, by `Layer.graphqlName`
 */
export function cacheConfig(layers: readonly string[] = []): CacheConfig {
  return { keys, possibleTypes: possibleTypes(layers), resolvers: resolvers(layers) }
}

/** Returns the types that fragments on `Feature` and `Node` match. */
export function possibleTypes(layers: readonly string[]): PossibleTypesConfig {
  return { Node: featureTypes(layers), Feature: featureTypes(layers) }
}

/**
 * The key of an object of any type. Null for an object without an identity, which belongs to the field that returned it. A proxy,
 * because nothing lists the types of struct columns: Graphcache warns about each type for which it finds no key.
 */
export const keys: KeyingConfig = new Proxy<KeyingConfig>(
  {},
  {
    get: (_, type) => (object: Readonly<Record<string, unknown>>) => {
      const key = type === 'Layer' ? object['name'] : object['id']
      return (key as string | undefined) ?? null
    },
  },
)

/** Returns resolvers that join the pages of every list. */
export function resolvers(layers: readonly string[]): ResolverConfig {
  return Object.fromEntries(connectionTypes(layers).map((type) => [type, relayPagination()]))
}

/**
 * Returns the resolvers of a connection: the pages before and after the one of the query are joined to it, by their cursors. A page
 * joins if its field has the same arguments, except for `first`, `after` and `deadline`, and if it has everything that the page of the
 * query has. So data is never missing from a joined list, and data of two versions of a layer is never mixed.
 */
export function relayPagination(): Readonly<Record<JoinedField, Resolver>> {
  const join: Resolver = (_, args, cache, { parentKey, fieldName }) => {
    // A field without arguments is stored under its name alone.
    const given = Object.keys(args).length > 0 ? args : undefined
    const values = chain(cache, parentKey).map((page) => cache.resolve(page, fieldName, given))
    if (values.includes(undefined)) return undefined
    return (JOINS[fieldName as JoinedField] as (values: readonly unknown[]) => ReturnType<Resolver>)(values)
  }
  const pageInfo: Resolver = (_, _args, cache, { parentKey }) => {
    const infos = chain(cache, parentKey).map((page) => pageInfoOf(cache, page))
    return JOINS.pageInfo(infos) as ReturnType<Resolver>
  }
  return { count: join, edges: join, features: join, geojson: join, pageInfo, rows: join }
}

const QUERY = 'Query'

/** Returns the keys of the pages of the list to which a page belongs, in their order. */
function chain(cache: Cache, own: string): readonly string[] {
  const fields = cache.inspectFields(QUERY).map((field) => ({ ...field, key: `${QUERY}.${field.fieldKey}` }))
  const field = fields.find(({ key }) => key === own)
  if (!field) return [own]
  const list = listOf(field.arguments)
  const [byStart, byEnd] = [new Map<unknown, string>(), new Map<unknown, string>()]
  for (const other of fields) {
    if (other === field || other.fieldName !== field.fieldName || listOf(other.arguments) !== list) continue
    byStart.set(other.arguments?.['after'] ?? null, other.key)
    byEnd.set(endOf(cache, other.key), other.key)
  }
  const shape = shapeOf(cache, [own])
  const follow = (first: unknown, pages: ReadonlyMap<unknown, string>, cursorOf: (page: string) => unknown) => {
    const found = new Set<string>()
    for (let cursor = first; cursor != null; ) {
      const page = pages.get(cursor)
      if (page === undefined || found.has(page) || !hasShape(cache, page, shape)) break
      found.add(page)
      cursor = cursorOf(page)
    }
    return [...found]
  }
  const starts = new Map(fields.map(({ key, arguments: args }) => [key, args?.['after']]))
  const before = follow(starts.get(own), byEnd, (page) => starts.get(page))
  const after = follow(endOf(cache, own), byStart, (page) => endOf(cache, page))
  return [...before.reverse(), own, ...after]
}

/** Identifies a list: its arguments without those of its pages. */
function listOf(args: Readonly<Record<string, unknown>> | null): string {
  const given = Object.entries(args ?? {}).filter(([name, value]) => !PAGING.has(name) && value != null)
  return JSON.stringify(given.toSorted(([one], [other]) => (one < other ? -1 : 1)))
}

function pageInfoOf(cache: Cache, page: string): PageInfo {
  const info = cache.resolve(page, 'pageInfo') as string | undefined
  const names = ['__typename', 'hasNextPage', 'endCursor', 'hasPreviousPage', 'startCursor'] as const
  return info === undefined ? {} : Object.fromEntries(names.map((name) => [name, cache.resolve(info, name)]))
}

function endOf(cache: Cache, page: string): unknown {
  const edge = (cache.resolve(page, 'edges') as readonly string[] | undefined)?.at(-1)
  return pageInfoOf(cache, page).endCursor ?? (edge === undefined ? null : cache.resolve(edge, 'cursor'))
}

/** The stored fields of an object, with their arguments, and those of the objects in them. */
type Shape = ReadonlyMap<string, Shape>

/** Returns the fields that the objects have in common. Of a list, the first and the last one are enough, since a query writes all of them. */
function shapeOf(cache: Cache, objects: readonly string[]): Shape {
  const some = objects.length > 2 ? [objects[0]!, objects.at(-1)!] : objects
  const [names = [], ...others] = some.map((object) => cache.inspectFields(object).map(({ fieldKey }) => fieldKey))
  const common = names.filter((name) => others.every((other) => other.includes(name)))
  return new Map(
    common.map((name) => [
      name,
      shapeOf(
        cache,
        some.flatMap((object) => linksOf(cache, object, name)),
      ),
    ]),
  )
}

function hasShape(cache: Cache, object: string, shape: Shape): boolean {
  return [...shape].every(
    ([name, inner]) =>
      cache.resolve(object, name) !== undefined &&
      (inner.size === 0 || linksOf(cache, object, name).every((link) => hasShape(cache, link, inner))),
  )
}

/** Returns the keys of the objects in a field. */
function linksOf(cache: Cache, object: string, field: string): readonly string[] {
  const values = [cache.resolve(object, field)].flat() as readonly unknown[]
  return values.filter((value): value is string => typeof value === 'string' && cache.resolve(value, '__typename') !== undefined)
}
