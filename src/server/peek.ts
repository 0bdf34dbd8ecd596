import { problemOf } from './parse-json.ts'

/** The kinds of message that a client sends (graphql-transport-ws). */
const KINDS = ['connection_init', 'ping', 'pong', 'subscribe', 'complete'] as const

export interface ClientMessage {
  readonly type: (typeof KINDS)[number]
  readonly id: string | null
  /** The whole of it, parsed; null where `problem` says why it was not. */
  readonly parsed: object | null
  readonly problem: string | null
}

/** What a message is, as far as it must be known before graphql-ws reads it; null where it is none. */
export function peek(text: string, mostJsonParts: number): ClientMessage | null {
  try {
    const members: Record<string, unknown> = {}
    const problem = problemOf(text, mostJsonParts, (name, value) => {
      if (name === 'id' || name === 'type') members[name] = JSON.parse(value)
    })
    const parsed = problem === null ? (JSON.parse(text) as Record<string, unknown>) : null
    const { type, id } = parsed ?? members
    const kind = KINDS.find((known) => known === type)
    return kind ? { type: kind, id: typeof id === 'string' ? id : null, parsed, problem } : null
  } catch {
    return null
  }
}
