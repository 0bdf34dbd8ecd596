/** Resolves `viewport`, its events and its moves. */
import type { GraphQLResolveInfo } from 'graphql'
import { BATCH_SIZE, inRange, MOST_IN_VIEWPORT, PER_SECOND } from '../../ask/arguments.ts'
import { decodeToken } from '../../ask/change-token.ts'
import { readRequestFor } from '../../ask/feature-request.ts'
import { readBoxFor } from '../../ask/read/read-filter.ts'
import type { Context } from '../context.ts'
import type { MutationResolvers, Resolvers, SubscriptionViewportArgs } from '../generated.ts'
import { requestCells, ViewportEvents, type ViewportPosition, viewportsOf } from '../viewport-events.ts'
import { liveLayerOf, selectChanges } from './changes.ts'
import { list } from './rows.ts'

/** @throws GeoduckError UNSUPPORTED for a file, and as a stream does */
export async function subscribeToViewport(
  { layer: name, where, since, ...args }: SubscriptionViewportArgs,
  context: Context,
  info: GraphQLResolveInfo,
): Promise<ViewportEvents> {
  const maxPerSecond = inRange('maxPerSecond', args.maxPerSecond, PER_SECOND)
  const batchSize = inRange('batchSize', args.batchSize, BATCH_SIZE)
  const maxFeatures = inRange('maxFeatures', args.maxFeatures, MOST_IN_VIEWPORT)
  const { live, layer } = liveLayerOf(name, 'viewport', context)
  const bbox = readBoxFor(args.bbox, layer)
  const request = await readRequestFor(layer, where ? { where } : {}, context, (asked) => selectChanges(info, asked))
  const { cursorSecret } = context.services
  const position = since ? decodeToken<ViewportPosition>(cursorSecret, request.query, since, 'viewport') : null
  // A wrong selection is refused at once.
  requestCells({ layer, where: request.query.where, box: bbox, level: 0 }, context, info)
  const options = { bbox, since: position, maxFeatures, maxPerSecond, batchSize }
  return new ViewportEvents(request, options, context, info, live)
}

/** It needs no right to write: only the client of the subscription knows the id. */
export const moveViewport: NonNullable<MutationResolvers['moveViewport']> = (_root, { id, bbox }, { services }) => {
  const { live } = services.catalog
  const viewport = live && viewportsOf(live).get(String(id))
  viewport?.move(bbox)
  return viewport !== undefined
}

export const viewportTypes: Pick<Resolvers, 'ViewportCells'> = {
  ViewportCells: { rows: list },
}
