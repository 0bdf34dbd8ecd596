/**
 * Bounds on input values before graphql-js makes arguments of them. It goes down into them by recursion, looks for every field of an input type in
 * each, and prints what is wrong as often as it finds something wrong with it: a megabyte took it 3.4 s. Values of scalars of ours are left alone;
 * who reads them bounds them.
 */
import {
  type ExecutionArgs,
  GraphQLError,
  type GraphQLInputType,
  getOperationAST,
  isInputObjectType,
  isInputType,
  isListType,
  isNonNullType,
  typeFromAST,
} from 'graphql'
import type { ErrorCode } from '../model/errors.ts'
import { DEEPEST_FILTER } from './filter-limits.ts'

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
export class InputCheck {
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

export interface InputProblem {
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
