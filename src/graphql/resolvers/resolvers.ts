/** The resolvers of every type. A field without a resolver returns the property of the same name. */

import { type GraphQLResolveInfo, responsePathAsArray } from 'graphql'
import { BATCH_SIZE, badInput, EVERY_MS, firstRange, inRange, LIMIT } from '../../ask/arguments.ts'
import {
  type FeatureArguments,
  type FeatureRequest,
  findLayer,
  layerNotFound,
  operationContext,
  readableLayer,
  readFeatureRequest,
  readWhere,
  requireCapable,
} from '../../ask/feature-request.ts'
import { readKey } from '../../ask/key.ts'
import { Representations } from '../../ask/selection.ts'
import { signFilter } from '../../ask/tile-filter.ts'
import { requireTiles } from '../../ask/tile-query.ts'
import { viewOf } from '../../ask/view.ts'
import { BatchEvents, operationContextNow } from '../../delivery/batch-events.ts'
import type { EventLoopYield } from '../../delivery/event-loop-yield.ts'
import { FlowingPage } from '../../delivery/flowing-page.ts'
import { type FlowingJson, join, RawJson } from '../../delivery/raw-json.ts'
import { canJoin, frameOf, within } from '../../encode/encode.ts'
import { type Explanation, NOT_EXECUTED, type Page } from '../../engines/engine.ts'
import { keyIn, keyOfId, layerOfId, makersOf } from '../../model/feature-id.ts'
import { type Field, type OnInvalid as Handling, kindOf, type Layer } from '../../model/layer.ts'
import type { FeatureQuery } from '../../model/query.ts'
import type { Context } from '../context.ts'
import type { AnyPage, NamedColumn, PageDelivery } from '../delivery.ts'
import type {
  ColumnResolvers,
  ExecutionResolvers,
  FeatureBatchResolvers,
  FeatureConnectionResolvers,
  InvalidFeatureResolvers,
  LayerKeyResolvers,
  LayerResolvers,
  OnInvalid,
  QueryFeaturesArgs,
  QueryResolvers,
  Resolvers,
  SubscriptionFeatureBatchesArgs,
  SubscriptionResolvers,
  WorkerResolvers,
} from '../generated.ts'
import { HealthEvents } from '../health-events.ts'
import { LayerEvents } from '../layer-events.ts'
import { layerNameOf } from '../schema.ts'
import { rootFields, selectedFields, selectFeature, selectOutputs } from '../selection.ts'
import { columnNames } from '../typed/names.ts'
import { groupBatch, groupConnection, groupQueries, groupSubscriptions } from './aggregate.ts'
import { changes, subscribeToChanges } from './changes.ts'
import { fenceBatch, subscribeToFences } from './fences.ts'
import { mutation } from './mutation.ts'
import {
  cursor,
  encoded,
  list,
  once,
  type PageInfoModel,
  pageInfo,
  pageInfoOf,
  type Resolver,
  readPage,
  totalCount,
} from './rows.ts'
import { moveViewport, subscribeToViewport, viewportTypes } from './viewport.ts'

const NO_PAGE: PageInfoModel = { hasNextPage: false, endCursor: null, hasPreviousPage: false, startCursor: null }

/** Writes the selected fields as JSON, for a page whose result graphql-js has already completed. */
function printPageInfo(values: PageInfoModel, info: GraphQLResolveInfo): string {
  const members = [...selectedFields(info.fieldNodes, info)].map(([key, [node]]) => {
    const name = node!.name.value as keyof PageInfoModel | '__typename'
    return [key, name === '__typename' ? 'PageInfo' : values[name]]
  })
  return JSON.stringify(Object.fromEntries(members))
}

/**
 * Resolves a field of a page. For a flowing page the value is inserted when the rest of the result exists; graphql-js sees
 * `standIn`.
 */
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

/** Returns the page as one that is held. Fields that prevent a flowing page never get one. */
function whole(page: AnyPage): PageDelivery {
  if (page instanceof FlowingPage) throw new Error('A page flows that may not')
  return page
}

const featureConnection: FeatureConnectionResolvers = {
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
    ({ request }, _args, context) => totalCount(request, operationContext(context, request), context),
    ({ request, after }, context) =>
      after(async () => JSON.stringify(String(await totalCount(request, operationContextNow(request, context), context)))),
    0n,
  ),
  geojson: orFlowing(encoded, (page) => page.features, new RawJson()),
  arrow: (page, args, context, info) => encoded(whole(page), args, context, info),
  execution: (page) => whole(page).batch.execution,
  explain: (page, _args, context) => once(explanations, page.request, () => explained(page, context)),
}

const explanations = new WeakMap<FeatureRequest, Explanation>()

function explained(page: AnyPage, context: Context): Explanation {
  return context.services.engine.explain({
    ...page.request.query,
    limit: page instanceof FlowingPage ? page.first : page.batch.count,
  })
}

const featureBatch: FeatureBatchResolvers = {
  sequence: ({ batch }) => batch.sequence,
  count: ({ batch }) => batch.count,
  features: list,
  geojson: encoded,
  arrow: encoded,
  cursor,
  execution: ({ batch }) => batch.execution,
}

/** Starts the stream of `featureBatches` or of a layer's own root field. */
export async function featureStream(
  args: SubscriptionFeatureBatchesArgs,
  context: Context,
  info: GraphQLResolveInfo,
): Promise<BatchEvents> {
  const batchSize = inRange('batchSize', args.batchSize, BATCH_SIZE)
  if (typeof args.limit === 'number') inRange('limit', args.limit, LIMIT)
  const request = await readFeatureRequest(args, context, (asked) => selectOutputs(info, asked))
  return new BatchEvents(request, { batchSize, message: request.selection.message }, context)
}

const subscription: SubscriptionResolvers = {
  featureBatches: {
    subscribe: (_root, args, context, info) => featureStream(args, context, info),
  },

  ...groupSubscriptions,

  changes: {
    subscribe: (_root, args, context, info) => subscribeToChanges(args, context, info),
  },

  viewport: {
    subscribe: (_root, args, context, info) => subscribeToViewport(args, context, info),
  },

  fences: {
    subscribe: (_root, args, context, info) => subscribeToFences(args, context, info),
  },

  health: {
    subscribe: (_root, args, { services, operation }) => {
      const everyMs = inRange('everyMs', args.everyMs, EVERY_MS)
      operation.isEndless = true
      const subscription = { everyMs, address: operation.address, subscribers: services.healthSubscribers }
      const signals = { left: operation.signal, stopping: services.stopping }
      return new HealthEvents(() => services.health(EVERY_MS[0]), subscription, signals)
    },
  },

  layerChanged: {
    subscribe: (_root, { layer: name, fingerprint = null }, { services, operation }) => {
      if (fingerprint !== null && !name) throw badInput('`fingerprint` is of one layer; name it by `layer`.')
      operation.isEndless = true
      const layer = name ? services.catalog.layer(name) : null
      if (layer === undefined) throw layerNotFound(name!, services.catalog)
      return new LayerEvents(services.layerChanges, { layer, fingerprint, left: operation.signal, stopping: services.stopping })
    },
  },
}

const query: QueryResolvers = {
  layers: async (_root, _args, { services, operation }) =>
    operation.eventLoop.spread(await readable(services, operation.eventLoop)),

  layer: async (_root, { name }, { services: { catalog } }) => {
    const layer = catalog.layer(name)
    if (!layer && catalog.rivals(name).length > 0) throw layerNotFound(name, catalog)
    return layer ? catalog.fresh(layer) : null
  },

  feature: async (_root, { layer: name, id }, context, info) => {
    const layer = await findLayer(name, context)
    return await featureOf(layer, keyIn(id, layer), context, info)
  },

  features: (_root, args, context, info) => featuresOf(args, context, info),

  nearest: (_root, { to, maxDistance, ...args }, context, info) =>
    featuresOf({ ...args, nearest: { to, maxDistance } }, context, info),

  tiles: async (_root, { layer: name, where }, context) => {
    const layer = await findLayer(name, context)
    requireTiles(layer)
    if (where) await readWhere(where, viewOf(layer), context)
    const { basePath, cursorSecret } = context.services
    const path = `${basePath}/tiles/${encodeURIComponent(layer.name)}`
    const filter = where ? `?filter=${signFilter(cursorSecret, layer.name, where)}` : ''
    return { url: `${path}/{z}/{x}/{y}.mvt${filter}`, tileJson: `${path}.json${filter}` }
  },

  ...groupQueries,

  node: async (_root, { id }, context, info) => {
    const { catalog } = context.services
    const name = layerOfId(id)
    if (name === null) return null
    // A shared name belonged to one layer when it made the id.
    const named = [name, ...catalog.rivals(name)].flatMap((one) => catalog.layer(one) ?? [])
    const [found, ...more] = named.length > 1 ? makersOf(id, named) : named
    if (!found) return null
    if (more.length > 0) throw layerNotFound(name, catalog)
    const layer = await readableLayer(found, context)
    return await featureOf(layer, keyOfId(id, layer), context, info)
  },

  health: (_root, _args, { services }) => services.health(),
}

/** Returns the page of `features`, `nearest`, or of a layer's own root field. */
export async function featuresOf(
  args: FeatureArguments & Pick<QueryFeaturesArgs, 'first'>,
  context: Context,
  info: GraphQLResolveInfo,
): Promise<AnyPage> {
  const first = inRange('first', args.first, firstRange(context.services.pageRows))
  const request = await readFeatureRequest(args, context, (asked) => selectOutputs(info, asked))
  if (needsNoPage(info)) return { batch: NO_ROWS, request }
  if (first > HELD_ROWS && context.operation.mayFlow && canFlow(request, info)) {
    return await FlowingPage.open(request, first, context)
  }
  return { batch: await readPage(request, first, context), request }
}

/** The page of a connection whose rows nobody reads. */
const NO_ROWS: Page = Object.freeze<Page>({
  sequence: 0,
  count: 0,
  outputs: [],
  position: null,
  execution: NOT_EXECUTED,
  hasMore: false,
  release: () => {},
})

/** Fields for which no page is read: a separate query counts all features, and an explanation runs none. */
const FIELDS_WITHOUT_PAGE: ReadonlySet<string> = new Set(['__typename', 'totalCount', 'explain'])

function needsNoPage(info: GraphQLResolveInfo): boolean {
  const names = selectedFields(info.fieldNodes, info)
    .values()
    .map(([node]) => node!.name.value)
    .toArray()
  return names.every((name) => FIELDS_WITHOUT_PAGE.has(name)) && names.some((name) => name !== '__typename')
}

/** Most features in a page that is held, the default limit of a page. 10,000 buildings are about 4 MB. */
const HELD_ROWS = 10_000

/** Fields that are known before the page, are the page, or may be written after it. */
const FLOWING_FIELDS = new Set(['__typename', 'count', 'edges', 'explain', 'features', 'geojson', 'pageInfo', 'totalCount'])

/**
 * True if the page can flow: it is the only root field and has one encoding. Anything after it would wait, and hold its memory,
 * until the client has read the page. A deadline that the client sets covers the whole page, so such a page does not flow. Like
 * a stream, a flowing page may take any time while it progresses.
 */
function canFlow({ query: { outputs }, selection, deadlineMs }: FeatureRequest, info: GraphQLResolveInfo): boolean {
  if (deadlineMs !== null) return false
  const alone = rootFields(info).size === 1
  const fields = [...selectedFields(info.fieldNodes, info).values()].map(([node]) => node!.name.value)
  return alone && selection.indexes.size === 1 && outputs.every(canJoin) && fields.every((name) => FLOWING_FIELDS.has(name))
}

/**
 * Resolves one feature. graphql-js sees a null, which the worker's JSON replaces: to parse and print a feature of a million
 * vertices would take a quarter of a second.
 */
export async function featureOf(layer: Layer, key: string | null, context: Context, info: GraphQLResolveInfo): Promise<null> {
  const { services, operation } = context
  const view = viewOf(layer)
  const selection = selectFeature(info, { view, representations: new Representations(layer, operation) })
  const { outputs, representations, properties } = selection
  if (key === null) return null
  const query: FeatureQuery = Object.freeze({
    kind: 'features',
    view,
    where: null,
    key: readKey(key, view),
    orderBy: [],
    limit: null,
    after: null,
    outputs,
    representations,
    properties,
  })
  requireCapable(query, services.can)
  operation.queries.push(query)
  const page = await readPage({ query, selection, deadlineMs: null }, 1, context)
  if (page.count > 0) {
    const [list, ...more] = page.outputs[0]!
    const found = within(frameOf(outputs[0]!)!, more.length === 0 ? list! : join(page.outputs[0]!))
    operation.splice(responsePathAsArray(info.path), new RawJson(found))
  }
  return null
}

/** Layers whose files are checked at the same time. To begin a check takes about 15 us of the event loop per layer. */
const AT_ONCE = 64

/** Returns the layers that can be read. A layer whose source cannot be read any more is in `health.problems` instead. */
async function readable({ catalog }: Context['services'], eventLoop: EventLoopYield): Promise<readonly Layer[]> {
  const all = catalog.layers()
  const found: Layer[] = []
  for (let at = 0; at < all.length; at += AT_ONCE) {
    await eventLoop.yieldIfDue()
    const looks = await Promise.allSettled(all.slice(at, at + AT_ONCE).map((layer) => catalog.fresh(layer)))
    found.push(...looks.filter((outcome) => outcome.status === 'fulfilled').map(({ value }) => value))
  }
  return found
}

/** Resolves the fields of a worker. Figures are null until the process has reported them. */
const worker: WorkerResolvers = {
  pid: ({ diagnostics }) => diagnostics?.pid ?? null,
  duckdbVersion: ({ diagnostics }) => diagnostics?.duckdbVersion ?? null,
  spatialVersion: ({ diagnostics }) => diagnostics?.spatialVersion ?? null,
  memoryLimit: ({ diagnostics }) => diagnostics?.memoryLimit ?? null,
  threads: ({ diagnostics }) => diagnostics?.threads ?? null,
  rssBytes: ({ diagnostics }) => diagnostics?.rssBytes ?? null,
  memory: ({ diagnostics }) => diagnostics?.memory ?? [],
  at: ({ diagnostics }) => diagnostics?.at ?? null,
}

/** The rows of most layers are in files or tables, so that no other engine gathers them. */
const execution: ExecutionResolvers = {
  engine: ({ gathering }) => gathering?.engine ?? null,
  gatheredRows: ({ gathering }) => gathering?.gatheredRows ?? null,
  gatherMs: ({ gathering }) => gathering?.gatherMs ?? null,
  notNarrowed: ({ gathering }) => gathering?.notNarrowed ?? null,
}

const ON_INVALID = { flag: 'FLAG', repair: 'REPAIR', drop: 'DROP' } as const satisfies Record<Handling, OnInvalid>

/** Columns that are completed in a millisecond under fifteen aliases. */
const FEW_COLUMNS = 32

const layer: LayerResolvers = {
  longName: ({ name, longName }) => longName ?? name,
  graphqlName: (layer, _args, _context, { schema }) => layerNameOf(schema, layer).field,
  title: ({ tailoring }) => tailoring?.title ?? null,
  description: ({ tailoring }) => tailoring?.description ?? null,
  kind: kindOf,
  isLive: ({ relation }) => relation.kind === 'live',
  columns: (layer, _args, { operation }) => {
    const columns = namedColumns(layer)
    return columns.length > FEW_COLUMNS ? operation.eventLoop.spread(columns) : columns
  },
  pruning: ({ pruning }) => pruning.kind,
  onInvalid: ({ tailoring }) => ON_INVALID[tailoring?.onInvalid ?? 'flag'],
  preparation: ({ name, preparation }) => (preparation ? { layer: name, ...preparation } : null),
}

const named = new WeakMap<readonly Field[], readonly NamedColumn[]>()

function namedColumns({ columns }: Layer): readonly NamedColumn[] {
  const known = named.get(columns)
  if (known) return known
  const names = columnNames({ columns })
  const made = columns.map((column) => ({ ...column, graphqlName: names.get(column.name)!.field }))
  named.set(columns, made)
  return made
}

const column: ColumnResolvers = {
  type: ({ native }) => native,
  description: ({ description }) => description ?? null,
}

const layerKey: LayerKeyResolvers = {
  column: (key) => (key.kind === 'COLUMN' ? key.column : null),
}

const invalidFeature: InvalidFeatureResolvers = {
  key: ({ id }) => id,
}

export const resolvers: Resolvers = {
  Query: query,
  Mutation: { ...mutation, moveViewport },
  Subscription: subscription,
  Layer: layer,
  Column: column,
  LayerKey: layerKey,
  InvalidFeature: invalidFeature,
  FeatureConnection: featureConnection,
  FeatureBatch: featureBatch,
  GroupConnection: groupConnection,
  GroupBatch: groupBatch,
  ...changes,
  ...viewportTypes,
  FenceBatch: fenceBatch,
  Worker: worker,
  Execution: execution,
  Explanation: { gathering: ({ gathering }) => gathering ?? null },
}
