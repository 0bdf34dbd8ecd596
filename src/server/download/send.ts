import type { ServerResponse } from 'node:http'
import type { BatchEvents } from '../../graphql/batch-events.ts'
import { codeOf, formatError, toClientError } from '../../graphql/client-error.ts'
import type { DownloadFormat } from '../../graphql/download.ts'
import type { Operation } from '../../graphql/operation.ts'
import { byteLength } from '../../graphql/raw-json.ts'
import type { Position } from '../../plan/query.ts'
import { flush } from '../flush.ts'
import { FORMATS } from './formats.ts'

/**
 * Pulls a batch when the one before has left for the kernel, and no sooner. Rejects with what keeps the first batch from coming; behind it a
 * failure is written as the format's own broken end, and the connection cut before the chunked body's end.
 */
export async function sendDownload(
  events: BatchEvents,
  res: ServerResponse,
  name: DownloadFormat,
  operation: Operation,
  cursorAt: (position: Position) => string,
): Promise<void> {
  const format = FORMATS[name]
  let event = await events.next()
  res.writeHead(200, { 'content-type': format.contentType, 'cache-control': 'no-cache', trailer: 'geoduck-cursor' })
  let position: Position | null = null
  try {
    for (let first = true; !event.done; first = false) {
      const { batch } = event.value.featureBatches
      const pieces = format.batch(batch, first)
      operation.bytes += byteLength(pieces)
      position = batch.position
      if (pieces.length > 0) await flush(res, pieces)
      event = await events.next()
    }
  } catch (error) {
    const shown = toClientError(error, operation)
    operation.failed(codeOf(shown))
    await flush(res, [format.broken(formatError(shown))])
    return cut(res)
  }
  const cursor = position && cursorAt(position)
  if (cursor) res.addTrailers({ 'geoduck-cursor': cursor })
  res.end(format.end(cursor))
}

/** HTTP/1.0 tells a body's end by the connection's: only a reset is no end. */
function cut(res: ServerResponse): void {
  if (res.req.httpVersion === '1.0') res.socket?.resetAndDestroy()
  else res.destroy()
}
