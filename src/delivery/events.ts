/** Server-Sent Events in the "distinct connections" mode of graphql-sse: `next` events, then `complete`. */
import type { ServerResponse } from 'node:http'
import type { ExecutionResult, GraphQLError } from 'graphql'
import { formatError, formatResult, readyResult } from './client-error.ts'
import { deliver, flush } from './deliver.ts'
import type { Operation } from './operation.ts'
import { type JsonPiece, toChunks } from './raw-json.ts'

/** Milliseconds between comments that keep proxies from closing a quiet connection. */
const PING_MS = 12_000

/**
 * Sends the results as events. An error is a `next` event with `errors` and without `data`; `complete` follows it and ends the
 * stream.
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
  const end = () => void res.end('event: complete\ndata:\n\n')
  const send = (data: readonly JsonPiece[]) => flush(res, ['event: next\ndata: ', ...data, '\n\n'])
  const wire = {
    payload: (result: ExecutionResult) => toChunks(formatResult(readyResult(result, operation))),
    send,
    end,
    fail: (error: GraphQLError) => send(toChunks({ errors: [formatError(error)] })).then(end),
  }
  try {
    await flush(res, [':\n\n'])
    await deliver(results[Symbol.asyncIterator](), wire, operation)
  } finally {
    clearInterval(ping)
  }
}
