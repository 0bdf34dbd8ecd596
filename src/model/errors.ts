/**
 * The one error class of the project. Everything that is thrown on purpose is a `GeoduckError` with a code of the closed list below. Any other
 * error is a defect: a client receives only INTERNAL with a correlation id, which is also in the log.
 */

/**
 * Code → [meaning, whether the same request may succeed later, what to do, HTTP status before the first byte of a response].
 * The list is closed, and a test compares docs/errors.md with it.
 */
export const ERROR_CODES = {
  BAD_INPUT: ['The document or an argument is wrong.', false, 'Correct what the message names; it says what is accepted.', 400],
  UNAUTHENTICATED: [
    'The server requires a token, and the request has none or a wrong one.',
    false,
    'Send `Authorization: Bearer TOKEN`. Over a WebSocket, it may also be `authorization` in the payload of `connection_init`.',
    401,
  ],
  FORBIDDEN: [
    'The client may not write.',
    false,
    'Start the server with `--writes`, and send the write token if it has one.',
    403,
  ],
  PERSISTED_QUERY_NOT_FOUND: [
    'The server does not have the document of this hash.',
    false,
    'Send `query` together with its hash once. Clients with persisted queries do so by themselves.',
    // Some clients read no body of another status.
    200,
  ],
  PERSISTED_QUERY_NOT_SUPPORTED: [
    'The server takes no persisted queries, or not of this version.',
    false,
    'Send `query` without a hash. Clients with persisted queries do so by themselves.',
    200,
  ],
  LAYER_NOT_FOUND: ['No layer has this name.', false, 'Query `layers` for the names.', 404],
  LAYER_NOT_READY: [
    'The layer is being prepared and cannot be queried yet.',
    true,
    'Try again after `retryAfter` seconds; `health.preparations` shows the progress.',
    503,
  ],
  CURSOR_INVALID: [
    'The cursor was not made by this service for this query.',
    false,
    'Pass it with the same `layer`, `where` and `orderBy`, or start without it.',
    400,
  ],
  CURSOR_EXPIRED: ['The data has changed since the cursor was made.', false, 'Start again without it.', 410],
  LIMIT_EXCEEDED: [
    'The request, or a requested feature, is larger than a limit.',
    false,
    'Request less: the message names the limit (docs/limits.md). With a `cursor`, resume after the feature.',
    413,
  ],
  UNSUPPORTED: [
    'The engine of the layer, or the format of the file, does not support the query.',
    false,
    'Remove what the message names.',
    400,
  ],
  ENGINE_UNAVAILABLE: [
    'The engine that gathers the rows of the layer does not answer, or its work failed.',
    true,
    'Try again after `retryAfter` seconds, from `cursor` if there is one.',
    503,
  ],
  OVERLOADED: [
    'Too many operations are open or wait for a worker, or clients have too many unread results or connections.',
    true,
    'Read the open responses, and try again after `retryAfter` seconds.',
    503,
  ],
  DEADLINE_EXCEEDED: [
    'The query took longer than its deadline, or a stream took too long for one batch.',
    false,
    'Narrow the query, or raise `--deadline`.',
    504,
  ],
  SLOW_CONSUMER: ['The client did not read for too long.', true, 'Resume from `cursor`, and read faster.', 500],
  OUT_OF_MEMORY: [
    'The query needs more memory than a worker has, even in the serial lane.',
    false,
    'Narrow the query, or raise `--memory-limit`.',
    500,
  ],
  QUARANTINED: [
    'This query has ended worker processes, and is refused for a minute.',
    true,
    'Narrow the query, or try again after `retryAfter` seconds.',
    503,
  ],
  WORKER_LOST: ['Several workers were lost while they executed the query.', true, 'Resume from `cursor`, or try again.', 503],
  SOURCE_CHANGED: ['A file changed while it was read.', true, 'Try again.', 503],
  SOURCE_UNREADABLE: ['A file cannot be read.', false, 'See `health.problems` for the reason.', 500],
  SHUTTING_DOWN: ['The server is stopping.', true, 'Resume from `cursor` on another server, or later.', 503],
  INTERNAL: ['A defect of the server.', false, 'Report `correlationId`: the log has the cause.', 500],
} as const satisfies Record<string, readonly [meaning: string, retry: boolean, whatToDo: string, status: number]>

export type ErrorCode = keyof typeof ERROR_CODES

/** Details of an error. All of them are sent to the client in `extensions`. */
export interface ErrorDetails {
  /** Seconds to wait before the next attempt. */
  readonly retryAfter?: number
  /** The cursor to resume from: after the last good batch, or after the feature that is too large. */
  readonly cursor?: string
}

export class GeoduckError extends Error {
  override readonly name = 'GeoduckError'
  readonly code: ErrorCode
  readonly details: ErrorDetails

  /** Clients read `message`: it says what to do, and contains no path, SQL or stack. The cause stays in the log. */
  constructor(code: ErrorCode, message: string, options: { cause?: unknown; details?: ErrorDetails } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.details = options.details ?? {}
  }
}

/** An argument that only the engine can refuse: a CRS that PROJ does not know, or a geometry that a function refuses. */
export function refusedInput(message: string, options: { readonly cause?: unknown } = {}): GeoduckError {
  return new GeoduckError('BAD_INPUT', message, options)
}
