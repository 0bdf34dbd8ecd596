/** Reads the parameters of a GraphQL request from its JSON. As GraphQL over HTTP says, other members are ignored. */
import type { GraphQLParams } from 'graphql-yoga'
import { GeoduckError } from '../model/errors.ts'
import { mostJsonParts, parseJson } from './http-operation.ts'
import type { RequestLimits } from './limits.ts'

/** Yoga checks the types of the parameters. @throws GeoduckError BAD_INPUT, LIMIT_EXCEEDED */
export function readParams(text: string, limits: Pick<RequestLimits, 'maxVertices'>): GraphQLParams {
  const given = jsonOf(text, mostJsonParts(limits))
  if (typeof given !== 'object' || given === null) throw badInput('A request is a JSON object with a member `query`.')
  if (Array.isArray(given)) throw badInput('A request is one JSON object, not a list: send one operation per request.')
  const { query, operationName, variables, extensions } = given as GraphQLParams
  // Some clients send an empty name for an operation that has none.
  return { query, operationName: operationName || undefined, variables, extensions } as GraphQLParams
}

function jsonOf(text: string, mostParts: number): unknown {
  try {
    return parseJson(text, mostParts)
  } catch (error) {
    if (error instanceof GeoduckError) throw error
    throw badInput('The body is no JSON.')
  }
}

function badInput(message: string): GeoduckError {
  return new GeoduckError('BAD_INPUT', message)
}
