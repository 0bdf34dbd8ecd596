/**
 * The one error of the project. Whatever is thrown on purpose is a `GeoduckError` with a code of the closed list below;
 * anything else is a defect and reaches a client only as INTERNAL, with a correlation id that is also in the log.
 */

/** Code → [what it means, whether asking again as it stands may help, what to do, the HTTP status before the first byte of a response]. The list is closed: docs/errors.md is held to it. */
export const ERROR_CODES = {
  BAD_INPUT: ['The document or an argument is wrong.', false, 'Correct what the message names; it tells what is taken.', 400],
  UNAUTHENTICATED: [
    'The server wants a token, and none or another one was sent.',
    false,
    'Send `Authorization: Bearer TOKEN`; over a WebSocket, `{ "authorization": "Bearer TOKEN" }` as the payload of `connection_init`.',
    401,
  ],
  LAYER_NOT_FOUND: ['No layer of that name is served.', false, 'Ask `layers` for the names.', 404],
  LAYER_NOT_READY: ['The layer is being read and cannot be asked yet.', true, 'Ask again in a moment; `/ready` tells when.', 503],
  CURSOR_INVALID: [
    'The cursor was not made by this service for this question.',
    false,
    'Pass it with the `layer`, `where` and `orderBy` that it came from, or start without it.',
    400,
  ],
  CURSOR_EXPIRED: ['The data behind the cursor has changed.', false, 'Start again without it.', 410],
  LIMIT_EXCEEDED: [
    'The request, or a feature that it asks for, is larger than a limit.',
    false,
    'Ask for less: the message names the limit (docs/limits.md). With a `cursor`, resume after the feature.',
    413,
  ],
  UNSUPPORTED: ['The engine of the layer cannot do what is asked.', false, 'Leave out what the message names.', 400],
  OVERLOADED: [
    'Too many operations are open or wait for a worker, or too many results or connections for their clients.',
    true,
    'Read the responses that are open, and ask again after `retryAfter` seconds.',
    503,
  ],
  DEADLINE_EXCEEDED: [
    'The query took more than its time, or a stream for one batch.',
    false,
    'Narrow it, or raise `--deadline`.',
    504,
  ],
  SLOW_CONSUMER: ['The client did not read for too long.', true, 'Resume from `cursor`, and read faster.', 500],
  OUT_OF_MEMORY: [
    'The query needs more memory than a worker has, in the serial lane too.',
    false,
    'Narrow it, or raise `--memory-limit`.',
    500,
  ],
  QUARANTINED: [
    'This query has ended worker processes and is refused for a minute.',
    true,
    'Narrow it, or ask again after `retryAfter` seconds.',
    503,
  ],
  WORKER_LOST: ['Executions of the query were lost again and again.', true, 'Resume from `cursor`, or ask again.', 503],
  SOURCE_CHANGED: ['A file changed while it was read.', true, 'Ask again.', 503],
  SOURCE_UNREADABLE: ['A file cannot be read.', false, 'See `health.problems` for the reason.', 500],
  SHUTTING_DOWN: ['The server is stopping.', true, 'Resume from `cursor` elsewhere or later.', 503],
  INTERNAL: ['A defect of the server.', false, 'Report `correlationId`: the log has the cause under it.', 500],
} as const satisfies Record<string, readonly [meaning: string, retry: boolean, whatToDo: string, status: number]>

export type ErrorCode = keyof typeof ERROR_CODES

/** What an error tells beside its message; all of it goes to the client in `extensions`. */
export interface ErrorDetails {
  /** Seconds to wait before asking again. */
  readonly retryAfter?: number
  /** Resume after the last good batch, or after the feature that is too large. */
  readonly cursor?: string
}

export class GeoduckError extends Error {
  override readonly name = 'GeoduckError'
  readonly code: ErrorCode
  readonly details: ErrorDetails

  /** `message` is read by clients: it says what to do, and holds no path, SQL or stack. The cause stays in the log. */
  constructor(code: ErrorCode, message: string, options: { cause?: unknown; details?: ErrorDetails } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.details = options.details ?? {}
  }
}

/** What only the engine can find wrong with an argument: a CRS that PROJ does not know, a geometry that a function refuses. */
export function refusedInput(message: string, options: { readonly cause?: unknown } = {}): GeoduckError {
  return new GeoduckError('BAD_INPUT', message, options)
}
