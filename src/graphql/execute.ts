/** graphql-js's own execution, of operations whose variables are no larger than they may be. */
import {
  type ASTVisitor,
  type ExecutionArgs,
  type ExecutionResult,
  execute as executeOperation,
  GraphQLError,
  getOperationAST,
  Kind,
  type SelectionSetNode,
  subscribe as subscribeOperation,
  type ValidationContext,
} from 'graphql'
import { checkVariables } from '../ask/arguments.ts'
import { errorLocation } from '../delivery/client-error.ts'
import type { EventLoopYield } from '../delivery/event-loop-yield.ts'
import { RawJson } from '../delivery/raw-json.ts'
import type { Context } from './context.ts'

export async function execute(args: ExecutionArgs): Promise<ExecutionResult> {
  const result = begin(args) ?? (await executeOperation({ ...args, hideSuggestions: true }))
  if (result.data) await printLists(result.data, (args.contextValue as Context).operation.eventLoop)
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
  return new GraphQLError(error.message, { ...errorLocation(error), originalError: error.originalError ?? null, extensions })
}

/**
 * No `@skip` or `@include` at a subscription's root, as the GraphQL specification has it since 2025: without its one field it is no subscription,
 * and graphql-js 16 throws a TypeError.
 */
export function wholeSubscriptionRoot(context: ValidationContext): ASTVisitor {
  const seen = new Set<string>()

  function check({ selections }: SelectionSetNode): void {
    for (const node of selections) {
      const conditional = node.directives?.find(({ name }) => name.value === 'skip' || name.value === 'include')
      if (conditional) {
        const message = `\`@${conditional.name.value}\` can't stand at the root of a subscription: it selects exactly one field, always.`
        context.reportError(new GraphQLError(message, { nodes: conditional }))
      }
      if (node.kind === Kind.INLINE_FRAGMENT) check(node.selectionSet)
      if (node.kind === Kind.FRAGMENT_SPREAD && !seen.has(node.name.value)) {
        seen.add(node.name.value)
        const fragment = context.getFragment(node.name.value)
        if (fragment) check(fragment.selectionSet)
      }
    }
  }

  return {
    OperationDefinition({ operation, selectionSet }) {
      seen.clear()
      if (operation === 'subscription') check(selectionSet)
    },
  }
}

/* Long lists of a result as JSON, made item by item: a thousand layers with all that can be asked of them are 10 MB, which JSON.stringify holds the event loop for. */

/** A shorter list is printed with the rest. */
const FEW_ITEMS = 32
/** Characters of a piece. */
const PIECE = 65_536

/** Puts the JSON of long lists in their places: of root fields, and of their members. */
async function printLists(data: Record<string, unknown>, eventLoop: EventLoopYield): Promise<void> {
  for (const parent of [data, ...Object.values(data).filter(isPlain)]) {
    for (const [key, value] of Object.entries(parent)) {
      if (Array.isArray(value) && value.length > FEW_ITEMS) parent[key] = await printed(value, eventLoop)
    }
  }
}

async function printed(items: readonly unknown[], eventLoop: EventLoopYield): Promise<RawJson> {
  const pieces: Uint8Array[] = []
  let text = '['
  for (const [n, item] of items.entries()) {
    await eventLoop.yieldIfDue()
    text += `${n === 0 ? '' : ','}${JSON.stringify(item)}`
    if (text.length < PIECE) continue
    pieces.push(Buffer.from(text))
    text = ''
  }
  return new RawJson(...pieces, Buffer.from(`${text}]`))
}

function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === null
}
