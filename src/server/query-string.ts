/** Reads a query that is sent by GET: the same members as in a JSON body, as parameters of the URL. */
import { type DocumentNode, GraphQLError, getOperationAST } from 'graphql'
import type { GraphQLParams } from 'graphql-yoga'
import { streamTypeFor } from '../delivery/response.ts'
import { GeoduckError } from '../model/errors.ts'
import { parseJson } from './http-operation.ts'

/** @throws GeoduckError if a parameter is no JSON object, or too large */
export function readQueryString(url: string, mostJsonParts: number): GraphQLParams {
  const { searchParams } = new URL(url, 'http://localhost')
  const text = (name: string) => searchParams.get(name) || undefined
  const object = (name: string) => {
    const json = text(name)
    return json === undefined ? undefined : objectIn(json, name, mostJsonParts)
  }
  return {
    query: text('query'),
    operationName: text('operationName'),
    variables: object('variables'),
    extensions: object('extensions'),
  } as GraphQLParams
}

function objectIn(json: string, name: string, mostJsonParts: number): unknown {
  try {
    const value = parseJson(json, mostJsonParts)
    if (value === null || (typeof value === 'object' && !Array.isArray(value))) return value
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
  }
  throw new GeoduckError('BAD_INPUT', `The parameter \`${name}\` of the URL must be a JSON object, percent-encoded as UTF-8.`)
}

/** @throws GraphQLError with status 405 if the operation must not be sent by GET: it is a mutation, or a stream sent as JSON */
export function checkReadOnly(document: DocumentNode, operationName: string | null | undefined, accept: string | null): void {
  const kind = getOperationAST(document, operationName)?.operation
  if (kind === undefined || kind === 'query' || (kind === 'subscription' && streamTypeFor(accept) !== null)) return
  const message =
    kind === 'mutation'
      ? 'Send mutations by POST.'
      : 'Send subscriptions by POST, or accept `text/event-stream` or `multipart/mixed;subscriptionSpec=1.0`.'
  throw new GraphQLError(message, { extensions: { http: { status: 405, headers: { allow: 'POST' } } } })
}
