import type { OutgoingHttpHeaders } from 'node:http'
import type { ExecutionResult } from 'graphql'
import type { JsonType } from './accept.ts'

const TOO_LARGE = 413

/** Set by yoga and by our own execution. */
interface HttpExtension {
  readonly status?: number
  readonly spec?: boolean
  readonly headers?: Readonly<Record<string, string>>
}

/** By the GraphQL over HTTP specification: a result with `data` is 200 whatever errors it has; of a request's errors the highest counts. */
export function statusOf(
  result: ExecutionResult,
  type: JsonType,
): { readonly status: number; readonly headers: OutgoingHttpHeaders } {
  if ('data' in result || !result.errors) return { status: 200, headers: {} }
  let status = 0
  const headers: Record<string, string> = {}
  for (const { extensions, locations } of result.errors) {
    const http = extensions['http'] as HttpExtension | undefined
    if (extensions['code'] === 'INTERNAL') status = 500
    Object.assign(headers, http?.headers)
    // What is wrong in a document, `application/json` clients expect with 200.
    if (http?.status && !(type === 'application/json' && http.spec && locations)) status = Math.max(status, http.status)
  }
  // The rest of a body that was not read would stand before the connection's next request.
  if (status === TOO_LARGE) headers['connection'] = 'close'
  return { status: status || (type === 'application/json' ? 200 : 400), headers }
}
