import type { ServerResponse } from 'node:http'
import type { DownloadFormat } from '../../ask/download.ts'
import type { Config } from '../../config/config.ts'
import type { Position } from '../../model/query.ts'
import type { BatchEvents } from '../batch-events.ts'
import { codeOf, formatError, toClientError } from '../client-error.ts'
import { Body } from '../compression.ts'
import { flush } from '../flush.ts'
import type { Operation } from '../operation.ts'
import { byteLength } from '../raw-json.ts'
import { FORMATS } from './formats.ts'

export interface DownloadParts {
  readonly events: BatchEvents
  readonly format: DownloadFormat
  readonly res: ServerResponse
  readonly compression: Config['compression']
  readonly operation: Operation
  readonly cursorAt: (position: Position) => string
}

/**
 * Pulls a batch when the one before has left for the kernel, and no sooner. Rejects with what keeps the first batch from coming; behind it a
 * failure is written as the format's own broken end, and the connection cut before the chunked body's end.
 */
export async function sendDownload({ events, format: name, res, operation, ...options }: DownloadParts): Promise<void> {
  const format = FORMATS[name]
  let event = await events.next()
  const body = new Body(res, options.compression)
  res.writeHead(200, {
    'content-type': format.contentType,
    'cache-control': 'no-cache',
    trailer: 'geoduck-cursor, geoduck-execution',
  })
  let position: Position | null = null
  try {
    for (let first = true; !event.done; first = false) {
      const { batch } = event.value.featureBatches
      const pieces = format.batch(batch, first)
      operation.bytes += byteLength(pieces)
      position = batch.position
      if (pieces.length > 0) await flush(body.to, pieces)
      event = await events.next()
    }
  } catch (error) {
    const shown = toClientError(error, operation)
    operation.failed(codeOf(shown))
    return await body.cut(format.broken(formatError(shown)))
  }
  const cursor = position && options.cursorAt(position)
  const execution = JSON.stringify(events.execution)
  res.addTrailers({ ...(cursor === null ? {} : { 'geoduck-cursor': cursor }), 'geoduck-execution': execution })
  await body.end(format.end(cursor))
}
