/** The kinds of message that a client sends (graphql-transport-ws). */
const KINDS = ['connection_init', 'ping', 'pong', 'subscribe', 'complete'] as const

export interface ClientMessage {
  readonly type: (typeof KINDS)[number]
  readonly id: string | null
}

/** What a message is, as far as it must be known before graphql-ws reads it; null where it is none. */
export function peek(text: string): ClientMessage | null {
  try {
    const { type, id } = JSON.parse(text) as Record<string, unknown>
    const kind = KINDS.find((known) => known === type)
    return kind ? { type: kind, id: typeof id === 'string' ? id : null } : null
  } catch {
    return null
  }
}
