/** Writes GraphQL results straight to the response: JSON in pieces with the worker's bytes among them, which no web `Response` would keep. */
import type { ServerResponse } from 'node:http'
import { type ExecutionResult, GraphQLError } from 'graphql'
import { isAsyncIterable, type Plugin } from 'graphql-yoga'
import type { Config } from '../config/config.ts'
import { failed } from '../graphql/execute.ts'
import type { RequestContext } from '../server/yoga.ts'
import { acceptsEvents, type JsonType, jsonTypeFor } from './accept.ts'
import { toClientError } from './client-error.ts'
import { Body } from './compression.ts'
import { sendEvents } from './event-stream.ts'
import { flush } from './flush.ts'
import { formatResult } from './format-result.ts'
import type { Operation } from './operation.ts'
import { byteLength, FlowingJson, isWhole, type Piece, textBytes, toParts } from './raw-json.ts'
import { statusOf } from './status.ts'

/** A smaller result is a few packets as it is. */
const LEAST_COMPRESSED = 16_384

type Result = ExecutionResult | AsyncIterable<ExecutionResult>

export function resultWriter(compression: Config['compression']): Plugin<object, RequestContext> {
  return {
    onResultProcess({ request, result, setResultProcessor, serverContext }) {
      const accept = request.headers.get('accept')
      setResultProcessor(async (_, { Response }) => {
        await writeResult(result as Result, accept, compression, serverContext)
        // What it would hold has been sent.
        return new Response(null)
      }, 'application/json')
    },
  }
}

async function writeResult(
  result: Result,
  accept: string | null,
  compression: Config['compression'],
  { res, operation }: RequestContext,
): Promise<void> {
  const type = jsonTypeFor(accept)
  const events = acceptsEvents(accept)
  if (isAsyncIterable(result)) {
    if (events) return sendEvents(result, res, operation)
    await result[Symbol.asyncIterator]().return?.()
    return sendResult(
      notAcceptable('A subscription comes as `text/event-stream`, or over a WebSocket.'),
      'application/json',
      res,
      operation,
    )
  }
  if (type) return sendResult(result, type, res, operation, compression)
  if (events) return sendEvents(once(result), res, operation)
  await sendResult(
    notAcceptable('Accept `application/graphql-response+json` or `application/json`.'),
    'application/json',
    res,
    operation,
  )
}

async function sendResult(
  result: ExecutionResult,
  type: JsonType,
  res: ServerResponse,
  operation: Operation,
  compression: Config['compression'] = 'off',
): Promise<void> {
  const errors = result.errors?.map((error) => toClientError(error, operation))
  const { status, headers } = statusOf(errors ? { ...result, errors } : result, type)
  const chunks = toParts(formatResult(result, operation))
  if (!isWhole(chunks)) {
    res.setHeader('content-type', `${type}; charset=utf-8`)
    return sendFlowing(chunks, { status, headers }, res, operation, compression)
  }
  const length = byteLength(chunks)
  operation.bytes += length
  // What a worker has made is counted since it came.
  operation.holding.add(textBytes(chunks))
  const body = new Body(res, length < LEAST_COMPRESSED ? 'off' : compression)
  const size = body.compressed ? {} : { 'content-length': length }
  res.writeHead(status, { ...headers, 'content-type': `${type}; charset=utf-8`, ...size })
  const last = chunks.pop()!
  // Until its end: one write to the system for all of it.
  if (!body.compressed) res.cork()
  for (const chunk of chunks) body.to.write(chunk)
  await body.end(last)
}

/** A failure behind the first byte can be told by nothing but the body's end, which does not come. */
async function sendFlowing(
  parts: readonly (Piece | FlowingJson)[],
  { status, headers }: ReturnType<typeof statusOf>,
  res: ServerResponse,
  operation: Operation,
  compression: Config['compression'],
): Promise<void> {
  const body = new Body(res, compression)
  res.writeHead(status, { ...headers })
  try {
    for (const part of parts) {
      const flow = part instanceof FlowingJson ? part.flow() : [[part]]
      for await (const pieces of flow) {
        operation.bytes += byteLength(pieces)
        await flush(body.to, pieces)
      }
    }
  } catch (error) {
    failed(error, operation)
    return await body.cut('')
  }
  await body.end('')
}

async function* once(result: ExecutionResult): AsyncGenerator<ExecutionResult> {
  yield result
}

function notAcceptable(message: string): ExecutionResult {
  return { errors: [new GraphQLError(message, { extensions: { http: { status: 406 } } })] }
}
