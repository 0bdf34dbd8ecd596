/** graphql-ws alone, queries too. */
import { type Client, createClient } from 'graphql-ws'
import { type ContractClient, failureOf, NO_RETRIES, type SocketOptions } from './contract-client.ts'

export function openGraphqlWs(url: string, socketOptions: SocketOptions = NO_RETRIES): ContractClient {
  return contractClient(createClient({ url: url.replace('http', 'ws'), ...socketOptions }))
}

export function contractClient(client: Client): ContractClient {
  return {
    query: <Data>(query: string, variables: object = {}) =>
      new Promise<Data>((resolve, reject) => {
        client.subscribe<Data>(
          { query, variables: { ...variables } },
          {
            next: ({ data, errors }) => (errors ? reject(failureOf(errors)) : resolve(data!)),
            error: (reason) => reject(failureOf(reason)),
            complete: () => {},
          },
        )
      }),
    subscribe: <Data>(query: string, variables: object, sink: Parameters<ContractClient['subscribe']>[2]) =>
      client.subscribe<Data>(
        { query, variables: { ...variables } },
        {
          next: ({ data }) => sink.next(data!),
          error: (reason) => sink.error(failureOf(reason)),
          complete: () => sink.complete(),
        },
      ),
    close: async () => client.dispose(),
  }
}
