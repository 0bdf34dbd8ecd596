/** Arguments that come as JSON values by name, not in a document. What each may be is read off the contract. */
import { coerceInputValue, type GraphQLArgument, type GraphQLError } from 'graphql'
import { type ErrorCode, GeoduckError } from '../model/errors.ts'
import { InputCheck } from './input-limits.ts'

/** BAD_INPUT and LIMIT_EXCEEDED, as for a variable; `taker` is who takes them, for messages. */
export function coerceArguments(
  given: Readonly<Record<string, unknown>>,
  known: readonly GraphQLArgument[],
  taker: string,
): Record<string, unknown> {
  const args: Record<string, unknown> = {}
  const check = new InputCheck()
  for (const [name, value] of Object.entries(given)) {
    const argument = known.find((candidate) => candidate.name === name)
    if (!argument) throw badInput(`${taker} takes no \`${name.slice(0, 100)}\`, but ${known.map((one) => one.name).join(', ')}.`)
    const problem = check.problemOf(name, value, argument.type)
    if (problem) throw new GeoduckError(problem.code, problem.message)
    args[name] = coerceOne(argument, value)
  }
  return args
}

function coerceOne({ name, type }: GraphQLArgument, value: unknown): unknown {
  const onError = (path: readonly (string | number)[], _: unknown, error: Error) => {
    throw badInput(`\`${[name, ...path].join('.')}\`: ${error.message}`)
  }
  return coerceInputValue(value, type, onError, true)
}

function badInput(message: string): GeoduckError {
  return new GeoduckError('BAD_INPUT', message)
}

/** The code of what graphql-js finds wrong with a document or its variables. A request body that is too large has the status 413. */
export function documentErrorCode({ extensions }: GraphQLError): ErrorCode {
  const { status } = (extensions['http'] ?? {}) as { readonly status?: unknown }
  return status === 413 || extensions['code'] === 'LIMIT_EXCEEDED' ? 'LIMIT_EXCEEDED' : 'BAD_INPUT'
}
