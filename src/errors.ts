/**
 * The one error of the project. Whatever is thrown on purpose is a `GeoduckError` with a code of the closed list below;
 * anything else is a defect and reaches a client only as INTERNAL, with a correlation id that is also in the log.
 */

/** Code → [what it means, whether asking again as it stands may help]. The list is closed: docs and schema quote it. */
export const ERROR_CODES = {
  BAD_INPUT: ['An argument is wrong; the message names it and what it takes.', false],
  LAYER_NOT_FOUND: ['No layer of that name is served; `layers` lists them.', false],
  LAYER_NOT_READY: ['The layer is being read and cannot be asked yet.', true],
  CURSOR_INVALID: ['The cursor was not made by this service for this question.', false],
  CURSOR_EXPIRED: ['The data behind the cursor has changed; start again without it.', false],
  LIMIT_EXCEEDED: ['The request is larger than a limit, which the message names.', false],
  OVERLOADED: ['Too many operations are waiting; ask again after `retryAfter` seconds.', true],
  DEADLINE_EXCEEDED: ['The query used up its engine time; narrow it or raise `--deadline`.', false],
  SLOW_CONSUMER: ['The client did not read for too long; resume from the cursor.', true],
  OUT_OF_MEMORY: ['The query needs more memory than its limit, which the message names.', false],
  QUARANTINED: ['This query has ended worker processes and is refused for a while.', true],
  WORKER_LOST: ['The worker process ended under the query; resume from the cursor.', true],
  SOURCE_CHANGED: ['A file changed while it was read; ask again.', true],
  SOURCE_UNREADABLE: ['A file cannot be read; `health.problems` says why.', false],
  SHUTTING_DOWN: ['The server is stopping; resume from the cursor elsewhere or later.', true],
  INTERNAL: ['A defect of the server; the log has it under the correlation id.', false],
} as const satisfies Record<string, readonly [meaning: string, retry: boolean]>

export type ErrorCode = keyof typeof ERROR_CODES

/** What an error tells beside its message; all of it goes to the client in `extensions`. */
export interface ErrorDetails {
  /** Seconds to wait before asking again. */
  readonly retryAfter?: number
  /** Resume behind the last good batch. */
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
