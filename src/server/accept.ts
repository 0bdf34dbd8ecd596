/** Media types of the `Accept` header. Only UTF-8 is supported. */
import Negotiator from 'negotiator'
import type { JsonMediaType } from '../delivery/response.ts'

export function acceptsEvents(accept: string | null): boolean {
  return accepted(accept, ['text/event-stream']).length > 0
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

/** Returns the accepted types, the preferred one first. Of parameters, only `q` and a charset other than UTF-8 count. */
function accepted<Type extends string>(accept: string | null, offered: readonly Type[]): Type[] {
  const plain = accept?.replace(PARAMETER, (whole, name: string, value: string) => (counts(name, value) ? whole : '')).trim()
  return new Negotiator({ headers: { accept: plain || '*/*' } }).mediaTypes([...offered]) as Type[]
}

function counts(name: string, value: string): boolean {
  return /^q$/i.test(name) || (/^charset$/i.test(name) && !/^"?utf-?8"?$/i.test(value))
}
