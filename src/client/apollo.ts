/**
 * `geoduck-client/apollo`: policies for Apollo Client's `InMemoryCache`. Nothing is imported from Apollo when the program runs.
 */
import type { FieldPolicy, StoreObject, TypePolicies } from '@apollo/client'
import { print } from 'graphql'
import { JOINS, type JoinedField, type PageInfo } from './join.ts'
import { featureTypes, listFields, PAGING, STRUCT_TYPE } from './layer-types.ts'

export interface CacheConfig {
  readonly typePolicies: TypePolicies
  readonly possibleTypes: Record<string, string[]>
}

/**
 * Returns the configuration of a cache: `new InMemoryCache(cacheConfig(['countries', 'observations']))`.
 *
 * @param layers the layers that the program uses, by `Layer.graphqlName`
 */
export function cacheConfig(layers: readonly string[] = []): CacheConfig {
  return { typePolicies: typePolicies(layers), possibleTypes: possibleTypes(layers) }
}

const STRUCT = 'StructOfAColumn'

/** Returns the types that fragments on `Feature` and `Node` match. Types of struct columns get one policy by the form of their names. */
export function possibleTypes(layers: readonly string[]): Record<string, string[]> {
  return { Node: featureTypes(layers), Feature: featureTypes(layers), [STRUCT]: [STRUCT_TYPE] }
}

/** Types without an id, of which each field keeps one object: several queries may select different parts of it. */
const PARTS = [
  'Health',
  'StreamCounts',
  'Fallbacks',
  'MemoryShare',
  'LayerKey',
  'Crs',
  'LayerCheck',
  'Preparation',
  'Tiles',
] as const

/** Returns the policies of types: identity, parts without an id, and lists that grow by `fetchMore`. */
export function typePolicies(layers: readonly string[]): TypePolicies {
  const features = featureTypes(layers).map((type) => [type, { keyFields: keyBy('id') }])
  const parts = PARTS.map((type) => [type, { merge: true }])
  const lists = listFields(layers).map((field) => [field, relayStylePagination()])
  return {
    // A list of layers or columns replaces the one before.
    Query: { fields: { layers: { merge: false }, ...Object.fromEntries(lists) } },
    Layer: { keyFields: keyBy('name'), merge: true, fields: { columns: { merge: false } } },
    // A feature without an id in the selection may be another one than before, with the same key.
    Feature: { merge: false },
    ...Object.fromEntries([...features, ...parts]),
    [STRUCT]: { merge: true },
  }
}

/** The object has no identity if the field is not selected. */
function keyBy(field: string): (object: Readonly<StoreObject>) => string | undefined {
  return (object) => (object[field] == null ? undefined : `${object.__typename}:${object[field]}`)
}

/** Pages by the cursor that they begin after. */
type Pages = Readonly<Record<string, Page>>
/** A connection as the cache stores it. The name of a field may contain its arguments: `geojson({"precision":3})`. */
type Page = Readonly<Record<string, unknown>> & {
  readonly pageInfo?: PageInfo
  readonly edges?: readonly { readonly cursor?: string }[]
}

/**
 * Returns the policy of a field that returns a connection. `fetchMore({ variables: { after } })` adds a page: to `edges`, `features`,
 * `rows` and `geojson`. A query without `after` reads all pages from the start of the list, and one with `after` those from there.
 *
 * Pages are joined by their cursors, which belong to one version of the data. So a page that arrives late, or after the data has
 * changed, is never joined with others. Lists differ by all arguments except `first`, `after` and `deadline`, and by their selection:
 * a query never removes what another one has read.
 */
export function relayStylePagination(): FieldPolicy<Pages, Page, Page> {
  return {
    keyArgs: listKey,
    read: (pages = {}, { args }) => joined([...follow(pages, startOf(args))].map((cursor) => pages[cursor]!)),
    merge: (pages = {}, incoming, { args }) => {
      const start = startOf(args)
      const stale = pages[start] && endOf(pages[start]) !== endOf(incoming) ? [...follow(pages, start)] : []
      const kept = Object.entries(pages).filter(([cursor]) => !stale.includes(cursor))
      return { ...Object.fromEntries(kept), [start]: incoming }
    },
  }
}

type ListKey = Exclude<FieldPolicy['keyArgs'], readonly unknown[] | false | undefined>

function listKey(args: Parameters<ListKey>[0], { fieldName, field, variables }: Parameters<ListKey>[1]): string {
  const given = Object.entries(args ?? {}).filter(([name, value]) => !PAGING.has(name) && value != null)
  // Apollo adds `__typename` when it writes, and not when it reads.
  const selection = field?.selectionSet ? print(field.selectionSet).replaceAll(/\s+(?:__typename\b)?/g, ' ') : ''
  const used = [...selection.matchAll(/\$(\w+)/g)].map(([, name]) => variables?.[name!])
  return `${fieldName}:${JSON.stringify([Object.fromEntries(given), selection, used], inOrder)}`
}

/** Equal filters are one, in any order of their members. */
function inOrder(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).toSorted(([one], [other]) => (one < other ? -1 : 1)))
}

/** The cursor of the page that begins at the start. No cursor of the server is empty. */
const START = ''

function startOf(args: Readonly<Record<string, unknown>> | null): string {
  return (args?.['after'] as string | null | undefined) ?? START
}

function endOf({ pageInfo, edges }: Page): string | null {
  return pageInfo?.endCursor ?? edges?.at(-1)?.cursor ?? null
}

/** Yields the starts of a page and of the pages that follow it without a gap. */
function* follow(pages: Pages, start: string): Generator<string> {
  const seen = new Set<string>()
  for (let next: string | null = start; next !== null && pages[next] && !seen.has(next); next = endOf(pages[next]!)) {
    seen.add(next)
    yield next
  }
}

/** Returns one connection. `totalCount`, `arrow`, `execution` and `explain` are those of the last page. */
function joined(pages: readonly Page[]): Page | undefined {
  const whole: Record<string, unknown> = { ...pages.at(-1) }
  for (const field of Object.keys(whole)) {
    const join = JOINS[/^\w+/.exec(field)![0] as JoinedField] as ((values: readonly unknown[]) => unknown) | undefined
    if (join) whole[field] = join(pages.map((page) => page[field]))
  }
  return pages.length > 0 ? whole : undefined
}
