/**
 * Bounds on variables before graphql-js makes arguments of them: it goes down into input objects by recursion, and a filter that is 100,000
 * deep ends in a RangeError there. Values of scalars are left alone; who reads them bounds them.
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
import { DEEPEST_FILTER } from '../plan/filter-limits.ts'

/** A list in one place. */
export const MOST_LIST_ITEMS = 10_000
/** As deep as a filter may be let, with a list and an object each; a geometry or comparison in it is one more. */
const DEEPEST = 2 * DEEPEST_FILTER + 20

/** The LIMIT_EXCEEDED of the first variable that is too large; null if none is. */
export function checkVariables({ schema, document, operationName, variableValues }: ExecutionArgs): GraphQLError | null {
  for (const { variable, type: node } of getOperationAST(document, operationName)?.variableDefinitions ?? []) {
    const name = variable.name.value
    const type = typeFromAST(schema, node as Parameters<typeof typeFromAST>[1])
    const problem = isInputType(type) ? problemOf(variableValues?.[name], type) : null
    if (problem)
      return new GraphQLError(`\`$${name}\` ${problem}; ask for less at once.`, { extensions: { code: 'LIMIT_EXCEEDED' } })
  }
  return null
}

interface Open {
  readonly value: unknown
  readonly type: GraphQLInputType
  readonly depth: number
}

function problemOf(root: unknown, rootType: GraphQLInputType): string | null {
  const open: Open[] = [{ value: root, type: rootType, depth: 0 }]
  for (let next = open.pop(); next; next = open.pop()) {
    const { value, depth } = next
    const type = isNonNullType(next.type) ? next.type.ofType : next.type
    if (typeof value !== 'object' || value === null) continue
    if (depth > DEEPEST) return `is nested deeper than ${DEEPEST}`
    if (isListType(type)) {
      // A single value stands for a list of it.
      const items: readonly unknown[] = Array.isArray(value) ? value : [value]
      if (items.length > MOST_LIST_ITEMS) return `has a list of more than ${MOST_LIST_ITEMS} items`
      for (const item of items) open.push({ value: item, type: type.ofType, depth: depth + 1 })
    } else if (isInputObjectType(type)) {
      const members = value as Readonly<Record<string, unknown>>
      for (const field of Object.values(type.getFields()))
        open.push({ value: members[field.name], type: field.type, depth: depth + 1 })
    }
  }
  return null
}
