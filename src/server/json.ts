import type { ServerResponse } from 'node:http'
import type { GraphQLError } from 'graphql'
import { formatError, refusalStatus } from '../delivery/client-error.ts'

export function sendJson(res: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body)
  const headers = { 'content-type': 'application/json; charset=utf-8', 'content-length': Buffer.byteLength(text) }
  res.writeHead(status, headers).end(text)
}

/** Before the first byte: status and error. After it there is nothing left to say than that it is broken. */
export function refuse(res: ServerResponse, error: GraphQLError, status = refusalStatus(error)): void {
  if (res.headersSent) return void res.destroy()
  const { code, retryAfter } = error.extensions
  if (typeof retryAfter === 'number') res.setHeader('retry-after', retryAfter)
  res.removeHeader('content-disposition')
  // What is left of a body that was not read would stand before the connection's next request.
  if (code === 'LIMIT_EXCEEDED') res.setHeader('connection', 'close')
  sendJson(res, status, { errors: [formatError(error)] })
}
