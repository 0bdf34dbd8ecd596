/** Why an execution failed, in the engine's words or in ours. */
import type { Failure, FailureKind } from '../../messages.ts'
import { classify } from './classify.ts'

/** A failure of ours, where the engine has no word for it. */
class ExecutionError extends Error {
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

export function withoutSentinel(words: string | null): Error {
  return words === null ? new ExecutionError('UNFINISHED', 'the result ended without its sentinel') : new Error(words)
}

export function encoded<T>(encode: () => T): T {
  try {
    return encode()
  } catch (error) {
    throw new ExecutionError('ENCODING', error instanceof Error ? error.message : String(error), error)
  }
}
