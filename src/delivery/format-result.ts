import type { ExecutionResult, FormattedExecutionResult } from 'graphql'
import { codeOf, formatError, toClientError } from './client-error.ts'
import type { Operation } from './operation.ts'

/** As it stands in a response. The first error becomes the operation's outcome. */
export function formatResult({ errors, data, extensions }: ExecutionResult, operation: Operation): FormattedExecutionResult {
  const shown = errors?.map((error) => toClientError(error, operation))
  if (shown?.[0]) operation.failed(codeOf(shown[0]))
  return {
    ...(shown && { errors: shown.map(formatError) }),
    ...(data !== undefined && { data }),
    ...(extensions && { extensions }),
  }
}
