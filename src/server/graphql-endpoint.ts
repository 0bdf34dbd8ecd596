/**
 * Serves GraphQL by POST and GraphiQL by GET. It refuses requests that a web page can send without a preflight (GET, forms,
 * plain text): CSRF.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { failed } from '../delivery/client-error.ts'
import type { Operation } from '../delivery/operation.ts'
import type { Services } from '../graphql/context.ts'
import { GeoduckError } from '../model/errors.ts'
import { jsonTypeFor, prefersPage } from './accept.ts'
import { type Access, allowOrigin, type ClientAddress, type Origins, unauthenticated } from './access.ts'
import { sendGraphiQL } from './graphiql.ts'
import { admit, beginOverHttp, refuse } from './http-operation.ts'
import type { RequestLimits } from './limits.ts'
import type { Operations } from './operations.ts'
import type { Yoga } from './yoga.ts'

export interface GraphQLEndpointOptions {
  readonly yoga: Yoga
  readonly services: Services
  readonly operations: Operations
  readonly origins: Origins
  readonly access: Access
  readonly basePath: string
  readonly addressOf: ClientAddress
  readonly limits: Pick<RequestLimits, 'maxBodyBytes'>
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
    if (req.method === 'GET' && prefersPage(req.headers.accept))
      return sendGraphiQL(res, this.#options.basePath, !this.#options.access.open)
    if (req.method !== 'POST') {
      res.setHeader('allow', 'POST')
      return refuse(res, failed(badInput('Send operations by POST; a browser gets GraphiQL here.'), operation), 405)
    }
    if (!this.#options.access.allows(req.headers.authorization)) {
      res.setHeader('www-authenticate', 'Bearer')
      throw unauthenticated()
    }
    if (!/^application\/json\s*(;|$)/i.test(req.headers['content-type'] ?? '')) {
      const error = badInput('Send operations as JSON, with the header `content-type: application/json`.')
      return refuse(res, failed(error, operation), 415)
    }
    if (operation.refusal) throw operation.refusal
    await this.#options.operations.start(operation)
    operation.mayFlow = jsonTypeFor(req.headers.accept ?? null) !== null
    const { yoga, services, limits } = this.#options
    await admit(req, operation, limits.maxBodyBytes)
    const response = await yoga.handleNodeRequestAndResponse(req, res, { req, res, operation, services })
    if (!res.headersSent) res.writeHead(response.status, Object.fromEntries(response.headers)).end(await response.text())
  }
}

function badInput(message: string): GeoduckError {
  return new GeoduckError('BAD_INPUT', message)
}
