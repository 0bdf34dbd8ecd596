import type { ErrorCode } from '../model/errors.ts'

/**
 * The server's codes, and what only a client can meet: OFFLINE, there is no connection; PROTOCOL, what came is not what was asked for.
 */
export type ClientErrorCode = ErrorCode | 'OFFLINE' | 'PROTOCOL'

export interface ClientErrorDetails {
  /** Whether asking again as it stands may help. */
  readonly retry?: boolean | undefined
  /** Seconds to wait before that. */
  readonly retryAfter?: number | undefined
  /** Behind the last batch that was delivered: pass it as `after` to go on. */
  readonly cursor?: string | undefined
  /** To find a defect in the server's log. */
  readonly correlationId?: string | undefined
}

/** What ended a stream or a request. The message is for people, the code for programs. */
export class GeoduckClientError extends Error {
  override readonly name = 'GeoduckClientError'
  readonly code: ClientErrorCode
  readonly details: ClientErrorDetails

  constructor(code: ClientErrorCode, message: string, details: ClientErrorDetails = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
    this.details = details
  }

  /** Whether asking again as it stands may help. */
  get retry(): boolean {
    return this.details.retry ?? false
  }

  /** Behind the last batch that was delivered; null where nothing was, or nothing can go on from there. */
  get cursor(): string | null {
    return this.details.cursor ?? null
  }
}

/** graphql-ws closes with these, and a server with 1009, where the same question would meet the same end. */
const REFUSED_CODES = new Set([4400, 4401, 4406])
const FORBIDDEN = 4403
const TOO_BIG = 1009

interface WireError {
  readonly message: string
  readonly extensions?: (ClientErrorDetails & { readonly code?: ClientErrorCode }) | undefined
}

/** `reason` is what graphql-ws or `fetch` gives: GraphQL errors, a CloseEvent, or whatever the network threw. */
export function clientError(reason: unknown): GeoduckClientError {
  if (reason instanceof GeoduckClientError) return reason
  if (Array.isArray(reason)) return fromWire(reason[0] as WireError | undefined)
  const code = isObject(reason) && 'code' in reason ? reason.code : undefined
  if (code === TOO_BIG)
    return new GeoduckClientError('LIMIT_EXCEEDED', 'A message was larger than the server takes (1 MB).', {}, reason)
  if (code === FORBIDDEN)
    return new GeoduckClientError('UNAUTHENTICATED', 'The server wants a token: give it in `connectionParams`.', {}, reason)
  if (REFUSED_CODES.has(code as number))
    return new GeoduckClientError('PROTOCOL', `The server refused the connection: ${closeReason(reason)}`, {}, reason)
  return new GeoduckClientError('OFFLINE', 'The connection to the server is lost.', { retry: true }, reason)
}

function fromWire(error: WireError | undefined): GeoduckClientError {
  const { code = 'BAD_INPUT', ...details } = error?.extensions ?? {}
  return new GeoduckClientError(code, error?.message ?? 'The server refused the request.', details, error)
}

function closeReason(reason: unknown): string {
  return isObject(reason) && 'reason' in reason ? String(reason.reason) : 'it does not say why.'
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
