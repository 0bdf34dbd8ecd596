/**
 * Sends a stream of results as the body of one HTTP response: as Server-Sent Events in the "distinct connections" mode of
 * graphql-sse, or as parts of `multipart/mixed` by Apollo's protocol for subscriptions. Both follow the same rules.
 */
import type { ServerResponse } from 'node:http'
import type { ExecutionResult, GraphQLError } from 'graphql'
import { formatError, formatResult, readyResult } from './client-error.ts'
import { deliver, flush, UNBUFFERED } from './deliver.ts'
import type { Operation } from './operation.ts'
import { type JsonPiece, toChunks } from './raw-json.ts'

/** Milliseconds between heartbeats, which keep proxies from closing a quiet connection. */
const PING_MS = 12_000

interface Form {
  readonly contentType: string
  readonly start: string
  readonly heartbeat: string
  /** The text around the JSON of one result. */
  readonly before: string
  readonly after: string
  readonly end: string
}

const EVENTS: Form = {
  contentType: 'text/event-stream',
  start: ':\n\n',
  heartbeat: ':\n\n',
  before: 'event: next\ndata: ',
  after: '\n\n',
  end: 'event: complete\ndata:\n\n',
}

// Readers know that a part is complete when they see the boundary after it, so the boundary is sent together with the part.
const NEXT_PART = '\r\n--graphql'
const PART = '\r\ncontent-type: application/json\r\n\r\n'
const EMPTY_PART = `${PART}{}${NEXT_PART}`

const PARTS: Form = {
  // Clients compare parts of this text, so it is exactly that of Apollo's router.
  contentType: 'multipart/mixed;boundary="graphql";subscriptionSpec=1.0',
  start: NEXT_PART + EMPTY_PART,
  heartbeat: EMPTY_PART,
  before: `${PART}{"payload":`,
  after: `}${NEXT_PART}`,
  end: '--\r\n',
}

export type StreamMediaType = 'text/event-stream' | 'multipart/mixed'

const FORMS: Readonly<Record<StreamMediaType, Form>> = { 'text/event-stream': EVENTS, 'multipart/mixed': PARTS }

/**
 * Sends the results. An error is a last result with `errors` and without `data`; then the stream ends as after any result. Neither is sent for an
 * endless subscription when the server stops.
 */
export async function sendEvents(
  results: AsyncIterable<ExecutionResult>,
  res: ServerResponse,
  operation: Operation,
  type: StreamMediaType,
  pingMs = PING_MS,
): Promise<void> {
  const { contentType, start, heartbeat, before, after, end: last } = FORMS[type]
  res.writeHead(200, { 'content-type': contentType, ...UNBUFFERED })
  const ping = setInterval(() => {
    if (res.writableLength === 0) res.write(heartbeat)
  }, pingMs)
  const end = () => void res.end(last)
  const send = (data: readonly JsonPiece[]) => flush(res, [before, ...data, after])
  const wire = {
    payload: (result: ExecutionResult) => {
      // Yoga makes a result of an error that ends a stream.
      if (operation.isEndless && result.errors && !('data' in result)) throw result.errors[0]!
      return toChunks(formatResult(readyResult(result, operation)))
    },
    send,
    end,
    interrupt: () => void res.end(),
    fail: (error: GraphQLError) => send(toChunks({ errors: [formatError(error)] })).then(end),
  }
  try {
    await flush(res, [start])
    await deliver(results[Symbol.asyncIterator](), wire, operation)
  } finally {
    clearInterval(ping)
  }
}
