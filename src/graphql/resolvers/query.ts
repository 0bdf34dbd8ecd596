import type { Layer } from '../../catalog/layer.ts'
import type { Context } from '../context.ts'
import type { FeatureRecord } from '../feature-record.ts'
import { FlowingPage } from '../flowing-page.ts'
import type { QueryResolvers } from '../generated.ts'
import { askedBy, findLayer, readGeometryArguments, toQuestion } from '../question.ts'
import { firstRange, inRange } from '../range.ts'
import { selectFeature, selectOutputs } from '../selection.ts'

export const query: QueryResolvers = {
  layers: (_root, _args, { services }) => readable(services),

  layer: async (_root, { name }, { services }) => {
    const layer = services.catalog.layer(name)
    return layer ? services.catalog.fresh(layer) : null
  },

  feature: async (_root, { layer: name, id, ...args }, context, info) => {
    const layer = await findLayer(name, context)
    const { outputs, properties } = selectFeature(info, layer)
    const query = {
      layer,
      ...readGeometryArguments(args),
      where: null,
      id,
      orderBy: [],
      limit: null,
      after: null,
      outputs,
      properties,
    }
    const { services, operation } = context
    operation.questions.push(query)
    const page = await services.engine.page(query, 1, askedBy(context, { query, deadlineMs: null }), operation.signal)
    operation.delivered(page)
    const [feature] = JSON.parse(Buffer.concat(page.outputs[0]!).toString()) as FeatureRecord[]
    return feature ?? null
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

  health: (_root, _args, { services }) => services.health(),
}

/** A layer whose source has become unreadable is among `health.problems` instead. */
async function readable({ catalog }: Context['services']): Promise<readonly Layer[]> {
  const layers = await Promise.allSettled(catalog.layers().map((layer) => catalog.fresh(layer)))
  return layers.filter((outcome) => outcome.status === 'fulfilled').map(({ value }) => value)
}
