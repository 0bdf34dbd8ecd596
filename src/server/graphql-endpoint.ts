/** GraphQL by POST, GraphiQL by GET. What a web page could send without asking first (GET, forms, plain text) is refused: that is CSRF. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { jsonTypeFor } from '../delivery/accept.ts'
import { codeOf, toClientError } from '../delivery/client-error.ts'
import { ERROR_STATUS } from '../delivery/download/error-status.ts'
import { formatResult } from '../delivery/format-result.ts'
import type { Operation } from '../delivery/operation.ts'
import type { Services } from '../graphql/context.ts'
import { failed } from '../graphql/execute.ts'
import { GeoduckError } from '../model/errors.ts'
import { type Access, unauthenticated } from './access.ts'
import { admit } from './admission.ts'
import type { ClientAddress } from './client-address.ts'
import { allowOrigin } from './cors.ts'
import { sendGraphiQL } from './graphiql.ts'
import { beginOverHttp } from './http-operation.ts'
import { sendJson } from './json.ts'
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
  readonly limits: Pick<RequestLimits, 'maxBodyBytes'>
}

export class GraphQLEndpoint {
  readonly #options: GraphQLEndpointOptions

  constructor(options: GraphQLEndpointOptions) {
    this.#options = options
  }

  /** Answers, whatever happens. */
  async answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
    allowOrigin(req, res, this.#options.origins, 'POST')
    if (req.method === 'OPTIONS') return void res.writeHead(204).end()
    const operation = beginOverHttp(req, res, this.#options)
    try {
      await this.#execute(req, res, operation)
    } catch (error) {
      const [shown] = failed(error, operation).errors
      const { retryAfter } = shown.extensions
      if (res.headersSent) return void res.destroy()
      if (typeof retryAfter === 'number') res.setHeader('retry-after', retryAfter)
      refuse(res, ERROR_STATUS[codeOf(shown)] ?? 500, shown, operation)
    }
  }

  async #execute(req: IncomingMessage, res: ServerResponse, operation: Operation): Promise<void> {
    if (req.method === 'GET' && req.headers.accept?.includes('text/html')) return sendGraphiQL(res, !this.#options.access.open)
    if (req.method !== 'POST') {
      res.setHeader('allow', 'POST')
      return refuse(res, 405, badInput('Send operations by POST; a browser gets GraphiQL here.'), operation)
    }
    if (!this.#options.access.allows(req.headers.authorization)) {
      res.setHeader('www-authenticate', 'Bearer')
      return refuse(res, 401, unauthenticated(), operation)
    }
    if (!/^application\/json\s*(;|$)/i.test(req.headers['content-type'] ?? '')) {
      return refuse(res, 415, badInput('Send operations as JSON, with the header `content-type: application/json`.'), operation)
    }
    if (operation.refusal) throw operation.refusal
    await this.#options.operations.start(operation)
    operation.mayFlow = jsonTypeFor(req.headers.accept ?? null) !== null
    const { yoga, services, limits } = this.#options
    await admit(req, operation, limits.maxBodyBytes)
    await yoga.handleNodeRequestAndResponse(req, res, { req, res, operation, services })
    if (!res.headersSent) throw new Error('A request was left without a result')
  }
}

function refuse(res: ServerResponse, status: number, error: unknown, operation: Operation): void {
  sendJson(res, status, formatResult({ errors: [toClientError(error, operation)] }, operation))
}

function badInput(message: string): GeoduckError {
  return new GeoduckError('BAD_INPUT', message)
}
