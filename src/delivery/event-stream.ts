/** Server-Sent Events as graphql-sse's distinct connections have them: `next` events, then `complete`. */
import type { ServerResponse } from 'node:http'
import type { ExecutionResult } from 'graphql'
import { toClientError } from './client-error.ts'
import { flush } from './flush.ts'
import { formatResult } from './format-result.ts'
import type { Operation } from './operation.ts'
import { byteLength, toChunks } from './raw-json.ts'

/** Milliseconds between comments that keep proxies from closing a quiet connection. */
const PING_MS = 12_000

/**
 * Pulls a result when the one before has left for the kernel, and no sooner. An error is a `next` with `errors` and no `data`, and the
 * `complete` behind it only ends the stream.
 */
export async function sendEvents(
  results: AsyncIterable<ExecutionResult>,
  res: ServerResponse,
  operation: Operation,
  pingMs = PING_MS,
): Promise<void> {
  res.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache', 'x-accel-buffering': 'no' })
  const ping = setInterval(() => {
    if (res.writableLength === 0) res.write(':\n\n')
  }, pingMs)
  try {
    await flush(res, [':\n\n'])
    for await (const result of results) await sendNext(result, res, operation)
  } catch (error) {
    await sendNext({ errors: [toClientError(error, operation)] }, res, operation)
  } finally {
    clearInterval(ping)
  }
  res.end('event: complete\ndata:\n\n')
}

async function sendNext(result: ExecutionResult, res: ServerResponse, operation: Operation): Promise<void> {
  const chunks = toChunks(formatResult(result, operation))
  operation.bytes += byteLength(chunks)
  await flush(res, ['event: next\ndata: ', ...chunks.filter(({ length }) => length > 0), '\n\n'])
}
