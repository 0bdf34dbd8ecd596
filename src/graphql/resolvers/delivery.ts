import { type GraphQLResolveInfo, responsePathAsArray } from 'graphql'
import { explain } from '../../plan/explain.ts'
import type { Batch, Page } from '../../pool/engine.ts'
import type { Context } from '../context.ts'
import type { Delivery } from '../delivery.ts'
import type { FeatureBatchResolvers, FeaturePageResolvers } from '../generated.ts'
import { askedBy, cursorAt } from '../question.ts'
import { RawJson } from '../raw-json.ts'

/** The three encodings: bytes that a worker has made, under whatever response key they were asked. */
const encodings = {
  geojson: (delivery: Delivery<Batch | Page>, _args: unknown, _context: Context, info: GraphQLResolveInfo) =>
    new RawJson(...encoded(delivery, info)),

  arrow: (delivery: Delivery<Batch | Page>, _args: unknown, _context: Context, info: GraphQLResolveInfo) =>
    new RawJson(...encoded(delivery, info)),

  /** A list would be completed feature by feature: an empty one stands in for it until the result is whole. */
  features: (delivery: Delivery<Batch | Page>, _args: unknown, { operation }: Context, info: GraphQLResolveInfo) => {
    operation.splice(responsePathAsArray(info.path), new RawJson(...encoded(delivery, info)))
    return []
  },
}

function encoded({ batch, question }: Delivery<Batch | Page>, info: GraphQLResolveInfo): readonly Uint8Array[] {
  const output = batch.outputs[question.selection.indexes.get(String(info.path.key))!]!
  return output instanceof Uint8Array ? [output] : output
}

export const featurePage: FeaturePageResolvers = {
  ...encodings,
  count: ({ batch }) => batch.count,
  hasMore: ({ batch }) => batch.hasMore,
  cursor: ({ batch, question }, _args, context) => (batch.position ? cursorAt(batch.position, question, context) : null),
  matched: ({ question }, _args, context) =>
    context.services.engine.count(question.query, askedBy(context, question), context.operation.signal),
  execution: ({ batch }) => batch.execution,
  explain: ({ batch, question: { query } }) => explain({ ...query, limit: batch.count }),
}

export const featureBatch: FeatureBatchResolvers = {
  ...encodings,
  sequence: ({ batch }) => batch.sequence,
  count: ({ batch }) => batch.count,
  cursor: ({ batch, question }, _args, context) => {
    if (!batch.position) throw new Error('A batch of a stream has no position')
    return cursorAt(batch.position, question, context)
  },
  execution: ({ batch }) => batch.execution,
}
