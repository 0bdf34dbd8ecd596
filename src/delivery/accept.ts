/** Media types of the `Accept` header, first come first served. Only UTF-8 is spoken. */

export type JsonType = 'application/json' | 'application/graphql-response+json'

export function acceptsEvents(accept: string | null): boolean {
  return accepted(accept).some((type) => matches(type, 'text/event-stream'))
}

/** Null when the client takes neither. A client that does not care gets the one that browsers show. */
export function jsonTypeFor(accept: string | null): JsonType | null {
  for (const type of accepted(accept)) {
    if (matches(type, 'application/json')) return 'application/json'
    if (matches(type, 'application/graphql-response+json')) return 'application/graphql-response+json'
  }
  return null
}

function accepted(accept: string | null): readonly string[] {
  const entries = (accept || '*/*').toLowerCase().replaceAll(/\s/g, '').split(',')
  return entries.filter((entry) => !/;charset=(?!utf-8)/.test(entry)).map((entry) => entry.split(';')[0]!)
}

function matches(asked: string, offered: string): boolean {
  return asked === '*/*' || asked === offered || asked === `${offered.split('/')[0]}/*`
}
