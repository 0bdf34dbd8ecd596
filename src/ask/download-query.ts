/** A download's question: the arguments of `featureBatches` as JSON values by name. What each may be is read off the contract. */
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
  /** By name; whatever JSON the client sent. */
  readonly given: Readonly<Record<string, unknown>>
}

type Arguments = Omit<SubscriptionFeatureBatchesArgs, 'layer'> & Partial<FeatureBatchGeojsonArgs & FeatureBatchArrowArgs>

/** The field of a batch that each format is, whose arguments it takes too. */
const FIELDS: Readonly<Record<DownloadFormat, string>> = { arrows: 'arrow', geojsonl: 'geojson' }
/** Of `featureBatches`, but said otherwise by a download. */
const LEFT_OUT: readonly string[] = ['layer', 'batchSize']

/** Throws what a subscription's arguments throw, and BAD_INPUT for an argument that a download does not take. */
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
