/** Arguments that come as JSON values by name, not in a document. What each may be is read off the contract. */
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
import { DEEPEST_FILTER } from './read/read-filter.ts'

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

/*
 * Bounds on input values before graphql-js makes arguments of them. It goes down into them by recursion, looks for every field of an input type in
 * each, and prints what is wrong as often as it finds something wrong with it: a megabyte took it 3.4 s. Values of scalars of ours are left alone;
 * who reads them bounds them.
 */

/** A list in one place. */
export const MOST_LIST_ITEMS = 10_000
/** Input objects, lists and the values in them, of all variables together. */
export const MOST_INPUT_VALUES = 25_000
/** Numbers, with heights. */
const MOST_IN_BBOX = 6
/** The scalar that takes whatever it is given. */
const ANY_JSON = 'JSON'
/** As deep as a filter may be let, with a list and an object each; a geometry or comparison in it is one more. */
const DEEPEST = 2 * DEEPEST_FILTER + 20

/** What is wrong with the first value that is. */
class InputCheck {
  #left = MOST_INPUT_VALUES

  /** `name` is what a message calls it. */
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
        // A single value stands for a list of it.
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

/** As a BBox is. Whatever else is no scalar, graphql-js would print in its message, twice. */
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

/** The error of the first variable that is too large, or not of its type's form; null if none is. */
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

/** An integer argument within its limits, or BAD_INPUT that names both. Null stands for the default, as if it were left out. */
export function inRange(name: string, value: number | null | undefined, [low, high, otherwise, more]: Range): number {
  const given = value ?? otherwise
  if (given >= low && given <= high) return given
  const hint = more !== undefined && given > high ? ` ${more}` : ''
  throw new GeoduckError('BAD_INPUT', `\`${name}\` is from ${text(low)} to ${text(high)}; it was ${given}.${hint}`)
}

/** `more`: what to do who wants more. */
type Range = readonly [low: number, high: number, otherwise: number, more?: string]

/** Seconds. `most`: the server's own. */
export const deadlineRange = (most: number): Range => [Math.min(0.1, most), most, most]
export const PRECISION: Range = [0, 15, 7]
/** Its headers have room for no more. */
export const TWKB_PRECISION: Range = [0, 7, 7]
/** `pageRows`: the most that the server gives. */
export const firstRange = (pageRows: number): Range => [
  1,
  pageRows,
  Math.min(100, pageRows),
  'Pass `pageInfo { endCursor }` as `after` for the next, or subscribe to `featureBatches`.',
]
export const BATCH_SIZE: Range = [1, 10_000, 1_024]
/** A GraphQL Int has no more. */
export const LIMIT: Range = [0, 2_147_483_647, 0]
export const EVERY_MS: Range = [250, 60_000, 1_000]

/** `10,000`, as in the schema. */
function text(bound: number): string {
  return bound.toLocaleString('en')
}
