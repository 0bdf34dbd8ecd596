/** Ids by which a request is found in the logs of all programs that it passes. */
import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

export interface Trace {
  /** The `x-request-id` of the request, or a new one. */
  readonly requestId: string
  /** The `traceparent` of the request (W3C Trace Context). */
  readonly traceparent: string | null
}

/** Ids of the known proxies and tracers. They are safe in a header, in a line of the log and in JSON. */
const REQUEST_ID = /^[\w.:;=+/@-]{1,128}$/
const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/

const traces = new WeakMap<IncomingMessage, Trace>()

/** Returns the ids of the request. An id that is too long, or that has other characters, counts as missing. */
export function traceOf(req: IncomingMessage): Trace {
  const known = traces.get(req)
  if (known) return known
  const { 'x-request-id': requestId, traceparent } = req.headers
  const trace = {
    requestId: typeof requestId === 'string' && REQUEST_ID.test(requestId) ? requestId : randomUUID(),
    traceparent: typeof traceparent === 'string' && TRACEPARENT.test(traceparent) ? traceparent : null,
  }
  traces.set(req, trace)
  return trace
}

/** Returns the headers that repeat the ids in the response. */
export function traceHeaders(req: IncomingMessage): [name: string, value: string][] {
  const { requestId, traceparent } = traceOf(req)
  return [['x-request-id', requestId], ...(traceparent === null ? [] : [['traceparent', traceparent] as [string, string]])]
}
