/** Typed arguments and a selection become a question about one layer. */
import type { GraphQLResolveInfo } from 'graphql'
import type { Layer } from '../catalog/layer.ts'
import { progressText } from '../catalog/prepare/progress.ts'
import { GeoduckError } from '../errors.ts'
import { decodeCursor, encodeCursor } from '../plan/cursor.ts'
import type { FeatureQuery, Position } from '../plan/query.ts'
import type { OperationContext } from '../pool/engine.ts'
import type { Context } from './context.ts'
import type { FeatureFilter, FeatureOrder, InputMaybe } from './generated.ts'
import { nearNames } from './near-names.ts'
import { type Selection, selectOutputs } from './selection.ts'

/** Where nobody can tell how long it takes. */
const RETRY_SECONDS = 5

export interface Question {
  readonly query: FeatureQuery
  readonly selection: Selection
}

export interface QuestionArguments {
  readonly layer: string
  readonly where?: InputMaybe<FeatureFilter>
  readonly orderBy?: InputMaybe<readonly FeatureOrder[]>
  readonly after?: InputMaybe<string>
  readonly limit?: InputMaybe<number>
}

/** Throws LAYER_NOT_FOUND, LAYER_NOT_READY, BAD_INPUT, CURSOR_INVALID, CURSOR_EXPIRED. */
export async function toQuestion(args: QuestionArguments, context: Context, info: GraphQLResolveInfo): Promise<Question> {
  const layer = await findLayer(args.layer, context)
  const selection = selectOutputs(info, layer)
  const query: FeatureQuery = {
    layer,
    where: args.where ?? null,
    orderBy: args.orderBy ?? [],
    limit: args.limit ?? null,
    after: null,
    outputs: selection.outputs,
    properties: selection.properties,
  }
  if (!args.after) return { query, selection }
  return { query: { ...query, after: decodeCursor(context.services.cursorSecret, query, args.after) }, selection }
}

/** The layer as its source is now. */
export async function findLayer(name: string, { services, operation }: Context): Promise<Layer> {
  const layer = services.catalog.layer(name)
  if (!layer) throw layerNotFound(name, services.catalog.layers())
  operation.layers.add(name)
  const fresh = await services.catalog.fresh(layer)
  if (fresh.preparation) {
    throw new GeoduckError('LAYER_NOT_READY', `Layer ${name} is being prepared: ${progressText(fresh.preparation)}. Ask again.`, {
      details: { retryAfter: Math.ceil(fresh.preparation.secondsLeft ?? RETRY_SECONDS) },
    })
  }
  return fresh
}

export function cursorAt(position: Position, { query }: Question, { services }: Context): string {
  return encodeCursor(services.cursorSecret, query, position)
}

/** What the engine wants to know of the asker. */
export function askedBy({ operation, services }: Context, { layer }: FeatureQuery): OperationContext {
  const unchanged = async () => (await services.catalog.fresh(layer)).fingerprint === layer.fingerprint
  return { id: operation.id, client: operation.client, unchanged }
}

function layerNotFound(name: string, layers: readonly Layer[]): GeoduckError {
  const near = nearNames(
    name,
    layers.map((layer) => layer.name),
  ).map((other) => `\`${other}\``)
  const hint = near.length > 0 ? ` Near: ${near.join(', ')}.` : ''
  return new GeoduckError('LAYER_NOT_FOUND', `No layer is named \`${name.slice(0, 100)}\`; \`layers\` lists them.${hint}`)
}
