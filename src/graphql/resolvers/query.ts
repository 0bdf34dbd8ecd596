import { type GraphQLResolveInfo, responsePathAsArray } from 'graphql'
import type { Layer } from '../../catalog/layer.ts'
import { frameOf, within } from '../../results/join-text.ts'
import type { Context } from '../context.ts'
import { keyIn, keyOfId, layerOfId } from '../feature-id.ts'
import { FlowingPage } from '../flowing-page.ts'
import type { QueryResolvers } from '../generated.ts'
import { askedBy, findLayer, toQuestion } from '../question.ts'
import { firstRange, inRange } from '../range.ts'
import { join, RawJson } from '../raw-json.ts'
import { Representations } from '../representations.ts'
import { selectFeature, selectOutputs } from '../selection.ts'

export const query: QueryResolvers = {
  layers: (_root, _args, { services }) => readable(services),

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
    const flowing = await FlowingPage.open(question, first, context, info)
    if (flowing) return flowing
    const { services, operation } = context
    const asker = askedBy(context, question)
    const page = await services.engine.page(question.query, first, asker, operation.signal)
    operation.delivered(page)
    // Over HTTP its end is that of the response: all of the page has left by then, and its memory is for another one.
    if (operation.mayFlow) operation.whenEnded(page.release)
    return { batch: page, question }
  },

  node: async (_root, { id }, context, info) => {
    const name = layerOfId(id)
    if (name === null || !context.services.catalog.layer(name)) return null
    const layer = await findLayer(name, context)
    return await feature(layer, keyOfId(id, layer), context, info)
  },

  health: (_root, _args, { services }) => services.health(),
}

/** What a worker makes of it is put into the result as it is; graphql-js sees a null, which it is where there is none. */
async function feature(layer: Layer, key: string | null, context: Context, info: GraphQLResolveInfo): Promise<null> {
  const { services, operation } = context
  const { outputs, representations, properties } = selectFeature(info, {
    layer,
    representations: new Representations(layer, operation),
  })
  if (key === null) return null
  const query = { layer, where: null, key, orderBy: [], limit: null, after: null, outputs, representations, properties }
  operation.questions.push(query)
  const page = await services.engine.page(query, 1, askedBy(context, { query, deadlineMs: null }), operation.signal)
  operation.delivered(page)
  const [output] = outputs
  if (page.count > 0) {
    const list = join(page.outputs[0]!)
    operation.splice(responsePathAsArray(info.path), new RawJson(within(frameOf(output!)!, list)))
  }
  page.release()
  return null
}

/** A layer whose source has become unreadable is among `health.problems` instead. */
async function readable({ catalog }: Context['services']): Promise<readonly Layer[]> {
  const layers = await Promise.allSettled(catalog.layers().map((layer) => catalog.fresh(layer)))
  return layers.filter((outcome) => outcome.status === 'fulfilled').map(({ value }) => value)
}
