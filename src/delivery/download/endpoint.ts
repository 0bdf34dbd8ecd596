/** Whole layers, or what is left of them by a filter, as one file: `/download/LAYER.arrows`, `/download/LAYER.geojsonl`. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { GraphQLSchema } from 'graphql'
import { type DownloadFormat, downloadQuestion } from '../../ask/download.ts'
import { cursorAt } from '../../ask/question.ts'
import type { Config } from '../../config/config.ts'
import { CHUNK_ROWS } from '../../engines/engine.ts'
import type { Services } from '../../graphql/context.ts'
import { GeoduckError } from '../../model/errors.ts'
import type { Position } from '../../model/query.ts'
import { type Access, unauthenticated } from '../../server/access.ts'
import { admit } from '../../server/admission.ts'
import type { ClientAddress } from '../../server/client-address.ts'
import { allowOrigin } from '../../server/cors.ts'
import { beginOverHttp } from '../../server/http-operation.ts'
import { sendJson } from '../../server/json.ts'
import type { Operations } from '../../server/operations.ts'
import { BatchEvents } from '../batch-events.ts'
import { codeOf, formatError, toClientError } from '../client-error.ts'
import type { Operation } from '../operation.ts'
import { ERROR_STATUS } from './error-status.ts'
import { type DownloadLimits, readDownload } from './request.ts'
import { sendDownload } from './send.ts'

const METHODS = 'GET, POST'

export interface DownloadEndpointOptions {
  readonly schema: GraphQLSchema
  readonly services: Services
  readonly operations: Operations
  readonly access: Access
  readonly addressOf: ClientAddress
  readonly limits: DownloadLimits
  readonly origins: readonly string[]
  readonly compression: Config['compression']
}

export class DownloadEndpoint {
  readonly #options: DownloadEndpointOptions

  constructor(options: DownloadEndpointOptions) {
    this.#options = options
  }

  /** Answers, whatever happens. */
  async answer(req: IncomingMessage, res: ServerResponse, notFound: () => void): Promise<void> {
    const allowed = allowOrigin(req, res, this.#options.origins, METHODS) && !isForeign(req)
    if (req.method === 'OPTIONS') return void res.writeHead(204).end()
    const operation = beginOverHttp(req, res, this.#options)
    try {
      if (!allowed)
        throw new GeoduckError('BAD_INPUT', 'A page of this origin may not download; `--origins` lists those that may.')
      if (!this.#options.access.allows(req.headers.authorization)) throw unauthenticated()
      if (operation.refusal) throw operation.refusal
      await this.#options.operations.start(operation)
      await this.#send(req, res, operation, notFound)
    } catch (error) {
      refuse(res, error, operation, allowed)
    }
  }

  async #send(req: IncomingMessage, res: ServerResponse, operation: Operation, notFound: () => void): Promise<void> {
    if (req.method !== 'GET' && req.method !== 'POST') {
      res.setHeader('allow', METHODS)
      return sendJson(res, 405, { error: 'A download is asked by GET or POST.' })
    }
    await admit(req, operation, this.#options.limits.maxBodyBytes)
    const request = await readDownload(req, this.#options.limits)
    if (!request) return notFound()
    operation.kind = 'download'
    operation.name = request.format
    const { schema, services } = this.#options
    const context = { services, operation }
    const question = await downloadQuestion(schema, request, context)
    const events = new BatchEvents(question, { batchSize: CHUNK_ROWS, emitEmpty: true }, context)
    try {
      res.setHeader('content-disposition', disposition(request.layer, request.format))
      const { format } = request
      const cursor = (position: Position) => cursorAt(position, question, context)
      await sendDownload({ events, format, res, compression: this.#options.compression, operation, cursorAt: cursor })
    } finally {
      await events.return()
    }
  }
}

/** What a page of another site loads without asking: an image, a script. A link that is followed is the reader's own wish. */
function isForeign({ headers }: IncomingMessage): boolean {
  return (
    headers['sec-fetch-site'] === 'cross-site' && headers['sec-fetch-mode'] !== 'navigate' && headers['sec-fetch-mode'] !== 'cors'
  )
}

function disposition(layer: string, format: DownloadFormat): string {
  return `attachment; filename*=UTF-8''${encodeURIComponent(`${layer}.${format}`).replaceAll("'", '%27')}`
}

/** Before the first byte: status and error. Behind it there is nothing left to say than that it is broken. */
function refuse(res: ServerResponse, error: unknown, operation: Operation, allowed: boolean): void {
  const shown = toClientError(error, operation)
  operation.failed(codeOf(shown))
  if (res.headersSent) return void res.destroy()
  const { code, retryAfter } = shown.extensions
  if (typeof retryAfter === 'number') res.setHeader('retry-after', retryAfter)
  res.removeHeader('content-disposition')
  // What is left of a body that was not read would stand before the connection's next request.
  if (code === 'LIMIT_EXCEEDED') res.setHeader('connection', 'close')
  sendJson(res, allowed ? (ERROR_STATUS[codeOf(shown)] ?? 500) : 403, { errors: [formatError(shown)] })
}
