/** Messages between the server and the thread that answers introspection. */
import type { SchemaLayer } from '../schema.ts'
import type { IntrospectionAnswer } from './writer.ts'

/** An operation whose document and variables were checked. */
export interface Question {
  /** The text of the document. */
  readonly source: string
  readonly operationName: string | null
  readonly variables: Readonly<Record<string, unknown>>
}

/** The layers arrive in parts, before the first question. */
export type ToThread =
  | { readonly type: 'LAYERS'; readonly layers: readonly SchemaLayer[] }
  | { readonly type: 'ASK'; readonly question: Question; readonly mostBytes: number }

export type FromThread =
  | { readonly type: 'ANSWER'; readonly answer: IntrospectionAnswer }
  | { readonly type: 'TOO_LARGE' }
  | { readonly type: 'FAILED'; readonly message: string }
