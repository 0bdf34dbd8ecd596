/** Apollo's cache and Graphcache as geoduck-client configures them, used in the same way. */
import { ApolloClient, gql, HttpLink, InMemoryCache } from '@apollo/client'
import { Client, fetchExchange } from '@urql/core'
import { cacheExchange } from '@urql/exchange-graphcache'
import { cacheConfig as apolloConfig } from '../../../src/client/apollo.ts'
import { cacheConfig as graphcacheConfig } from '../../../src/client/graphcache.ts'

interface Page {
  readonly list: { readonly pageInfo: { readonly endCursor: string } }
}

/** A list that grows. Its query takes `after`. */
interface GrowingList<Data> {
  /** Queries the server for the first page, also if the cache has it. */
  first(): Promise<Data>
  /** Adds the next page, and returns all pages so far. */
  more(): Promise<Data>
  /** From the cache alone. */
  read(): Data
}

export interface ConfiguredClient {
  query(document: string): Promise<unknown>
  /** From the cache alone. `node` finds every feature that the cache has. */
  cached(document: string): unknown
  list<Data extends Page>(document: string): GrowingList<Data>
}

const typeOf = (id: string) => `${id.charAt(0).toUpperCase()}${id.slice(1, id.indexOf(':'))}Feature`

/** @param layers null for the cache with its defaults */
export function configuredApollo(url: string, layers: readonly string[] | null): ConfiguredClient {
  const cache = new InMemoryCache(layers ? apolloConfig(layers) : {})
  const node = (_: unknown, { args, toReference }: { args: Record<string, string> | null; toReference: CallableFunction }) =>
    toReference({ __typename: typeOf(args!['id']!), id: args!['id'] })
  cache.policies.addTypePolicies({ Query: { fields: { node } } })
  const client = new ApolloClient({ link: new HttpLink({ uri: url }), cache })
  return {
    query: async (document) => (await client.query({ query: gql(document), fetchPolicy: 'network-only' })).data,
    cached: (document) => client.readQuery({ query: gql(document) }),
    list: <Data extends Page>(document: string) => {
      const query = gql(document)
      const watched = client.watchQuery<Data>({ query })
      watched.subscribe({})
      const read = () => client.readQuery<Data>({ query })!
      return {
        first: async () => (await watched.refetch()).data as Data,
        more: async () => {
          await watched.fetchMore({ variables: { after: read().list.pageInfo.endCursor } })
          return read()
        },
        read,
      }
    },
  }
}

export function configuredGraphcache(
  url: string,
  layers: readonly string[] | null,
  logger: (...line: unknown[]) => void,
): ConfiguredClient {
  const { resolvers = {}, ...config } = layers ? graphcacheConfig(layers) : {}
  const node = (_: unknown, { id }: { id?: string }) => ({ __typename: typeOf(id!), id: id! })
  const warn = (level: string, ...line: unknown[]) => (level === 'debug' ? undefined : logger(level, ...line))
  const cache = cacheExchange({ ...config, resolvers: { ...resolvers, Query: { node } }, logger: warn })
  const client = new Client({ url, preferGetMethod: false, exchanges: [cache, fetchExchange] })
  const ask = async <Data>(document: string, variables: object, requestPolicy: 'network-only' | 'cache-first') => {
    const { data, error } = await client.query<Data>(document, variables, { requestPolicy }).toPromise()
    if (error) throw error
    return data!
  }
  return {
    query: (document) => ask(document, {}, 'network-only'),
    cached: (document) => client.readQuery(document, {})?.data ?? null,
    list: <Data extends Page>(document: string) => {
      let after: string | undefined
      const read = () => client.readQuery<Data>(document, { after })!.data!
      return {
        first: () => {
          after = undefined
          return ask<Data>(document, {}, 'network-only')
        },
        more: async () => {
          const next = read().list.pageInfo.endCursor
          const data = await ask<Data>(document, { after: next }, 'cache-first')
          after = next
          return data
        },
        read,
      }
    },
  }
}
