/** Reads arguments that are JSON values by name, outside of a document. The schema defines which values are valid. */
import {
  coerceInputValue,
  type ExecutionArgs,
  type GraphQLArgument,
  GraphQLError,
  type GraphQLInputType,
  getOperationAST,
  isInputObjectType,
  isInputType,
  isListType,
  isNonNullType,
  typeFromAST,
} from 'graphql'
import { type ErrorCode, GeoduckError } from '../model/errors.ts'
import { nearNames } from '../model/near-names.ts'
import { DEEPEST_FILTER } from './read/read-filter.ts'

/**
 * Checks one argument as graphql-js checks a variable. `taker` names the receiver in messages. @throws GeoduckError BAD_INPUT,
 * LIMIT_EXCEEDED
 */
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

/**
 * Refuses an argument that is not one of `names`. The message has the nearest of them, or what `otherNames` advises for a name of another service,
 * in lower case. @throws GeoduckError BAD_INPUT
 */
export function refuseUnknown(
  given: Readonly<Record<string, unknown>>,
  names: readonly string[],
  taker: string,
  otherNames: Readonly<Record<string, string>> = {},
): void {
  const unknown = Object.keys(given).find((name) => !names.includes(name))
  if (unknown === undefined) return
  const [near] = nearNames(unknown, names)
  const lower = unknown.toLowerCase()
  const instead = Object.hasOwn(otherNames, lower) ? otherNames[lower] : near && `\`${near}\``
  throw badInput(
    `${taker} takes no \`${unknown.slice(0, 100)}\`${instead ? `: use ${instead}` : ''}. It takes ${names.join(', ')}.`,
  )
}

/** Returns the arguments with `only` for its short form `properties`, as OGC API Features names it. @throws GeoduckError BAD_INPUT for both */
export function withOnly({ properties, ...others }: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  if (!isGiven(properties)) return others
  if (isGiven(others['only'])) throw badInput('`properties` and `only` are the same; give one of them.')
  return { ...others, only: properties }
}

export function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null
}

export function badInput(message: string): GeoduckError {
  return new GeoduckError('BAD_INPUT', message)
}

/**
 * The code of an error that graphql-js finds in a document or its variables. A request body that is too large has the status
 * 413.
 */
export function documentErrorCode({ extensions }: GraphQLError): ErrorCode {
  const { status } = (extensions['http'] ?? {}) as { readonly status?: unknown }
  return status === 413 || extensions['code'] === 'LIMIT_EXCEEDED' ? 'LIMIT_EXCEEDED' : 'BAD_INPUT'
}

/*
 * Limits input values before graphql-js makes arguments from them. graphql-js descends into them by recursion, looks up every field of an input
 * type in each, and prints every fault: a megabyte took 3.4 s. Values of our own scalars are not checked here, because their readers limit
 * them.
 */

/** The maximum length of one list. */
export const MOST_LIST_ITEMS = 10_000
/** The maximum number of input objects, lists and values in them, over all variables. */
export const MOST_INPUT_VALUES = 25_000
/** Numbers, with heights. */
const MOST_IN_BBOX = 6
/** The scalar that accepts any value. */
const ANY_JSON = 'JSON'
/** Each level of the deepest permitted filter is a list and an object. A geometry or comparison in it is one more level. */
const DEEPEST = 2 * DEEPEST_FILTER + 20

/** The fault of the first wrong value. */
class InputCheck {
  #left = MOST_INPUT_VALUES

  /** `name` is the name of the value in messages. */
  problemOf(name: string, root: unknown, rootType: GraphQLInputType): InputProblem | null {
    const open: Open[] = [{ value: root, type: rootType, depth: 0 }]
    for (let next = open.pop(); next; next = open.pop()) {
      const { value, depth } = next
      const type = isNonNullType(next.type) ? next.type.ofType : next.type
      if (value === undefined || value === null) continue
      const tooLarge = (what: string) =>
        ({ code: 'LIMIT_EXCEEDED', message: `\`${name}\` ${what}; ask for less at once.` }) as const
      this.#left--
      if (this.#left < 0) return tooLarge(`and the other variables hold more than ${MOST_INPUT_VALUES} values`)
      const wrong = (what: string) => ({ code: 'BAD_INPUT', message: `\`${name}\`: ${what}.` }) as const
      if (isListType(type)) {
        // A single value stands for a list with this value.
        const items: readonly unknown[] = Array.isArray(value) ? value : [value]
        if (depth > DEEPEST) return tooLarge(`is nested deeper than ${DEEPEST}`)
        if (items.length > MOST_LIST_ITEMS) return tooLarge(`has a list of more than ${MOST_LIST_ITEMS} items`)
        for (let n = items.length - 1; n >= 0; n--) open.push({ value: items[n], type: type.ofType, depth: depth + 1 })
      } else if (isInputObjectType(type)) {
        if (typeof value !== 'object' || Array.isArray(value)) return wrong(`a ${type.name} is an object`)
        if (depth > DEEPEST) return tooLarge(`is nested deeper than ${DEEPEST}`)
        const fields = type.getFields()
        for (const member in value) {
          const field = Object.hasOwn(fields, member) ? fields[member] : undefined
          if (!field) return wrong(`${type.name} has no member ${JSON.stringify(member.slice(0, 100))}`)
          open.push({ value: (value as Record<string, unknown>)[member], type: field.type, depth: depth + 1 })
        }
      } else if (typeof value === 'object' && type.name !== ANY_JSON && !isShortList(value)) {
        return wrong(`${type.name} takes no ${Array.isArray(value) ? 'such list' : 'object'}`)
      }
    }
    return null
  }
}

/** True for the form of a BBox. graphql-js would print any other value that is no scalar twice in its message. */
function isShortList(value: object): boolean {
  return Array.isArray(value) && value.length <= MOST_IN_BBOX && value.every((item) => typeof item !== 'object')
}

interface InputProblem {
  readonly code: ErrorCode
  readonly message: string
}

interface Open {
  readonly value: unknown
  readonly type: GraphQLInputType
  readonly depth: number
}

/** Returns the error of the first variable that is too large or has the wrong form. Null if there is none. */
export function checkVariables({ schema, document, operationName, variableValues }: ExecutionArgs): GraphQLError | null {
  const check = new InputCheck()
  for (const { variable, type: node } of getOperationAST(document, operationName)?.variableDefinitions ?? []) {
    const name = variable.name.value
    const type = typeFromAST(schema, node as Parameters<typeof typeFromAST>[1])
    const problem = isInputType(type) ? check.problemOf(`$${name}`, variableValues?.[name], type) : null
    if (problem) return new GraphQLError(problem.message, { nodes: variable, extensions: { code: problem.code } })
  }
  return null
}

/**
 * Returns an integer argument within its limits. Null stands for the default, as if it were absent. @throws GeoduckError
 * BAD_INPUT with both limits
 */
export function inRange(name: string, value: number | null | undefined, [low, high, otherwise, more]: Range): number {
  const given = value ?? otherwise
  if (given >= low && given <= high) return given
  const hint = more !== undefined && given > high ? ` ${more}` : ''
  throw new GeoduckError('BAD_INPUT', `\`${name}\` is from ${text(low)} to ${text(high)}; it was ${given}.${hint}`)
}

/** `more`: the advice for a caller who wants more. */
type Range = readonly [low: number, high: number, otherwise: number, more?: string]

/** Seconds. `most`: the server's limit. */
export const deadlineRange = (most: number): Range => [Math.min(0.1, most), most, most]
export const PRECISION: Range = [0, 15, 7]
/** A header has no room for more. */
export const TWKB_PRECISION: Range = [0, 7, 7]
/** `pageRows`: the server's maximum. `stream`: the subscription for more rows. */
export const firstRange = (pageRows: number, stream = 'featureBatches'): Range => [
  1,
  pageRows,
  Math.min(100, pageRows),
  `Pass \`pageInfo { endCursor }\` as \`after\` for the next, or subscribe to \`${stream}\`.`,
]
export const BATCH_SIZE: Range = [1, 10_000, 1_024]
/** The maximum of a GraphQL Int. */
export const LIMIT: Range = [0, 2_147_483_647, 0]
export const MOST_IN_VIEWPORT: Range = [1, 50_000, 5_000]
export const PER_SECOND: Range = [0.1, 50, 10]
export const EVERY_MS: Range = [250, 60_000, 1_000]

/** Prints `10,000`, as in the schema. */
function text(bound: number): string {
  return bound.toLocaleString('en')
}
