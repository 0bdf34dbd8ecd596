/** Resolves what pages and batches of features and of groups have in common. */
import { type GraphQLResolveInfo, responsePathAsArray } from 'graphql'
import { cursorAt, operationContext, type RowRequest, requireCapable } from '../../ask/feature-request.ts'
import { countIn, countOf } from '../../ask/groups/read-groups.ts'
import { rowTooLarge } from '../../delivery/batch-events.ts'
import { join, RawJson } from '../../delivery/raw-json.ts'
import type { Batch, OperationContext, Page } from '../../engines/engine.ts'
import type { RowPosition } from '../../model/query.ts'
import type { Context } from '../context.ts'
import type { Delivery } from '../delivery.ts'

export type Resolver<Parent, Args, Value> = (parent: Parent, args: Args, context: Context, info: GraphQLResolveInfo) => Value
type AnyDelivery = Delivery<Batch | Page, RowRequest>

/** Returns an encoding that a worker has made, by its response key. */
export const encoded: Resolver<AnyDelivery, unknown, RawJson> = (delivery, _args, _context, info) =>
  new RawJson(...bytesOf(delivery, info))

/** Returns an empty list until the result is complete, because graphql-js would complete a list row by row. */
export const list: Resolver<AnyDelivery, unknown, never[]> = (delivery, _args, { operation }, info) => {
  operation.splice(responsePathAsArray(info.path), new RawJson(...bytesOf(delivery, info)))
  return []
}

function bytesOf({ batch, request }: AnyDelivery, info: GraphQLResolveInfo): readonly Uint8Array[] {
  const output = batch.outputs[request.selection.indexes.get(String(info.path.key))!]!
  return output instanceof Uint8Array ? [output] : output
}

/** Reads a page that is held. */
export async function readPage(request: RowRequest, first: number, context: Context): Promise<Page> {
  const { services, operation } = context
  const message = operation.mayFlow ? null : request.selection.message
  const page = await services.engine.page(request.query, first, operationContext(context, request), operation.signal, message)
  if (page.tooLarge !== undefined) throw await rowTooLarge(page.tooLarge, request, context)
  operation.delivered(page)
  // Over HTTP the operation ends with the response. All of the page is sent by then, and its memory is free for another one.
  if (operation.mayFlow) operation.whenEnded(page.release)
  return page
}

/** The values of `pageInfo`. */
export interface PageInfoModel {
  readonly hasNextPage: boolean
  readonly endCursor: string | null
  readonly hasPreviousPage: boolean
  readonly startCursor: string | null
}

export interface PageEnds {
  readonly request: RowRequest
  readonly startCursor: string | null
  /** The position of the page's last row. */
  readonly end: RowPosition | null
  readonly hasNextPage: boolean
}

export function pageInfoOf({ request, startCursor, end, hasNextPage }: PageEnds, context: Context): PageInfoModel {
  return {
    hasNextPage,
    endCursor: end && cursorAt(end, request, context),
    hasPreviousPage: request.query.after !== null,
    startCursor,
  }
}

export const pageInfo: Resolver<Delivery<Page, RowRequest>, object, PageInfoModel> = ({ batch, request }, _args, context) => {
  const { startCursor: index } = request.selection
  const startCursor = index === null ? null : (JSON.parse(join(batch.outputs[index]!).toString()) as string | null)
  return pageInfoOf({ request, startCursor, end: batch.position, hasNextPage: batch.hasMore }, context)
}

export const cursor: Resolver<Delivery<Batch, RowRequest>, object, string> = ({ batch, request }, _args, context) => {
  if (!batch.position) throw new Error('A batch of a stream has no position')
  return cursorAt(batch.position, request, context)
}

const counts = new WeakMap<RowRequest, Promise<bigint>>()

/** Counts the rows with a separate query. */
export function totalCount(request: RowRequest, asker: OperationContext, context: Context): Promise<bigint> {
  return once(counts, request, () => count(request, asker, context))
}

async function count({ query }: RowRequest, asker: OperationContext, { services, operation }: Context): Promise<bigint> {
  const counting = countOf(query)
  requireCapable(counting, services.can)
  const { outputs, release } = await services.engine.page(counting, 1, asker, operation.signal)
  const total = countIn(join(outputs[0]!))
  release()
  return total
}

/** Makes a value once per request, even if several aliases select it. */
export function once<Value>(made: WeakMap<RowRequest, Value>, request: RowRequest, make: () => Value): Value {
  const value = made.get(request) ?? make()
  made.set(request, value)
  return value
}
