/** What a client gets to see of an error: a code of the closed list and a message that holds no path, SQL or stack. */
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
  /** The correlation id. */
  readonly id: string
  /** Writes the cause to the log under that id. */
  readonly onDefect: (error: unknown) => void
  /** Aborted when the client has gone: what is thrown for that reason is no defect. */
  readonly signal: AbortSignal
}

/**
 * GraphQL's own errors (syntax, validation, variables) have the code that `ask/` gives them; whatever was not thrown on purpose is INTERNAL, and its
 * cause is logged under the id that the client receives, also where the client has gone by then.
 * `extensions.http` of the HTTP server is kept: `formatError` leaves it out.
 */
export function toClientError(error: unknown, owner: ErrorOwner): GraphQLError {
  const cause = innermost(error)
  const foreseen = cause instanceof GeoduckError && cause.code !== 'INTERNAL'
  return foreseen ? fromGeoduck(cause, error) : fromOther(error, cause, owner)
}

/** The same; it becomes the operation's outcome, unless one was there before it. */
export function failed(error: unknown, operation: Operation): GraphQLError {
  const shown = toClientError(error, operation)
  operation.failed(shown.extensions['code'] as ErrorCode)
  return shown
}

/** A result as it leaves, with all that is put into it; its errors still say what status they want. */
export function readyResult(result: ExecutionResult, operation: Operation): ExecutionResult {
  operation.settle(result.data)
  return result.errors ? { ...result, errors: result.errors.map((error) => failed(error, operation)) } : result
}

export function formatResult({ errors, ...result }: ExecutionResult): FormattedExecutionResult {
  return { ...(errors && { errors: errors.map(formatError) }), ...result }
}

export function refusalStatus({ extensions }: GraphQLError): number {
  return ERROR_CODES[extensions['code'] as ErrorCode][3]
}

/** As it stands in a response. */
export function formatError(error: GraphQLError): GraphQLFormattedError {
  const { http: _, ...extensions } = error.extensions
  return { ...error.toJSON(), extensions }
}

/** `error` tells where it was thrown, if it is known. */
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

/** A value of ours that the schema does not allow: graphql-js names the field, and no place in the document. */
function isOfResult(error: unknown, cause: GraphQLError): boolean {
  return error instanceof GraphQLError && error.path !== undefined && cause.nodes === undefined
}

/** The client has gone, and what is thrown is that, or the end of the request that it was sending. */
function isConsequence(cause: unknown, { aborted, reason }: AbortSignal): boolean {
  return aborted && (cause === reason || (cause instanceof Error && 'code' in cause && cause.code === 'ECONNRESET'))
}

function located(error: unknown, message: string, extensions: GraphQLErrorExtensions): GraphQLError {
  if (!(error instanceof GraphQLError)) return new GraphQLError(message, { extensions })
  const http = error.extensions['http']
  return new GraphQLError(message, { ...errorLocation(error), extensions: http ? { ...extensions, http } : extensions })
}

/** Where in the document and in the response. */
export function errorLocation({ nodes, source, positions, path }: GraphQLError): GraphQLErrorOptions {
  return { nodes: nodes ?? null, source: source ?? null, positions: positions ?? null, path: path ?? null }
}

function innermost(error: unknown): unknown {
  return error instanceof GraphQLError && error.originalError ? innermost(error.originalError) : error
}
