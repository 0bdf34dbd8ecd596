/** Sends a layer, or the features that match a filter, as one file: `/download/LAYER.geojson`. It streams, or is finished first. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import path from 'node:path'
import type { Readable } from 'node:stream'
import type { GraphQLSchema } from 'graphql'
import send from 'send'
import { type DownloadQuery, readDownloadQuery } from '../ask/download-query.ts'
import { operationContext } from '../ask/feature-request.ts'
import type { Config } from '../config/config.ts'
import { type BatchEvent, BatchEvents } from '../delivery/batch-events.ts'
import { deliver } from '../delivery/deliver.ts'
import { FileWire } from '../delivery/file.ts'
import type { Operation } from '../delivery/operation.ts'
import { CHUNK_ROWS } from '../engines/engine.ts'
import type { Services } from '../graphql/context.ts'
import { type FileFormat, type FinishedFormat, isStreamed } from '../model/file-format.ts'
import type { Access, ClientAddress, Origins } from './access.ts'
import { type DownloadLimits, readDownload } from './download-request.ts'
import type { Exports } from './exports.ts'
import { answerFile, type FileRequest } from './file-request.ts'
import { admit, refuse, sendJson } from './http-operation.ts'
import type { Operations } from './operations.ts'

const METHODS = 'GET, POST'

export interface DownloadEndpointOptions {
  readonly schema: GraphQLSchema
  readonly services: Services
  readonly operations: Operations
  readonly access: Access
  readonly addressOf: ClientAddress
  readonly limits: DownloadLimits
  readonly origins: Origins
  readonly compression: Config['compression']
  readonly exports: Exports
}

interface Finished {
  readonly format: FinishedFormat
  readonly request: DownloadQuery
  readonly context: Parameters<Exports['file']>[2]['context']
}

const TYPES: Readonly<Record<FinishedFormat, string>> = {
  parquet: 'application/vnd.apache.parquet',
  fgb: 'application/flatgeobuf',
  gpkg: 'application/geopackage+sqlite3',
  'shp.zip': 'application/zip',
  kml: 'application/vnd.google-earth.kml+xml',
  pmtiles: 'application/vnd.pmtiles',
}

export class DownloadEndpoint {
  readonly #options: DownloadEndpointOptions

  constructor(options: DownloadEndpointOptions) {
    this.#options = options
  }

  /** Answers the request in every case. */
  async answer(req: IncomingMessage, res: ServerResponse, asked: FileRequest): Promise<void> {
    await answerFile(req, res, { ...this.#options, methods: METHODS, verb: 'download' }, (operation) =>
      this.#send(req, res, operation, asked),
    )
  }

  async #send(req: IncomingMessage, res: ServerResponse, operation: Operation, { isHead, notFound }: FileRequest): Promise<void> {
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
    res.setHeader('content-disposition', disposition(download.layer, download.format))
    if (!isStreamed(download.format)) {
      const { id, client, address, unchanged } = operationContext(context, request)
      const asked = { id, client, ...(address && { address }), unchanged: unchanged! }
      return await this.#sendFinished(req, res, operation, { format: download.format, request, context: asked })
    }
    const events = new BatchEvents(request, { batchSize: CHUNK_ROWS, emitEmpty: true }, context)
    try {
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

  /** Makes the file, or takes the one that is kept, and sends it: whole, a range of it, or its headers. */
  async #sendFinished(req: IncomingMessage, res: ServerResponse, operation: Operation, asked: Finished): Promise<void> {
    const { format, request, context } = asked
    const asker = { signal: operation.signal, context }
    const { file, rows, tag, release } = await this.#options.exports.file(format, request, asker)
    operation.rows = rows
    res.once('close', release)
    if (res.destroyed) return release()
    res.setHeader('content-type', TYPES[format])
    res.setHeader('etag', `"${tag}"`)
    res.setHeader('cache-control', 'no-cache')
    const sent = send(req, `/${path.basename(file)}`, { root: path.dirname(file), cacheControl: false, lastModified: false })
    sent.on('error', ({ status = 500 }: { readonly status?: number }) => {
      res.removeHeader('content-disposition')
      sendJson(res, status, { error: 'The file has no such range, or has changed.' })
    })
    sent.on('stream', (stream: Readable) => {
      stream.on('data', (piece: Buffer) => {
        operation.bytes += piece.length
      })
    })
    sent.pipe(res)
  }
}

/** The first batch proves that the download starts, so that its headers are those of a GET. */
async function* firstOf(events: BatchEvents): AsyncGenerator<BatchEvent, void, void> {
  const { value, done } = await events.next()
  if (!done) yield value
}

function disposition(layer: string, format: FileFormat): string {
  return `attachment; filename*=UTF-8''${encodeURIComponent(`${layer}.${format}`).replaceAll("'", '%27')}`
}
