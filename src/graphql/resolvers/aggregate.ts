/** Resolves groups of features, as pages and as streams. */
import { BATCH_SIZE, firstRange, inRange, LIMIT } from '../../ask/arguments.ts'
import { operationContext } from '../../ask/feature-request.ts'
import { readGroupRequest } from '../../ask/groups/read-groups.ts'
import { BatchEvents } from '../../delivery/batch-events.ts'
import type { GroupBatchResolvers, GroupConnectionResolvers, QueryResolvers, SubscriptionResolvers } from '../generated.ts'
import { selectGroups } from '../group-selection.ts'
import { cursor, list, pageInfo, readPage, totalCount } from './rows.ts'

export const groupQueries: Pick<QueryResolvers, 'aggregate'> = {
  aggregate: async (_root, args, context, info) => {
    const first = inRange('first', args.first, firstRange(context.services.pageRows, 'aggregateBatches'))
    const request = await readGroupRequest(args, context, (columns) => selectGroups(info, columns))
    return { batch: await readPage(request, first, context), request }
  },
}

export const groupSubscriptions: Pick<SubscriptionResolvers, 'aggregateBatches'> = {
  aggregateBatches: {
    subscribe: async (_root, args, context, info) => {
      const batchSize = inRange('batchSize', args.batchSize, BATCH_SIZE)
      if (typeof args.limit === 'number') inRange('limit', args.limit, LIMIT)
      const request = await readGroupRequest(args, context, (columns) => selectGroups(info, columns))
      return new BatchEvents(request, { batchSize, message: request.selection.message }, context, 'aggregateBatches')
    },
  },
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
