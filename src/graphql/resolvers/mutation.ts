/** Resolves the mutations of live layers. */

import { layerNotFound, operationContext, readWhere, requireCapable } from '../../ask/feature-request.ts'
import {
  keysIn,
  keysQuery,
  MOST_FEATURES,
  readIdempotencyKey,
  readingFeatures,
  readKeys,
  readNewLayer,
  readSet,
} from '../../ask/mutation.ts'
import { viewOf } from '../../ask/view.ts'
import { join } from '../../delivery/raw-json.ts'
import { GeoduckError } from '../../model/errors.ts'
import type { Layer } from '../../model/layer.ts'
import type { LiveAnswer, LiveOperation } from '../../model/live.ts'
import { show } from '../../model/show.ts'
import type { Context, LiveVersions } from '../context.ts'
import type {
  FeatureFilter,
  MutationDeleteFeaturesArgs,
  MutationResolvers,
  MutationUpdateFeaturesArgs,
  MutationUpsertFeaturesArgs,
  ResolversTypes,
} from '../generated.ts'

type Answer = Awaited<ResolversTypes['WriteResult']>

export const mutation: MutationResolvers = {
  createLayer: async (_root, { name, columns, crs, idempotencyKey }, context) => {
    const live = writable(context)
    const made = readNewLayer(name, columns, crs)
    const { catalog } = context.services
    if (!live.layer(name) && (catalog.layer(name) || catalog.rivals(name).length > 0)) throw nameTaken(name)
    settled(await write(live, name, made.operation, readIdempotencyKey(idempotencyKey), context), name)
    return live.layer(name)!
  },

  upsertFeatures: (_root, args, context) => upsertFeatures(args, context),
  updateFeatures: (_root, args, context) => updateFeatures(args, context),
  deleteFeatures: (_root, args, context) => deleteFeatures(args, context),
}

export async function upsertFeatures(
  { layer: name, features, idempotencyKey }: MutationUpsertFeaturesArgs,
  context: Context,
): Promise<Answer> {
  const live = writable(context)
  const key = readIdempotencyKey(idempotencyKey)
  const layer = liveLayer(name, live, context)
  const { eventLoop } = context.operation
  const read = await eventLoop.run(readingFeatures(features, layer, MOST_FEATURES * context.services.filterLimits.vertices))
  if (!('kind' in read)) return { version: versionOf(layer), written: 0, errors: read }
  return settled(await write(live, name, read, key, context), name)
}

export async function updateFeatures(
  { layer: name, where, set, idempotencyKey }: MutationUpdateFeaturesArgs,
  context: Context,
): Promise<Answer> {
  const live = writable(context)
  const layer = liveLayer(name, live, context)
  const change = readSet(set, layer, context.services.filterLimits.vertices)
  const selection = { where, asked: ['update', set], idempotencyKey: readIdempotencyKey(idempotencyKey) }
  return await writeSelected(live, layer, selection, (keys) => ({ kind: 'update', keys, ...change }), context)
}

export async function deleteFeatures(
  { layer: name, keys, where, idempotencyKey }: MutationDeleteFeaturesArgs,
  context: Context,
): Promise<Answer> {
  const live = writable(context)
  const key = readIdempotencyKey(idempotencyKey)
  const layer = liveLayer(name, live, context)
  if (!keys === !where) throw new GeoduckError('BAD_INPUT', 'A deletion takes exactly one of `keys` and `where`.')
  if (keys) return settled(await write(live, name, readKeys(keys), key, context), name)
  const selection = { where: where!, asked: ['delete'], idempotencyKey: key }
  return await writeSelected(live, layer, selection, (selected) => ({ kind: 'delete', keys: selected }), context)
}

/** Milliseconds to select the features of a mutation. Others wait meanwhile. */
const SELECT_MS = 2_000

interface FeatureSelection {
  readonly where: FeatureFilter
  /** The request of the client, besides the filter. It identifies the mutation. */
  readonly asked: readonly unknown[]
  readonly idempotencyKey: string
}

/** Writes to the features that match a filter. No other mutation runs between the filter and the change. */
async function writeSelected(
  live: LiveVersions,
  layer: Layer,
  { where, asked, idempotencyKey }: FeatureSelection,
  change: (keys: readonly string[]) => LiveOperation,
  context: Context,
): Promise<Answer> {
  const { services, operation } = context
  const filter = await readWhere(where, viewOf(layer), context)
  const { name } = layer
  const select = async (current: Layer) => {
    const query = keysQuery(current, filter)
    requireCapable(query, services.can)
    operation.queries.push(query)
    const asker = operationContext(context, { query, deadlineMs: SELECT_MS })
    const page = await services.engine.page(query, MOST_FEATURES, asker, operation.signal)
    const keys = keysIn(join(page.outputs[0]!), page.hasMore)
    page.release()
    return { layer: name, operation: change(keys), idempotencyKey, asked: JSON.stringify([...asked, filter.digest]) }
  }
  return settled(await live.writeAlone(name, select), name)
}

/** @throws GeoduckError FORBIDDEN, UNSUPPORTED */
export function writable({ services, operation }: Context): LiveVersions {
  const { live } = services.catalog
  if (operation.writeRefusal !== null) throw new GeoduckError('FORBIDDEN', operation.writeRefusal)
  if (!live) throw new GeoduckError('UNSUPPORTED', 'The server has no live layers; start it with --live DIRECTORY.')
  return live
}

export function liveLayer(name: string, live: LiveVersions, { services, operation }: Context): Layer {
  operation.layers.add(name)
  const layer = live.layer(name)
  if (layer) return layer
  if (!services.catalog.layer(name)) throw layerNotFound(name, services.catalog)
  throw new GeoduckError(
    'UNSUPPORTED',
    `Layer ${show(name)} is a file, which is not written; \`createLayer\` makes layers for features.`,
  )
}

function write(
  live: LiveVersions,
  layer: string,
  operation: LiveOperation,
  idempotencyKey: string,
  context: Context,
): Promise<LiveAnswer> {
  context.operation.layers.add(layer)
  return live.write({ layer, operation, idempotencyKey })
}

/** @throws GeoduckError BAD_INPUT for a mutation that the writer has refused */
export function settled(answer: LiveAnswer, name: string): Answer {
  if (!('refused' in answer)) return { ...answer, errors: [] }
  switch (answer.refused) {
    case 'LAYER_EXISTS':
      throw nameTaken(name)
    case 'LAYER_MISSING':
      throw new GeoduckError('LAYER_NOT_FOUND', `No live layer is named ${show(name)}.`)
    case 'OTHER_CONTENT':
      throw new GeoduckError('BAD_INPUT', '`idempotencyKey` belongs to another mutation; take a new one.')
  }
}

function nameTaken(name: string): GeoduckError {
  return new GeoduckError('BAD_INPUT', `\`name\`: there is a layer ${show(name)} already.`)
}

export function versionOf({ relation }: Layer): number {
  return relation.kind === 'live' ? relation.version : 0
}
