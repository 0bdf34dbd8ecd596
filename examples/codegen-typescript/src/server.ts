/** Sends typed documents to a server: queries over HTTP, subscriptions over a WebSocket. */
import { createClient } from 'graphql-ws'
import type { TypedDocumentString } from './gql/graphql.ts'

interface Answer<Result> {
  readonly data?: Result | null | undefined
  readonly errors?: readonly { readonly message: string }[] | undefined
}

export class Server {
  readonly #url: string

  /** @param url the GraphQL endpoint, such as http://127.0.0.1:4000/graphql */
  constructor(url: string) {
    this.#url = url
  }

  /** Returns the result of a query. */
  async query<Result, Variables>(document: TypedDocumentString<Result, Variables>, variables: Variables): Promise<Result> {
    const response = await fetch(this.#url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: document.toString(), variables }),
    })
    return dataOf<Result>(await response.json())
  }

  /** Returns the results of a subscription, one after the other. */
  async *subscribe<Result, Variables extends object>(
    document: TypedDocumentString<Result, Variables>,
    variables: Variables,
  ): AsyncGenerator<Result> {
    const client = createClient({ url: this.#url.replace(/^http/, 'ws') })
    try {
      const payload = { query: document.toString(), variables: Object.fromEntries(Object.entries(variables)) }
      for await (const answer of client.iterate<Result>(payload)) yield dataOf(answer)
    } finally {
      await client.dispose()
    }
  }
}

function dataOf<Result>({ data, errors = [] }: Answer<Result>): Result {
  if (data) return data
  throw new Error(errors.map(({ message }) => message).join(' '))
}
