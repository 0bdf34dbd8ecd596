/** graphql-js's own execution, of operations whose variables are no larger than they may be. */
import {
  type ExecutionArgs,
  type ExecutionResult,
  execute as executeOperation,
  GraphQLError,
  getOperationAST,
  subscribe as subscribeOperation,
} from 'graphql'
import { checkVariables } from '../ask/input-limits.ts'
import { placeOf } from '../delivery/client-error.ts'
import type { Context } from './context.ts'
import { printLists } from './print-lists.ts'

export async function execute(args: ExecutionArgs): Promise<ExecutionResult> {
  const result = begin(args) ?? (await executeOperation({ ...args, hideSuggestions: true }))
  if (result.data) await printLists(result.data, (args.contextValue as Context).operation.pace)
  return withStatus(result)
}

/** An iterator that ends by throwing is an operation that ended with an error. */
export async function subscribe(args: ExecutionArgs): Promise<ExecutionResult | AsyncGenerator<ExecutionResult, void, void>> {
  const results = begin(args) ?? (await subscribeOperation({ ...args, hideSuggestions: true }))
  return Symbol.asyncIterator in results ? results : withStatus(results)
}

/** A result where it is not to be executed. */
function begin(args: ExecutionArgs): ExecutionResult | null {
  const { operation } = args.contextValue as Context
  const definition = getOperationAST(args.document, args.operationName)
  operation.kind = definition?.operation ?? null
  operation.name = definition?.name?.value ?? null
  const error = checkVariables(args)
  return error && { errors: [error] }
}

/** Where nothing was executed (a variable is wrong, an operation is missing): the status of a request that is at fault. */
function withStatus(result: ExecutionResult): ExecutionResult {
  if ('data' in result || !result.errors) return result
  return { errors: result.errors.map(asRequestError) }
}

function asRequestError(error: GraphQLError): GraphQLError {
  const extensions = { ...error.extensions, http: { spec: true, status: 400 } }
  return new GraphQLError(error.message, { ...placeOf(error), originalError: error.originalError ?? null, extensions })
}
