/** graphql-js's own execution, whose results take the raw values in and tell errors by their codes. */
import {
  type ExecutionArgs,
  type ExecutionResult,
  execute as executeOperation,
  GraphQLError,
  getOperationAST,
  subscribe as subscribeOperation,
} from 'graphql'
import { checkVariables } from '../ask/input-limits.ts'
import { codeOf, placeOf, toClientError } from '../delivery/client-error.ts'
import type { Operation, Splice } from '../delivery/operation.ts'
import { FlowingJson } from '../delivery/raw-json.ts'
import type { Context } from './context.ts'
import { printLists } from './print-lists.ts'

export type Results = AsyncGenerator<ExecutionResult, void, void>

export function execute(args: ExecutionArgs): Promise<ExecutionResult> {
  return answered(args, async (operation) => {
    const result = finish(tooLarge(args) ?? (await executeOperation({ ...args, hideSuggestions: true })), operation)
    if (result.data) await printLists(result.data, operation.pace)
    return result
  })
}

/** An iterator that ends by throwing is an operation that ended with an error. */
export function subscribe(args: ExecutionArgs): Promise<ExecutionResult | Results> {
  return answered<ExecutionResult | Results>(args, async (operation) => {
    const results = tooLarge(args) ?? (await subscribeOperation({ ...args, hideSuggestions: true }))
    return Symbol.asyncIterator in results ? new FinishedResults(results, operation) : finish(results, operation)
  })
}

/** Whatever is thrown is the operation's error: a wire that met it would have no id to name it by. */
async function answered<Result>(
  args: ExecutionArgs,
  run: (operation: Operation) => Promise<Result>,
): Promise<Result | ExecutionResult> {
  const { operation } = args.contextValue as Context
  try {
    begin(args)
    return await run(operation)
  } catch (error) {
    return failed(error, operation)
  }
}

/** The error as the client gets to see it, and the operation's outcome. */
export function failed(error: unknown, operation: Operation): ExecutionResult & { readonly errors: readonly [GraphQLError] } {
  const shown = toClientError(error, operation)
  operation.failed(codeOf(shown))
  return { errors: [shown] }
}

/** By hand, like every iterator of a stream: `return()` must pass at once, also under a `next()` that waits. */
class FinishedResults implements Results {
  readonly #results: AsyncGenerator<ExecutionResult, void, void>
  readonly #operation: Operation
  /** Told once: what comes behind an error is the end, also to those who go on asking. */
  #failed = false

  constructor(results: AsyncGenerator<ExecutionResult, void, void>, operation: Operation) {
    this.#results = results
    this.#operation = operation
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async next(): Promise<IteratorResult<ExecutionResult, void>> {
    if (this.#failed) return { done: true, value: undefined }
    try {
      const result = await this.#results.next()
      return result.done ? result : { done: false, value: finish(result.value, this.#operation) }
    } catch (error) {
      this.#failed = true
      throw failed(error, this.#operation).errors[0]
    }
  }

  return(): Promise<IteratorResult<ExecutionResult, void>> {
    return this.#results.return()
  }

  throw(error: unknown): Promise<IteratorResult<ExecutionResult, void>> {
    return this.#results.throw(error)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return()
  }
}

function begin({ contextValue, document, operationName }: ExecutionArgs): void {
  const { operation } = contextValue as Context
  const definition = getOperationAST(document, operationName)
  operation.kind = definition?.operation ?? null
  operation.name = definition?.name?.value ?? null
}

function tooLarge(args: ExecutionArgs): ExecutionResult | null {
  const error = checkVariables(args)
  return error && { errors: [error] }
}

function finish(result: ExecutionResult, operation: Operation): ExecutionResult {
  for (const splice of operation.takeSplices()) put(splice, result)
  if (!result.errors) return result
  const errors = result.errors.map((error) => toClientError('data' in result ? error : asRequestError(error), operation))
  operation.failed(codeOf(errors[0]!))
  return { ...result, errors }
}

/** Nothing was executed (a variable is wrong, an operation is missing): the status of a request that is at fault. */
function asRequestError(error: GraphQLError): GraphQLError {
  const extensions = { ...error.extensions, http: { spec: true, status: 400 } }
  return new GraphQLError(error.message, { ...placeOf(error), originalError: error.originalError ?? null, extensions })
}

/** Where an error has made a parent null, there is no place for the value any more. */
function put({ path, value }: Splice, { data }: ExecutionResult): void {
  let parent: unknown = data
  for (const key of path.slice(0, -1)) parent = isObject(parent) ? parent[key] : undefined
  if (!isObject(parent)) return
  const key = path.at(-1)!
  if (value instanceof FlowingJson) delete parent[key]
  parent[key] = value
}

function isObject(value: unknown): value is Record<string | number, unknown> {
  return typeof value === 'object' && value !== null
}
