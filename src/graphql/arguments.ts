/** Arguments that come as JSON values by name, not in a document. What each may be is read off the contract. */
import { coerceInputValue, type GraphQLArgument } from 'graphql'
import { GeoduckError } from '../errors.ts'

/** BAD_INPUT and LIMIT_EXCEEDED, as for a variable; `taker` is who takes them, for messages. */
export function coerceArguments(
  given: Readonly<Record<string, unknown>>,
  known: readonly GraphQLArgument[],
  taker: string,
): Record<string, unknown> {
  const args: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(given)) {
    const argument = known.find((candidate) => candidate.name === name)
    if (!argument) throw badInput(`${taker} takes no \`${name.slice(0, 100)}\`, but ${known.map((one) => one.name).join(', ')}.`)
    args[name] = coerceOne(argument, value)
  }
  return args
}

function coerceOne({ name, type }: GraphQLArgument, value: unknown): unknown {
  try {
    return coerceInputValue(value, type, (path, _, error) => {
      throw badInput(`\`${[name, ...path].join('.')}\`: ${error.message}`)
    })
  } catch (error) {
    // It goes down as deep as the value does.
    if (error instanceof RangeError)
      throw new GeoduckError('LIMIT_EXCEEDED', `\`${name}\` is nested too deep; ask for less at once.`)
    throw error
  }
}

function badInput(message: string): GeoduckError {
  return new GeoduckError('BAD_INPUT', message)
}
