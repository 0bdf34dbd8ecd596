import { type GraphQLResolveInfo, responsePathAsArray } from 'graphql'
import { requireCapable } from '../../ask/capable.ts'
import { readKey } from '../../ask/key.ts'
import { askedBy, findLayer, type Question, toQuestion } from '../../ask/question.ts'
import { firstRange, inRange } from '../../ask/range.ts'
import { Representations } from '../../ask/representations.ts'
import { viewOf } from '../../ask/view.ts'
import { featureTooLarge } from '../../delivery/batch-events.ts'
import { FlowingPage } from '../../delivery/flowing-page.ts'
import type { Pace } from '../../delivery/pace.ts'
import { join, RawJson } from '../../delivery/raw-json.ts'
import { canJoin, frameOf, within } from '../../encode/join-text.ts'
import type { Page } from '../../engines/engine.ts'
import { keyIn, keyOfId, layerOfId } from '../../model/feature-id.ts'
import type { Layer } from '../../model/layer.ts'
import type { FeatureQuery } from '../../model/query.ts'
import type { Context } from '../context.ts'
import { rootFields, selectedFields } from '../fields.ts'
import type { QueryResolvers } from '../generated.ts'
import { selectFeature, selectOutputs } from '../selection.ts'

export const query: QueryResolvers = {
  layers: async (_root, _args, { services, operation }) => operation.pace.spread(await readable(services, operation.pace)),

  layer: async (_root, { name }, { services }) => {
    const layer = services.catalog.layer(name)
    return layer ? services.catalog.fresh(layer) : null
  },

  feature: async (_root, { layer: name, id }, context, info) => {
    const layer = await findLayer(name, context)
    return await feature(layer, keyIn(id, layer), context, info)
  },

  features: async (_root, args, context, info) => {
    const first = inRange('first', args.first, firstRange(context.services.pageRows))
    const question = await toQuestion(args, context, (asked) => selectOutputs(info, asked))
    if (first > HELD_ROWS && context.operation.mayFlow && canFlow(question, info)) {
      return await FlowingPage.open(question, first, context)
    }
    return { batch: await readPage(question, first, context), question }
  },

  node: async (_root, { id }, context, info) => {
    const name = layerOfId(id)
    if (name === null || !context.services.catalog.layer(name)) return null
    const layer = await findLayer(name, context)
    return await feature(layer, keyOfId(id, layer), context, info)
  },

  health: (_root, _args, { services }) => services.health(),
}

/** What a server gives unless it is set otherwise is held: some 4 MB of 10,000 buildings. */
const HELD_ROWS = 10_000

/** Fields that are known before the page, are the page, or may stand after it. */
const FLOWING_FIELDS = new Set(['__typename', 'count', 'edges', 'explain', 'features', 'geojson', 'pageInfo', 'totalCount'])

/**
 * Alone in its operation and its encoding: what stood after it would wait, and hold what it takes, until the client has read it. A deadline that
 * the client sets is for all of it; like a stream, one that flows may take any time while it progresses.
 */
function canFlow({ query: { outputs }, selection, deadlineMs }: Question, info: GraphQLResolveInfo): boolean {
  if (deadlineMs !== null) return false
  const alone = rootFields(info).size === 1
  const fields = [...selectedFields(info.fieldNodes, info).values()].map(([node]) => node!.name.value)
  return alone && selection.indexes.size === 1 && outputs.every(canJoin) && fields.every((name) => FLOWING_FIELDS.has(name))
}

/** What the worker has made is put in its place; graphql-js sees a null. One of a million vertices would be parsed and printed for a quarter of a second. */
async function feature(layer: Layer, key: string | null, context: Context, info: GraphQLResolveInfo): Promise<null> {
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
  operation.questions.push(query)
  const page = await readPage({ query, selection, deadlineMs: null }, 1, context)
  if (page.count > 0) {
    const [list, ...more] = page.outputs[0]!
    const found = within(frameOf(outputs[0]!)!, more.length === 0 ? list! : join(page.outputs[0]!))
    operation.splice(responsePathAsArray(info.path), new RawJson(found))
  }
  return null
}

/** A page that is held. */
async function readPage(question: Question, first: number, context: Context): Promise<Page> {
  const { services, operation } = context
  const message = operation.mayFlow ? null : question.selection.message
  const page = await services.engine.page(question.query, first, askedBy(context, question), operation.signal, message)
  if (page.tooLarge !== undefined) throw await featureTooLarge(page.tooLarge, question, context)
  operation.delivered(page)
  // Over HTTP its end is that of the response: all of the page has left by then, and its memory is for another one.
  if (operation.mayFlow) operation.whenEnded(page.release)
  return page
}

/** Layers whose files are looked at together: to begin that takes about 15 us of the event loop for each. */
const AT_ONCE = 64

/** A layer whose source has become unreadable is among `health.problems` instead. */
async function readable({ catalog }: Context['services'], pace: Pace): Promise<readonly Layer[]> {
  const all = catalog.layers()
  const found: Layer[] = []
  for (let at = 0; at < all.length; at += AT_ONCE) {
    await pace.pass()
    const looks = await Promise.allSettled(all.slice(at, at + AT_ONCE).map((layer) => catalog.fresh(layer)))
    found.push(...looks.filter((outcome) => outcome.status === 'fulfilled').map(({ value }) => value))
  }
  return found
}
