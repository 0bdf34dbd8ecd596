/** Apollo Client: queries by fetch, subscriptions by graphql-ws or by fetch too. */
import { hash } from 'node:crypto'
import { ApolloClient, ApolloLink, gql, HttpLink, InMemoryCache } from '@apollo/client'
import { CombinedGraphQLErrors } from '@apollo/client/errors'
import { createPersistedQueryLink } from '@apollo/client/link/persisted-queries'
import { GraphQLWsLink } from '@apollo/client/link/subscriptions'
import { OperationTypeNode } from 'graphql'
import { createClient } from 'graphql-ws'
import { type ContractClient, type Failure, failureOf, NO_RETRIES, type Sink, type SocketOptions } from './contract-client.ts'

export function openApollo(url: string, socketOptions: SocketOptions = NO_RETRIES): ContractClient {
  const socket = createClient({ url: url.replace('http', 'ws'), ...socketOptions })
  const link = ApolloLink.split(
    ({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION,
    new GraphQLWsLink(socket),
    new HttpLink({ uri: url }),
  )
  return contractClient(link, () => socket.dispose())
}

/** With its HttpLink alone, which takes subscriptions as multipart. */
export function openApolloHttp(url: string, options: HttpLink.Options = {}): ContractClient {
  return contractClient(new HttpLink({ uri: url, ...options }))
}

export function openApolloPersisted(url: string, useGETForHashedQueries = false, options: HttpLink.Options = {}): ContractClient {
  const persisted = createPersistedQueryLink({ sha256: (text: string) => hash('sha256', text), useGETForHashedQueries })
  return contractClient(persisted.concat(new HttpLink({ uri: url, ...options })))
}

function contractClient(link: ApolloLink, close: () => void | Promise<void> = () => {}): ContractClient {
  const client = new ApolloClient({ link, cache: new InMemoryCache() })
  return {
    async query<Data>(document: string, variables: object = {}) {
      const { data } = await client
        .query({ query: gql(document), variables, fetchPolicy: 'no-cache' })
        .catch((error: unknown) => {
          throw failure(error)
        })
      return data as Data
    },
    subscribe<Data>(document: string, variables: object, sink: Sink<Data>) {
      let over = false
      const observable = client.subscribe({ query: gql(document), variables, fetchPolicy: 'no-cache' })
      const subscription = observable.subscribe({
        // An error arrives as a last result, and the observable completes after it.
        next: ({ data, error }) => {
          if (over) return
          over = error !== undefined
          if (error) sink.error(failure(error))
          else sink.next(data as Data)
        },
        complete: () => {
          if (!over) sink.complete()
        },
      })
      return () => subscription.unsubscribe()
    },
    close: async () => {
      client.stop()
      await close()
    },
  }
}

function failure(error: unknown): Failure {
  return CombinedGraphQLErrors.is(error) ? failureOf(error.errors) : { extensions: null }
}
