import { type GraphQLResolveInfo, responsePathAsArray } from 'graphql'
import { askedBy, cursorAt, type Question } from '../../ask/question.ts'
import { askedNow } from '../../delivery/batch-events.ts'
import { FlowingPage } from '../../delivery/flowing-page.ts'
import { type FlowingJson, join, RawJson } from '../../delivery/raw-json.ts'
import type { Batch, Explanation, Page } from '../../engines/engine.ts'
import type { Context } from '../context.ts'
import type { AnyPage, Delivery, PageDelivery } from '../delivery.ts'
import type { FeatureBatchResolvers, FeatureConnectionResolvers } from '../generated.ts'
import { countOf, NO_PAGE, once, type PageInfoModel, pageInfoOf, printPageInfo } from '../page-info.ts'

type Resolver<Parent, Args, Value> = (parent: Parent, args: Args, context: Context, info: GraphQLResolveInfo) => Value
type AnyDelivery = Delivery<Batch | Page>

/** An encoding that a worker has made, under whatever response key it was asked. */
const encoded: Resolver<AnyDelivery, unknown, RawJson> = (delivery, _args, _context, info) =>
  new RawJson(...bytesOf(delivery, info))

/** A list would be completed feature by feature: an empty one stands in for it until the result is whole. */
const list: Resolver<AnyDelivery, unknown, never[]> = (delivery, _args, { operation }, info) => {
  operation.splice(responsePathAsArray(info.path), new RawJson(...bytesOf(delivery, info)))
  return []
}

function bytesOf({ batch, question }: AnyDelivery, info: GraphQLResolveInfo): readonly Uint8Array[] {
  const output = batch.outputs[question.selection.indexes.get(String(info.path.key))!]!
  return output instanceof Uint8Array ? [output] : output
}

/** Of a page that flows, the value is put into the result when all else of it is there; `standIn` is what graphql-js sees of it. */
function orFlowing<Args, Value>(
  held: Resolver<PageDelivery, Args, Value>,
  flowing: (page: FlowingPage, context: Context, info: GraphQLResolveInfo) => FlowingJson,
  standIn: Awaited<Value>,
): Resolver<AnyPage, Args, Value | Awaited<Value>> {
  return (page, args, context, info) => {
    if (!(page instanceof FlowingPage)) return held(page, args, context, info)
    context.operation.splice(responsePathAsArray(info.path), flowing(page, context, info))
    return standIn
  }
}

/** What keeps a page from flowing never meets one that does. */
function whole(page: AnyPage): PageDelivery {
  if (page instanceof FlowingPage) throw new Error('A page flows that may not')
  return page
}

const pageInfo: Resolver<PageDelivery, object, PageInfoModel> = ({ batch, question }, _args, context) => {
  const { startCursor: index } = question.selection
  const startCursor = index === null ? null : (JSON.parse(join(batch.outputs[index]!).toString()) as string | null)
  return pageInfoOf({ question, startCursor, end: batch.position, hasNextPage: batch.hasMore }, context)
}

export const featureConnection: FeatureConnectionResolvers = {
  count: orFlowing(
    ({ batch }) => batch.count,
    (page) => page.count,
    0,
  ),
  features: orFlowing(list, (page) => page.features, []),
  edges: orFlowing(list, (page) => page.features, []),
  pageInfo: orFlowing(
    pageInfo,
    (page, context, info) => page.after(() => printPageInfo(pageInfoOf(page.ends, context), info)),
    NO_PAGE,
  ),
  totalCount: orFlowing<object, bigint | Promise<bigint>>(
    ({ question }, _args, context) => countOf(question, askedBy(context, question), context),
    ({ question, after }, context) =>
      after(async () => JSON.stringify(String(await countOf(question, askedNow(question, context), context)))),
    0n,
  ),
  geojson: orFlowing(encoded, (page) => page.features, new RawJson()),
  arrow: (page, args, context, info) => encoded(whole(page), args, context, info),
  execution: (page) => whole(page).batch.execution,
  explain: (page, _args, context) => once(explanations, page.question, () => explained(page, context)),
}

const explanations = new WeakMap<Question, Explanation>()

function explained(page: AnyPage, context: Context): Explanation {
  return context.services.engine.explain({
    ...page.question.query,
    limit: page instanceof FlowingPage ? page.first : page.batch.count,
  })
}

export const featureBatch: FeatureBatchResolvers = {
  sequence: ({ batch }) => batch.sequence,
  count: ({ batch }) => batch.count,
  features: list,
  geojson: encoded,
  arrow: encoded,
  cursor: ({ batch, question }, _args, context) => {
    if (!batch.position) throw new Error('A batch of a stream has no position')
    return cursorAt(batch.position, question, context)
  },
  execution: ({ batch }) => batch.execution,
}
