/** Resolves groups of features, as pages and as streams. */
import type { GraphQLResolveInfo } from 'graphql'
import { BATCH_SIZE, firstRange, inRange, LIMIT } from '../../ask/arguments.ts'
import { operationContext } from '../../ask/feature-request.ts'
import { type GroupArguments, type GroupRequest, readGroupRequest } from '../../ask/groups/read-groups.ts'
import { BatchEvents } from '../../delivery/batch-events.ts'
import type { Page } from '../../engines/engine.ts'
import type { Context } from '../context.ts'
import type { Delivery } from '../delivery.ts'
import type {
  GroupBatchResolvers,
  GroupConnectionResolvers,
  QueryAggregateArgs,
  QueryResolvers,
  SubscriptionAggregateBatchesArgs,
  SubscriptionResolvers,
} from '../generated.ts'
import { selectGroups } from '../group-selection.ts'
import { cursor, list, pageInfo, readPage, totalCount } from './rows.ts'

/** Returns the page of `aggregate` or of a layer's own root field. */
export async function groupsOf(
  args: GroupArguments & Pick<QueryAggregateArgs, 'first'>,
  context: Context,
  info: GraphQLResolveInfo,
): Promise<Delivery<Page, GroupRequest>> {
  const first = inRange('first', args.first, firstRange(context.services.pageRows, 'aggregateBatches'))
  const request = await readGroupRequest(args, context, (columns) => selectGroups(info, columns))
  return { batch: await readPage(request, first, context), request }
}

/** Starts the stream of `aggregateBatches` or of a layer's own root field. */
export async function groupStream(
  args: GroupArguments & Pick<SubscriptionAggregateBatchesArgs, 'batchSize'>,
  context: Context,
  info: GraphQLResolveInfo,
): Promise<BatchEvents<'aggregateBatches', GroupRequest>> {
  const batchSize = inRange('batchSize', args.batchSize, BATCH_SIZE)
  if (typeof args.limit === 'number') inRange('limit', args.limit, LIMIT)
  const request = await readGroupRequest(args, context, (columns) => selectGroups(info, columns))
  return new BatchEvents(request, { batchSize, message: request.selection.message }, context, 'aggregateBatches')
}

export const groupQueries: Pick<QueryResolvers, 'aggregate'> = {
  aggregate: (_root, args, context, info) => groupsOf(args, context, info),
}

export const groupSubscriptions: Pick<SubscriptionResolvers, 'aggregateBatches'> = {
  aggregateBatches: { subscribe: (_root, args, context, info) => groupStream(args, context, info) },
}

export const groupConnection: GroupConnectionResolvers = {
  count: ({ batch }) => batch.count,
  rows: list,
  pageInfo,
  totalCount: ({ request }, _args, context) => totalCount(request, operationContext(context, request), context),
  execution: ({ batch }) => batch.execution,
}

export const groupBatch: GroupBatchResolvers = {
  sequence: ({ batch }) => batch.sequence,
  count: ({ batch }) => batch.count,
  rows: list,
  cursor,
  execution: ({ batch }) => batch.execution,
}
