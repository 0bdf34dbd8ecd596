/** Executes operations with graphql-js, after a check of the size of their variables. */
import {
  type ASTVisitor,
  type DocumentNode,
  type ExecutionArgs,
  type ExecutionResult,
  execute as executeOperation,
  GraphQLError,
  getOperationAST,
  Kind,
  type SelectionSetNode,
  subscribe as subscribeOperation,
  type ValidationContext,
  visit,
} from 'graphql'
import { checkVariables } from '../ask/arguments.ts'
import { errorLocation } from '../delivery/client-error.ts'
import type { EventLoopYield } from '../delivery/event-loop-yield.ts'
import { byteLength, RawJson } from '../delivery/raw-json.ts'
import type { Context } from './context.ts'

export async function execute(args: ExecutionArgs): Promise<ExecutionResult> {
  const other = withoutIntrospection(args.document)
  const document = other ?? args.document
  const result = begin(args) ?? (await executeOperation({ ...args, document, hideSuggestions: true }))
  if (result.data) await printLists(result.data, (args.contextValue as Context).operation.eventLoop)
  return withStatus(result.data && other ? await withIntrospection(result, args) : result)
}

/** Puts the values of introspection fields into the result. If there are none, because they are too large, there is no result. */
async function withIntrospection(result: ExecutionResult, args: ExecutionArgs): Promise<ExecutionResult> {
  const { document, operationName, variableValues } = args
  const { services, operation } = args.contextValue as Context
  const source = document.loc!.source.body
  try {
    const question = { source, operationName: operationName ?? null, variables: variableValues ?? {} }
    if (!operation.heldMemory.hasRoom) await operation.heldMemory.room(operation.signal, { timed: true, whole: true })
    const values = await services.introspector.answer(question, operation)
    for (const { pieces } of values.values()) operation.heldMemory.add(byteLength(pieces))
    return { ...result, data: { ...result.data, ...Object.fromEntries(values) } }
  } catch (error) {
    return { errors: [new GraphQLError((error as Error).message, { originalError: error as Error })] }
  }
}

/** Executes a subscription. If its iterator throws, the operation has ended with an error. */
export async function subscribe(args: ExecutionArgs): Promise<ExecutionResult | AsyncGenerator<ExecutionResult, void, void>> {
  const results = begin(args) ?? (await subscribeOperation({ ...args, hideSuggestions: true }))
  return Symbol.asyncIterator in results ? results : withStatus(results)
}

/** Returns a result if the operation must not be executed, else null. */
function begin(args: ExecutionArgs): ExecutionResult | null {
  identify(args)
  const error = checkVariables(args)
  return error && { errors: [error] }
}

/** Records what the operation is, for the log and the metrics. */
export function identify({ document, operationName, contextValue }: ExecutionArgs): void {
  const { operation } = contextValue as Context
  const definition = getOperationAST(document, operationName)
  operation.kind = definition?.operation ?? null
  operation.name = definition?.name?.value ?? null
}

/** Adds the status of a bad request if nothing was executed: a variable is wrong, or the operation is missing. */
function withStatus(result: ExecutionResult): ExecutionResult {
  if ('data' in result || !result.errors) return result
  return { errors: result.errors.map(asRequestError) }
}

function asRequestError(error: GraphQLError): GraphQLError {
  const extensions = { ...error.extensions, http: { spec: true, status: 400 } }
  return new GraphQLError(error.message, { ...errorLocation(error), originalError: error.originalError ?? null, extensions })
}

/**
 * Refuses `@skip` and `@include` on the root field of a subscription, as the GraphQL specification does since 2025. Without its
 * one field graphql-js 16 throws a TypeError.
 */
export function wholeSubscriptionRoot(context: ValidationContext): ASTVisitor {
  const seen = new Set<string>()

  function check({ selections }: SelectionSetNode): void {
    for (const node of selections) {
      const conditional = node.directives?.find(({ name }) => name.value === 'skip' || name.value === 'include')
      if (conditional) {
        const message = `\`@${conditional.name.value}\` is not allowed at the root of a subscription, which selects exactly one field.`
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

/*
 * Writes long lists of a result as JSON item by item. A thousand layers with all their fields are 10 MB, and JSON.stringify
 * would block the event loop for all of it.
 */

/** Items from which a list is written piece by piece. A shorter list is written with the rest. */
const FEW_ITEMS = 32
/** Characters per piece. */
const PIECE = 65_536

/** Replaces long lists by their JSON, in root fields and in the members of these. */
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

/* Introspection fields are answered in a thread; the others are executed here. */

const INTROSPECTION_FIELDS: ReadonlySet<string> = new Set(['__schema', '__type'])
/** The text of every document that has such a field. */
const INTROSPECTION_NAMES = /__(?:schema|type)(?![_0-9A-Za-z])/

/**
 * Returns the document with `__typename` in place of each introspection field, under the same response key, so that the result has their place. Null
 * if the document has no introspection field. Validation ensures that they are fields of the query type only.
 */
export function withoutIntrospection(document: DocumentNode): DocumentNode | null {
  if (!INTROSPECTION_NAMES.test(document.loc?.source.body ?? '')) return null
  let found = false
  const other = visit(document, {
    Field(node) {
      if (!INTROSPECTION_FIELDS.has(node.name.value)) return undefined
      found = true
      const { selectionSet: _, arguments: __, ...rest } = node
      return { ...rest, alias: node.alias ?? node.name, name: { kind: Kind.NAME, value: '__typename' } }
    },
  })
  return found ? other : null
}
