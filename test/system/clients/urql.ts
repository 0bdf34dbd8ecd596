/** urql with its defaults: queries by GET, subscriptions by graphql-ws or as events. */
import { Client, type CombinedError, fetchExchange, type SubscriptionForwarder, subscriptionExchange } from '@urql/core'
import { createClient } from 'graphql-ws'
import { onEnd, pipe, subscribe } from 'wonka'
import { type ContractClient, type Failure, failureOf, NO_RETRIES, type Sink, type SocketOptions } from './contract-client.ts'

export function openUrql(url: string, socketOptions: SocketOptions = NO_RETRIES): ContractClient {
  const socket = createClient({ url: url.replace('http', 'ws'), ...socketOptions })
  const forwardSubscription: SubscriptionForwarder = ({ query = '', variables = null }) => ({
    subscribe: (sink) => ({
      unsubscribe: socket.subscribe({ query, variables }, sink as Parameters<typeof socket.subscribe>[1]),
    }),
  })
  const exchanges = [subscriptionExchange({ forwardSubscription }), fetchExchange]
  return contractClient(new Client({ url, exchanges }), () => socket.dispose())
}

/** With its `fetchExchange` alone. */
export function openUrqlFetch(url: string, fetcher: typeof fetch = fetch): ContractClient {
  return contractClient(new Client({ url, exchanges: [fetchExchange], fetchSubscriptions: true, fetch: fetcher }))
}

function contractClient(client: Client, close: () => void | Promise<void> = () => {}): ContractClient {
  return {
    async query<Data>(document: string, variables: object = {}) {
      const { data, error } = await client.query<Data>(document, variables).toPromise()
      if (error) throw failure(error)
      return data!
    },
    subscribe<Data>(document: string, variables: object, sink: Sink<Data>) {
      let over = false
      const once = (tell: () => void) => {
        if (over) return
        over = true
        tell()
      }
      const { unsubscribe } = pipe(
        client.subscription<Data>(document, variables),
        onEnd(() => once(() => sink.complete())),
        // The end is a last result: the batch before it again, without `hasNext`. An end without a batch is only the end of the source.
        subscribe(({ data, error, hasNext }) => {
          if (error) once(() => sink.error(failure(error)))
          else if (hasNext) sink.next(data!)
          else once(() => sink.complete())
        }),
      )
      return () => once(unsubscribe)
    },
    close: async () => close(),
  }
}

/** The server's errors are in `graphQLErrors`; `networkError` is the connection's. */
function failure({ graphQLErrors }: CombinedError): Failure {
  return failureOf(graphQLErrors)
}
