/** Media types of the `Accept` header. Only UTF-8 is supported. */
import Negotiator from 'negotiator'
import type { StreamMediaType } from '../delivery/events.ts'
import type { JsonMediaType } from '../delivery/response.ts'

/** Returns the form in which the client takes a stream, or null if it takes none. */
export function streamTypeFor(accept: string | null): StreamMediaType | null {
  const [chosen] = accepted(accept, ['text/event-stream', 'multipart/mixed;subscriptionspec=1.0'], /^(subscription|defer)spec$/i)
  return chosen === undefined ? null : chosen === 'text/event-stream' ? chosen : 'multipart/mixed'
}

/** Returns null if the client accepts neither type. A client without a preference gets the type that browsers show. */
export function jsonTypeFor(accept: string | null): JsonMediaType | null {
  return accepted<JsonMediaType>(accept, JSON_TYPES)[0] ?? null
}

/** Returns true for a browser that opens a page: it prefers HTML to JSON. */
export function prefersPage(accept: string | undefined): boolean {
  return accepted(accept ?? null, [...JSON_TYPES, 'text/html'])[0] === 'text/html'
}

const JSON_TYPES = ['application/json', 'application/graphql-response+json'] as const

/** A parameter. Its value may be in quotes, and may then contain `,` and `;`. */
const PARAMETER = /;\s*([^\s=;,"]+)\s*=\s*("(?:\\.|[^"\\])*"|[^\s;,"]*)/g

/** Returns the accepted types, the preferred one first. Only `q`, a charset other than UTF-8, and the parameters `also` count. */
function accepted<Type extends string>(accept: string | null, offered: readonly Type[], also = /^$/): Type[] {
  const counting = (_: string, name: string, value: string) => {
    const counts = /^q$/i.test(name) || also.test(name) || (/^charset$/i.test(name) && !/^"?utf-?8"?$/i.test(value))
    return counts ? `;${name}=${value}` : ''
  }
  const plain = accept?.replace(PARAMETER, counting).trim()
  return new Negotiator({ headers: { accept: plain || '*/*' } }).mediaTypes([...offered]) as Type[]
}
