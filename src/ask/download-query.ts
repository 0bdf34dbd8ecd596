/**
 * Reads the query of a download: the arguments of `featureBatches` as JSON values by name. The schema defines which values are
 * valid.
 */
import type { GraphQLArgument, GraphQLObjectType, GraphQLSchema } from 'graphql'
import type { Context } from '../graphql/context.ts'
import type { FeatureBatchArrowArgs, FeatureBatchGeojsonArgs, SubscriptionFeatureBatchesArgs } from '../graphql/generated.ts'
import { coerceArguments, inRange, LIMIT } from './arguments.ts'
import { type FeatureRequest, readFeatureRequest } from './feature-request.ts'
import { arrowOutput, geoJsonOutput, selectionOf } from './selection.ts'

export type DownloadFormat = 'arrows' | 'geojsonl'

export interface DownloadRequest {
  readonly layer: string
  readonly format: DownloadFormat
  /** Arguments by name, with any JSON value from the client. */
  readonly given: Readonly<Record<string, unknown>>
}

type Arguments = Omit<SubscriptionFeatureBatchesArgs, 'layer'> & Partial<FeatureBatchGeojsonArgs & FeatureBatchArrowArgs>

/** The field of a batch for each format. A download accepts the arguments of that field too. */
const FIELDS: Readonly<Record<DownloadFormat, string>> = { arrows: 'arrow', geojsonl: 'geojson' }
/** Arguments of `featureBatches` that a download expresses in another way. */
const LEFT_OUT: readonly string[] = ['layer', 'batchSize']

/**
 * Returns the query. @throws GeoduckError as for a subscription, and BAD_INPUT for an argument that a download does not accept
 */
export async function readDownloadQuery(
  schema: GraphQLSchema,
  { layer, format, given }: DownloadRequest,
  context: Context,
): Promise<FeatureRequest> {
  const args = coerceArguments(given, argumentsOf(schema, format), 'A download') as Arguments
  if (typeof args.limit === 'number') inRange('limit', args.limit, LIMIT)
  return await readFeatureRequest({ ...args, layer }, context, (asked) => {
    const output = format === 'arrows' ? arrowOutput('arrow', args, asked) : geoJsonOutput('geojson-lines', args, asked)
    return selectionOf(asked, [output])
  })
}

function argumentsOf(schema: GraphQLSchema, format: DownloadFormat): readonly GraphQLArgument[] {
  const batches = schema.getSubscriptionType()!.getFields()['featureBatches']!
  const encoding = (schema.getType('FeatureBatch') as GraphQLObjectType).getFields()[FIELDS[format]]!
  return [...batches.args.filter(({ name }) => !LEFT_OUT.includes(name)), ...encoding.args]
}
