/**
 * Serves GraphQL by POST and GraphiQL by GET. It refuses requests that a web page can send without a preflight (GET, forms,
 * plain text): CSRF.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { GraphQLParams } from 'graphql-yoga'
import { failed } from '../delivery/client-error.ts'
import type { Operation } from '../delivery/operation.ts'
import type { Services } from '../graphql/context.ts'
import { GeoduckError } from '../model/errors.ts'
import { jsonTypeFor } from './accept.ts'
import { type Access, allowOrigin, type ClientAddress, unauthenticated } from './access.ts'
import { sendGraphiQL } from './graphiql.ts'
import { admit, beginOverHttp, bodyForm, mostJsonParts, parseJson, readText, refuse } from './http-operation.ts'
import type { RequestLimits } from './limits.ts'
import type { Operations } from './operations.ts'
import type { Yoga } from './yoga.ts'

export interface GraphQLEndpointOptions {
  readonly yoga: Yoga
  readonly services: Services
  readonly operations: Operations
  readonly origins: readonly string[]
  readonly access: Access
  readonly addressOf: ClientAddress
  readonly limits: Pick<RequestLimits, 'maxBodyBytes' | 'maxVertices'>
}

export class GraphQLEndpoint {
  readonly #options: GraphQLEndpointOptions

  constructor(options: GraphQLEndpointOptions) {
    this.#options = options
  }

  /** Answers the request in every case. */
  async answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
    allowOrigin(req, res, this.#options.origins, 'POST')
    if (req.method === 'OPTIONS') return void res.writeHead(204).end()
    const operation = beginOverHttp(req, res, this.#options)
    try {
      await this.#execute(req, res, operation)
    } catch (error) {
      refuse(res, failed(error, operation))
    }
  }

  async #execute(req: IncomingMessage, res: ServerResponse, operation: Operation): Promise<void> {
    if (req.method === 'GET' && req.headers.accept?.includes('text/html')) return sendGraphiQL(res, !this.#options.access.open)
    if (req.method !== 'POST') {
      res.setHeader('allow', 'POST')
      return refuse(res, failed(badInput('Send operations by POST; a browser gets GraphiQL here.'), operation), 405)
    }
    if (!this.#options.access.allows(req.headers.authorization)) {
      res.setHeader('www-authenticate', 'Bearer')
      throw unauthenticated()
    }
    const form = bodyForm(req.headers)
    if (operation.refusal) throw operation.refusal
    await this.#options.operations.start(operation)
    operation.mayFlow = jsonTypeFor(req.headers.accept ?? null) !== null
    const { yoga, services, limits } = this.#options
    await admit(req, operation, limits.maxBodyBytes)
    const params = readParams(await readText(req, form, limits.maxBodyBytes), limits)
    const response = await yoga.handleNodeRequestAndResponse(req, res, { req, res, operation, services, params })
    if (!res.headersSent) res.writeHead(response.status, Object.fromEntries(response.headers)).end(await response.text())
  }
}

/**
 * Reads the parameters from JSON. As GraphQL over HTTP says, other members are ignored. Yoga checks the types of the parameters.
 * @throws GeoduckError BAD_INPUT, LIMIT_EXCEEDED
 */
function readParams(text: string, limits: Pick<RequestLimits, 'maxVertices'>): GraphQLParams {
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
