/**
 * Turns any error into one that is safe for clients: it has a code from the closed list, and its message holds no path, SQL or
 * stack.
 */
import {
  type ExecutionResult,
  type FormattedExecutionResult,
  GraphQLError,
  type GraphQLErrorExtensions,
  type GraphQLErrorOptions,
  type GraphQLFormattedError,
} from 'graphql'
import { documentErrorCode } from '../ask/arguments.ts'
import { ERROR_CODES, type ErrorCode, GeoduckError } from '../model/errors.ts'
import type { Operation } from './operation.ts'

export interface ErrorOwner {
  /** The correlation id: the client receives it, and the log has it. */
  readonly id: string
  /** Logs the cause under `id`. */
  readonly onDefect: (error: unknown) => void
  /** Aborted when the client has gone. An error that follows from this is not a defect. */
  readonly signal: AbortSignal
}

/**
 * Returns the error that the client receives. GraphQL's own errors (syntax, validation, variables) get their code from `ask/`.
 * An unexpected error becomes INTERNAL, and its cause is logged under the operation's id, even if the client has gone.
 * `extensions.http`, which the HTTP server needs, is kept; `formatError` removes it.
 */
export function toClientError(error: unknown, owner: ErrorOwner): GraphQLError {
  const cause = innermost(error)
  const isExpected = cause instanceof GeoduckError && cause.code !== 'INTERNAL'
  return isExpected ? fromGeoduck(cause, error) : fromOther(error, cause, owner)
}

/** Returns the error that the client receives, and records it as the operation's outcome if it is the first. */
export function failed(error: unknown, operation: Operation): GraphQLError {
  const shown = toClientError(error, operation)
  operation.failed(shown.extensions['code'] as ErrorCode)
  return shown
}

/** Inserts the spliced values into a result, and makes its errors safe. The errors keep the HTTP status that they require. */
export function readyResult(result: ExecutionResult, operation: Operation): ExecutionResult {
  operation.settle(result.data)
  return result.errors ? { ...result, errors: result.errors.map((error) => failed(error, operation)) } : result
}

/** Returns the result in the form of a response: `errors` first, without `extensions.http`. */
export function formatResult({ errors, ...result }: ExecutionResult): FormattedExecutionResult {
  return { ...(errors && { errors: errors.map(formatError) }), ...result }
}

/** Returns the HTTP status of a response that has only this error: that of its code, unless it has its own. */
export function refusalStatus({ extensions }: GraphQLError): number {
  return extensions.http?.status ?? ERROR_CODES[extensions['code'] as ErrorCode][3]
}

/** Returns the error in the form of a response, without `extensions.http`. */
export function formatError(error: GraphQLError): GraphQLFormattedError {
  const { http: _, ...extensions } = error.extensions
  return { ...error.toJSON(), extensions }
}

/** Converts an expected error. `error` holds its location in the document and in the response, if that is known. */
export function fromGeoduck({ code, message, details }: GeoduckError, error?: unknown): GraphQLError {
  return located(error, message, { code, retry: ERROR_CODES[code][1], ...details })
}

function fromOther(error: unknown, cause: unknown, { id, onDefect, signal }: ErrorOwner): GraphQLError {
  if (cause instanceof GraphQLError && !isOfResult(error, cause)) {
    return located(error, cause.message, { code: documentErrorCode(cause), retry: false })
  }
  if (!isConsequence(cause, signal)) onDefect(cause)
  return located(error, `A defect of the server; its log has it under ${id}.`, {
    code: 'INTERNAL',
    retry: false,
    correlationId: id,
    ...(cause instanceof GeoduckError && cause.details),
  })
}

/**
 * Returns true if graphql-js refused a value that a resolver returned. Such an error has a path, but no location in the
 * document.
 */
function isOfResult(error: unknown, cause: GraphQLError): boolean {
  return error instanceof GraphQLError && error.path !== undefined && cause.nodes === undefined
}

/** Returns true if the client has disconnected and the error is only a consequence of that. */
function isConsequence(cause: unknown, { aborted, reason }: AbortSignal): boolean {
  return aborted && (cause === reason || (cause instanceof Error && 'code' in cause && cause.code === 'ECONNRESET'))
}

function located(error: unknown, message: string, extensions: GraphQLErrorExtensions): GraphQLError {
  if (!(error instanceof GraphQLError)) return new GraphQLError(message, { extensions })
  const http = error.extensions['http']
  return new GraphQLError(message, { ...errorLocation(error), extensions: http ? { ...extensions, http } : extensions })
}

/** Returns the error's location in the document and its path in the response. */
export function errorLocation({ nodes, source, positions, path }: GraphQLError): GraphQLErrorOptions {
  return { nodes: nodes ?? null, source: source ?? null, positions: positions ?? null, path: path ?? null }
}

function innermost(error: unknown): unknown {
  return error instanceof GraphQLError && error.originalError ? innermost(error.originalError) : error
}
