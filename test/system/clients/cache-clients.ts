/** The caches of three clients, with all of their defaults, used in the same way. */
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { ApolloClient, gql, HttpLink, InMemoryCache } from '@apollo/client'
import { Client, fetchExchange } from '@urql/core'
import { cacheExchange } from '@urql/exchange-graphcache'
import type { ConcreteRequest } from 'relay-runtime'
import relay from 'relay-runtime'

export interface CacheClient {
  /** Queries the server, and keeps the result. `name`: the name of a query in documents.js. */
  ask<Data>(name: string, variables: object): Promise<Data>
  /** From the cache alone. */
  read<Data>(name: string, variables: object): Data | null
}

/** By name, without what is Relay's own. */
export type Documents = Readonly<Record<string, string>>

export function apolloCache(url: string, documents: Documents): CacheClient {
  const client = new ApolloClient({ link: new HttpLink({ uri: url }), cache: new InMemoryCache() })
  return {
    async ask<Data>(name: string, variables: object) {
      const { data } = await client.query({ query: gql(documents[name]!), variables, fetchPolicy: 'network-only' })
      return data as Data
    },
    read: <Data>(name: string, variables: object) => client.readQuery({ query: gql(documents[name]!), variables }) as Data | null,
  }
}

export function graphcache(url: string, documents: Documents): CacheClient {
  const client = new Client({ url, exchanges: [cacheExchange({}), fetchExchange] })
  return {
    async ask<Data>(name: string, variables: object) {
      const { data, error } = await client.query(documents[name]!, variables, { requestPolicy: 'network-only' }).toPromise()
      if (error) throw error
      return data as Data
    },
    read: <Data>(name: string, variables: object) => (client.readQuery(documents[name]!, variables)?.data ?? null) as Data | null,
  }
}

/** @param artifacts where its compiler has put them */
export async function relayStore(url: string, artifacts: string, names: readonly string[]): Promise<CacheClient> {
  const { createOperationDescriptor, Environment, fetchQuery, Network, RecordSource, Store } = relay
  const compiled = new Map<string, ConcreteRequest>()
  for (const name of names) compiled.set(name, (await import(pathToFileURL(join(artifacts, `${name}.graphql.js`)).href)).default)
  const environment = new Environment({
    store: new Store(new RecordSource()),
    network: Network.create(async ({ text }, variables) => {
      const headers = { 'content-type': 'application/json' }
      const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ query: text, variables }) })
      return await response.json()
    }),
  })
  return {
    async ask<Data>(name: string, variables: object) {
      const options = { networkCacheConfig: { force: true }, fetchPolicy: 'network-only' } as const
      return (await fetchQuery(environment, compiled.get(name)!, { ...variables }, options).toPromise()) as Data
    },
    read<Data>(name: string, variables: object) {
      const operation = createOperationDescriptor(compiled.get(name)!, { ...variables })
      if (environment.check(operation).status === 'missing') return null
      return environment.lookup(operation.fragment).data as Data
    },
  }
}
