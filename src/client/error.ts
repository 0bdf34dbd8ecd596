import type { ErrorCode } from '../model/errors.ts'

/**
 * The codes of the server, and two of the client: OFFLINE, there is no connection; PROTOCOL, the received data is not the requested data.
 */
export type ClientErrorCode = ErrorCode | 'OFFLINE' | 'PROTOCOL'

export interface ClientErrorDetails {
  /** True if the same request may succeed later. */
  readonly retry?: boolean | undefined
  /** Seconds to wait before the next attempt. */
  readonly retryAfter?: number | undefined
  /** The cursor after the last delivered batch. Pass it as `after` to resume. */
  readonly cursor?: string | undefined
  /** Identifies a defect in the server's log. */
  readonly correlationId?: string | undefined
}

/** The error that ended a stream or a request. The message is for people, the code for programs. */
export class GeoduckClientError extends Error {
  override readonly name = 'GeoduckClientError'
  readonly code: ClientErrorCode
  readonly details: ClientErrorDetails

  constructor(code: ClientErrorCode, message: string, details: ClientErrorDetails = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
    this.details = details
  }

  /** True if the same request may succeed later. */
  get retry(): boolean {
    return this.details.retry ?? false
  }

  /** The cursor after the last delivered batch. Null if nothing was delivered, or if the stream cannot resume. */
  get cursor(): string | null {
    return this.details.cursor ?? null
  }
}

/**
 * Codes with which graphql-ws, or a server with 1009, closes a connection because of the request itself. A retry would end in
 * the same way.
 */
const REFUSED_CODES = new Set([4400, 4401, 4406])
const FORBIDDEN = 4403
const TOO_BIG = 1009

const UNAUTHENTICATED =
  'The token is missing or wrong: pass `client: connect(url, { connectionParams: { authorization: "Bearer TOKEN" } })`.'

interface WireError {
  readonly message: string
  readonly extensions?: (ClientErrorDetails & { readonly code?: ClientErrorCode }) | undefined
}

/** `reason` is from graphql-ws or `fetch`: GraphQL errors, a CloseEvent, or any error of the network. */
export function clientError(reason: unknown): GeoduckClientError {
  if (reason instanceof GeoduckClientError) return reason
  if (Array.isArray(reason)) return fromWire(reason[0] as WireError | undefined)
  const code = isObject(reason) && 'code' in reason ? reason.code : undefined
  if (code === TOO_BIG)
    return new GeoduckClientError('LIMIT_EXCEEDED', 'A message was larger than the server takes (1 MB).', {}, reason)
  if (code === FORBIDDEN) return new GeoduckClientError('UNAUTHENTICATED', UNAUTHENTICATED, {}, reason)
  if (REFUSED_CODES.has(code as number))
    return new GeoduckClientError('PROTOCOL', `The server refused the connection: ${closeReason(reason)}`, {}, reason)
  return new GeoduckClientError('OFFLINE', 'The connection to the server is lost, or was refused.', { retry: true }, reason)
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
