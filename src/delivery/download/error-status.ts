import type { ErrorCode } from '../../model/errors.ts'

/** Of an error that comes before the first byte. Those that are not here are the server's fault: 500. */
export const ERROR_STATUS: Readonly<Partial<Record<ErrorCode, number>>> = {
  BAD_INPUT: 400,
  UNAUTHENTICATED: 401,
  LAYER_NOT_FOUND: 404,
  LAYER_NOT_READY: 503,
  CURSOR_INVALID: 400,
  CURSOR_EXPIRED: 410,
  LIMIT_EXCEEDED: 413,
  OVERLOADED: 503,
  DEADLINE_EXCEEDED: 504,
  QUARANTINED: 503,
  WORKER_LOST: 503,
  SOURCE_CHANGED: 503,
  SHUTTING_DOWN: 503,
}
