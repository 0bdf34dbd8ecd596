/** Media types of the `Accept` header. Only UTF-8 is supported. */
import Negotiator from 'negotiator'
import type { JsonMediaType } from '../delivery/response.ts'

export function acceptsEvents(accept: string | null): boolean {
  return accepted(accept, ['text/event-stream']) !== undefined
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
