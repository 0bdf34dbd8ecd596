/**
 * Serves GraphQL by POST and GET, and GraphiQL to browsers. A page of another origin can send a GET, a form or plain text without a
 * preflight (CSRF). Forms and plain text are refused, and so is a GET of a page whose origin is not allowed. No cookie is ever read.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { GraphQLParams } from 'graphql-yoga'
import { failed } from '../delivery/client-error.ts'
import type { Operation } from '../delivery/operation.ts'
import { jsonTypeFor, prefersPage } from '../delivery/response.ts'
import type { Services } from '../graphql/context.ts'
import { GeoduckError } from '../model/errors.ts'
import { type Access, allowOrigin, type ClientAddress, isForeign, type Origins, unauthenticated } from './access.ts'
import type { EntityTags } from './entity-tags.ts'
import { sendGraphiQL } from './graphiql.ts'
import { admit, beginOverHttp, bodyForm, mostJsonParts, parseJson, readText, refuse } from './http-operation.ts'
import type { RequestLimits } from './limits.ts'
import type { Operations } from './operations.ts'
import { readQueryString } from './query-string.ts'
import type { Yoga } from './yoga.ts'

const METHODS = 'GET, POST'

export interface GraphQLEndpointOptions {
  readonly yoga: Yoga
  readonly tags: EntityTags
  readonly services: Services
  readonly operations: Operations
  readonly origins: Origins
  readonly access: Access
  readonly basePath: string
  readonly addressOf: ClientAddress
  readonly limits: Pick<RequestLimits, 'maxBodyBytes' | 'maxVertices'>
}

export class GraphQLEndpoint {
  readonly #options: GraphQLEndpointOptions

  constructor(options: GraphQLEndpointOptions) {
    this.#options = options
  }

  /** Answers the request in every case. If `isHead`, only the headers are sent, and nothing is read for a body that has no length. */
  async answer(req: IncomingMessage, res: ServerResponse, isHead = false): Promise<void> {
    const allowed = allowOrigin(req, res, this.#options.origins, METHODS) && !isForeign(req)
    if (req.method === 'OPTIONS') return void res.writeHead(204).end()
    const operation = beginOverHttp(req, res, this.#options)
    try {
      await this.#execute(req, res, operation, { allowed, isHead })
    } catch (error) {
      refuse(res, failed(error, operation))
    }
  }

  async #execute(
    req: IncomingMessage,
    res: ServerResponse,
    operation: Operation,
    { allowed, isHead }: { readonly allowed: boolean; readonly isHead: boolean },
  ): Promise<void> {
    const byGet = req.method === 'GET'
    if (byGet) res.appendHeader('vary', 'accept, authorization')
    if (byGet && prefersPage(req.headers.accept)) return sendGraphiQL(res, this.#options.basePath, !this.#options.access.open)
    if (!byGet && req.method !== 'POST') {
      res.setHeader('allow', METHODS)
      return refuse(res, failed(badInput('Send operations by POST or GET; a browser gets GraphiQL here.'), operation), 405)
    }
    if (byGet) {
      // A result that may be kept replaces the first header (entity-tags.ts).
      res.setHeader('cache-control', 'no-store')
      if (!allowed) {
        const error = badInput('A page of this origin may not send operations by GET; `--origins` lists those that may.')
        return refuse(res, failed(error, operation), 403)
      }
    }
    if (!this.#options.access.allows(req.headers.authorization)) throw unauthenticated()
    operation.writeRefusal = allowed
      ? this.#options.access.writeRefusal(req.headers.authorization)
      : 'A page of this origin may not write; `--origins` lists those that may.'
    const form = byGet ? null : bodyForm(req.headers)
    if (operation.refusal) throw operation.refusal
    await this.#options.operations.start(operation)
    operation.mayFlow = jsonTypeFor(req.headers.accept ?? null) !== null
    const { yoga, services, limits, tags } = this.#options
    await admit(req, operation, limits.maxBodyBytes)
    const question = form ? await readText(req, form, limits.maxBodyBytes) : (req.url ?? '')
    const request = { req, res, isHead, operation, services, pageKey: tags.pageKeyOf(req, question) }
    if (await tags.sendCached(request)) return
    const mostParts = mostJsonParts(limits)
    const params = form ? readParams(question, mostParts) : readQueryString(question, mostParts)
    const response = await yoga.handleNodeRequestAndResponse(req, res, { ...request, params })
    if (!res.headersSent) res.writeHead(response.status, Object.fromEntries(response.headers)).end(await response.text())
  }
}

/**
 * Reads the parameters from JSON. As GraphQL over HTTP says, other members are ignored. Yoga checks the types of the parameters.
 * @throws GeoduckError BAD_INPUT, LIMIT_EXCEEDED
 */
function readParams(text: string, mostParts: number): GraphQLParams {
  const given = jsonOf(text, mostParts)
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
