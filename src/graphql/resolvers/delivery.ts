import { type GraphQLResolveInfo, responsePathAsArray } from 'graphql'
import { askedBy, cursorAt, type Question } from '../../ask/question.ts'
import { FlowingPage } from '../../delivery/flowing-page.ts'
import { RawJson } from '../../delivery/raw-json.ts'
import type { Batch, Explanation, Page } from '../../engines/engine.ts'
import type { Context } from '../context.ts'
import type { AnyPage, Delivery, PageDelivery } from '../delivery.ts'
import type { FeatureBatchResolvers, FeaturePageResolvers } from '../generated.ts'

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

type Resolver<Parent, Args, Value> = (parent: Parent, args: Args, context: Context, info: GraphQLResolveInfo) => Value

/** Of a page that flows, the value is put into the result when all else of it is there; `standIn` is what graphql-js sees of it. */
function orFlowing<Args, Value>(
  held: Resolver<PageDelivery, Args, Value>,
  name: 'features' | 'count' | 'hasMore' | 'cursor',
  standIn: Value,
): Resolver<AnyPage, Args, Value> {
  return (page, args, context, info) => {
    if (!(page instanceof FlowingPage)) return held(page, args, context, info)
    context.operation.splice(responsePathAsArray(info.path), page[name])
    return standIn
  }
}

/** What keeps a page from flowing never meets one that does. */
function whole(page: AnyPage): PageDelivery {
  if (page instanceof FlowingPage) throw new Error('A page flows that may not')
  return page
}

export const featurePage: FeaturePageResolvers = {
  geojson: orFlowing(encodings.geojson, 'features', new RawJson()),
  features: orFlowing(encodings.features, 'features', []),
  arrow: (page, args, context, info) => encodings.arrow(whole(page), args, context, info),
  count: orFlowing(({ batch }) => batch.count, 'count', 0),
  hasMore: orFlowing(({ batch }) => batch.hasMore, 'hasMore', false),
  cursor: orFlowing<object, string | null>(
    ({ batch, question }, _args, context) => (batch.position ? cursorAt(batch.position, question, context) : null),
    'cursor',
    null,
  ),
  matched: ({ question }, _args, context) => once(counts, question, () => counted(question, context)),
  execution: (page) => whole(page).batch.execution,
  explain: (page, _args, context) => once(explanations, page.question, () => explained(page, context)),
}

/** Under however many aliases they stand. */
const counts = new WeakMap<Question, Promise<bigint>>()
const explanations = new WeakMap<Question, Explanation>()

function once<Value>(made: WeakMap<Question, Value>, question: Question, make: () => Value): Value {
  const value = made.get(question) ?? make()
  made.set(question, value)
  return value
}

function counted(question: Question, context: Context): Promise<bigint> {
  return context.services.engine.count(question.query, askedBy(context, question), context.operation.signal)
}

function explained(page: AnyPage, context: Context): Explanation {
  return context.services.engine.explain({
    ...page.question.query,
    limit: page instanceof FlowingPage ? page.first : page.batch.count,
  })
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
