/** The interface of a client for the contract tests, implemented in the client's usual way. */
import type { ClientOptions } from 'graphql-ws'

export interface Failure {
  /** `extensions` of the first GraphQL error; null where it was the connection that failed. */
  readonly extensions: { readonly code?: string; readonly retry?: boolean; readonly cursor?: string } | null
}

/** One of `error` and `complete` comes last. */
export interface Sink<Data> {
  next(data: Data): void
  error(failure: Failure): void
  complete(): void
}

export interface ContractClient {
  /** Rejects with a `Failure`. */
  query<Data>(document: string, variables?: object): Promise<Data>
  /** Returns what cancels it. */
  subscribe<Data>(document: string, variables: object, sink: Sink<Data>): () => void
  close(): Promise<void>
}

/** Options of graphql-ws, which each of the clients uses for subscriptions. */
export type SocketOptions = Partial<ClientOptions>

/** graphql-ws would restart a stream from its first batch after a lost connection. */
export const NO_RETRIES: SocketOptions = { retryAttempts: 0 }

/** @param url the GraphQL endpoint, by http */
export type OpenClient = (url: string, socketOptions?: SocketOptions) => ContractClient

/** graphql-ws fails an operation with the server's errors, or with the error of the connection. */
export function failureOf(reason: unknown): Failure {
  const [first] = Array.isArray(reason) ? reason : []
  return { extensions: first?.extensions ?? null }
}
