/** Sends a layer, or the features that match a filter, as one file that streams: `/download/LAYER.arrows`, `.geojsonl`, `.geojson` or `.csv`. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { GraphQLSchema } from 'graphql'
import { type DownloadFormat, readDownloadQuery } from '../ask/download-query.ts'
import type { Config } from '../config/config.ts'
import { type BatchEvent, BatchEvents } from '../delivery/batch-events.ts'
import { failed } from '../delivery/client-error.ts'
import { deliver } from '../delivery/deliver.ts'
import { FileWire } from '../delivery/file.ts'
import type { Operation } from '../delivery/operation.ts'
import { CHUNK_ROWS } from '../engines/engine.ts'
import type { Services } from '../graphql/context.ts'
import { GeoduckError } from '../model/errors.ts'
import { type Access, allowOrigin, type ClientAddress, isForeign, type Origins, unauthenticated } from './access.ts'
import { type DownloadLimits, readDownload } from './download-request.ts'
import { admit, beginOverHttp, refuse, sendJson } from './http-operation.ts'
import type { Operations } from './operations.ts'

const METHODS = 'GET, POST'

interface Asked {
  /** True if only the headers are sent. */
  readonly isHead: boolean
  readonly notFound: () => void
}

export interface DownloadEndpointOptions {
  readonly schema: GraphQLSchema
  readonly services: Services
  readonly operations: Operations
  readonly access: Access
  readonly addressOf: ClientAddress
  readonly limits: DownloadLimits
  readonly origins: Origins
  readonly compression: Config['compression']
}

export class DownloadEndpoint {
  readonly #options: DownloadEndpointOptions

  constructor(options: DownloadEndpointOptions) {
    this.#options = options
  }

  /** Answers the request in every case. */
  async answer(req: IncomingMessage, res: ServerResponse, asked: Asked): Promise<void> {
    const allowed = allowOrigin(req, res, this.#options.origins, METHODS) && !isForeign(req)
    if (req.method === 'OPTIONS') return void res.writeHead(204).end()
    const operation = beginOverHttp(req, res, this.#options)
    try {
      if (!allowed)
        throw new GeoduckError('BAD_INPUT', 'A page of this origin may not download; `--origins` lists those that may.')
      if (!this.#options.access.allows(req.headers.authorization)) throw unauthenticated()
      if (operation.refusal) throw operation.refusal
      await this.#options.operations.start(operation)
      await this.#send(req, res, operation, asked)
    } catch (error) {
      refuse(res, failed(error, operation), allowed ? undefined : 403)
    }
  }

  async #send(req: IncomingMessage, res: ServerResponse, operation: Operation, { isHead, notFound }: Asked): Promise<void> {
    if (req.method !== 'GET' && req.method !== 'POST') {
      res.setHeader('allow', METHODS)
      return sendJson(res, 405, { error: 'Request a download by GET or POST.' })
    }
    await admit(req, operation, this.#options.limits.maxBodyBytes)
    const download = await readDownload(req, this.#options.limits)
    if (!download) return notFound()
    operation.kind = 'download'
    operation.name = download.format
    const { schema, services } = this.#options
    const context = { services, operation }
    const request = await readDownloadQuery(schema, download, context)
    const events = new BatchEvents(request, { batchSize: CHUNK_ROWS, emitEmpty: true }, context)
    try {
      res.setHeader('content-disposition', disposition(download.layer, download.format))
      const { compression } = this.#options
      const wire = new FileWire(events, res, {
        format: download.format,
        compression,
        isHead,
        refuse: (error) => refuse(res, error),
      })
      await deliver(isHead ? firstOf(events) : events, wire, operation)
    } finally {
      await events.return()
    }
  }
}

/** The first batch proves that the download starts, so that its headers are those of a GET. */
async function* firstOf(events: BatchEvents): AsyncGenerator<BatchEvent, void, void> {
  const { value, done } = await events.next()
  if (!done) yield value
}

function disposition(layer: string, format: DownloadFormat): string {
  return `attachment; filename*=UTF-8''${encodeURIComponent(`${layer}.${format}`).replaceAll("'", '%27')}`
}
