/** The failures of an execution, and their kinds, which decide whether it is tried again, and where. */
import { REFUSED } from '../../dialect/quote.ts'
import type { Failure, FailureKind } from '../../messages.ts'

/** A failure that the engine itself does not report. */
export class ExecutionError extends Error {
  readonly kind: FailureKind

  constructor(kind: FailureKind, message: string, cause?: unknown) {
    super(message, { cause })
    this.kind = kind
  }
}

export function failureOf(error: unknown): Failure {
  const message = error instanceof Error ? error.message : String(error)
  return error instanceof ExecutionError ? { kind: error.kind, message } : classify(message)
}

export function withoutSentinel(message: string | null): Error {
  return message === null ? new ExecutionError('UNFINISHED', 'the result ended without its sentinel') : new Error(message)
}

/**
 * Kinds of failure by the start of the engine's message. The engine throws plain errors, so only the message distinguishes
 * them.
 */
const KINDS: readonly (readonly [prefix: string, kind: FailureKind])[] = [
  ['Out of Memory Error:', 'OUT_OF_MEMORY'],
  // A damaged page of Parquet says that it is longer than the file.
  ['IO Error: Could not read enough bytes', 'UNREADABLE'],
  ['IO Error:', 'IO'],
  ['HTTP Error:', 'IO'],
  ['INTERRUPT Error:', 'INTERRUPTED'],
  [`Invalid Input Error: ${REFUSED}`, 'REFUSED'],
  ['Invalid Input Error: Could not create projection', 'UNKNOWN_CRS'],
  ['Invalid Input Error: Invalid string encoding found in Parquet file', 'BROKEN_TEXT'],
  ['Invalid Input Error: Failed to read file', 'UNREADABLE'],
  ['Conversion Error: Could not convert Timestamp', 'UNREADABLE'],
  // The readers of Parquet throw errors of the C++ library, which have no kind of the engine.
  ['Invalid Error:', 'UNREADABLE'],
  ['Serialization Error:', 'UNREADABLE'],
  ['Invalid Input Error:', 'INVALID_INPUT'],
  ['Conversion Error:', 'INVALID_INPUT'],
  ['Out of Range Error:', 'INVALID_INPUT'],
  // After either of these, no connection of the instance works.
  ['INTERNAL Error:', 'FATAL'],
  ['FATAL Error:', 'FATAL'],
]

/** The engine writes this before its message if another thread had the error than the one that reads. Without an error nothing follows. */
const CLOSED =
  /^Invalid Input Error: Attempting to execute an unsuccessful or closed (streaming|pending) query result(\nError: )?/

/** Returns the kind of failure of an engine message, and the message. */
export function classify(reported: string): Failure {
  const message = reported.replace(CLOSED, '')
  // The result was closed while it was read; the query is not the cause.
  if (message === '') return { kind: 'UNFINISHED', message: reported }
  // The message for an allocation that the operating system refuses differs from that for the engine's own limit.
  if (/std::bad_alloc|failed to allocate/i.test(message)) return { kind: 'OUT_OF_MEMORY', message }
  return { kind: KINDS.find(([prefix]) => message.startsWith(prefix))?.[1] ?? 'OTHER', message }
}
