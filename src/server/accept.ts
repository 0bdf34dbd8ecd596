/** Media types of the `Accept` header. Only UTF-8 is supported. */
import Negotiator from 'negotiator'
import type { StreamMediaType } from '../delivery/events.ts'
import type { JsonMediaType } from '../delivery/response.ts'

/** The server chooses the boundary of a multipart response. Clients also write theirs into `Accept`, where it selects nothing. */
const BOUNDARY = /;\s*boundary=("[^"]*"|[^;,]*)/gi

/** Returns the form in which the client takes a stream, or null if it takes none. */
export function streamTypeFor(accept: string | null): StreamMediaType | null {
  const types = ['text/event-stream', 'multipart/mixed;subscriptionspec=1.0'] as const
  const chosen = accepted(accept?.replace(BOUNDARY, '') ?? null, types)
  return chosen === undefined ? null : chosen === 'text/event-stream' ? chosen : 'multipart/mixed'
}

/** Returns null if the client accepts neither type. A client without a preference gets the type that browsers show. */
export function jsonTypeFor(accept: string | null): JsonMediaType | null {
  return accepted<JsonMediaType>(accept, ['application/json', 'application/graphql-response+json']) ?? null
}

function accepted<Type extends string>(accept: string | null, offered: readonly Type[]): Type | undefined {
  const wanted = new Negotiator({ headers: { accept: accept || '*/*' } }).mediaType(
    offered.map((type) => `${type};charset=utf-8`),
  )
  return offered.find((type) => wanted?.startsWith(`${type};`))
}
