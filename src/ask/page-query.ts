/** Reads the query of a page outside of a document: its arguments are JSON values by name. */
import type { GraphQLArgument, GraphQLInterfaceType, GraphQLObjectType, GraphQLSchema } from 'graphql'
import type { Output } from '../encode/batch.ts'
import type { FeatureBatchGeojsonArgs, QueryFeaturesArgs } from '../graphql/generated.ts'
import { idPrefix } from '../model/feature-id.ts'
import type { FeatureQuery } from '../model/query.ts'
import { coerceArguments, firstRange, inRange, PRECISION } from './arguments.ts'
import { type ReadContext, readFeatureRequest } from './feature-request.ts'
import { arrowOutput, geoJsonOutput, type SelectionContext, selectionOf } from './selection.ts'

export type PageEncoding = 'features' | 'geojson' | 'arrow'

export interface PageRequest {
  readonly layer: string
  /** The selection: `features { id geometry properties }`, `geojson` or `arrow`. */
  readonly encoding: PageEncoding
  /** Arguments by name. */
  readonly given: Readonly<Record<string, unknown>>
}

/**
 * Arguments of `features` that are not part of a query: the layer is given separately, and a deadline belongs to the operation.
 */
const LEFT_OUT: readonly string[] = ['layer', 'deadline']
/** Arguments of the encoding's field that are accepted too. */
const OF_ENCODING: readonly string[] = ['crs', 'simplify']
/** The type and the field of each encoding. */
const FIELDS: Readonly<Record<PageEncoding, readonly [type: string, field: string]>> = {
  features: ['Feature', 'geometry'],
  geojson: ['FeatureConnection', 'geojson'],
  arrow: ['FeatureConnection', 'arrow'],
}

type Arguments = Omit<QueryFeaturesArgs, 'layer'> & Pick<FeatureBatchGeojsonArgs, 'crs' | 'simplify'>

/**
 * Returns the query that the operation would run. One row more than the page proves that there are more. @throws GeoduckError
 * as `features` does
 */
export async function readPageQuery(
  schema: GraphQLSchema,
  { layer, encoding, given }: PageRequest,
  { pageRows, ...asking }: ReadContext & { readonly pageRows: number },
): Promise<FeatureQuery> {
  const args = coerceArguments(given, argumentsOf(schema, encoding), 'A page') as Arguments
  const first = inRange('first', args.first, firstRange(pageRows))
  const { query } = await readFeatureRequest({ ...args, layer }, asking, (asked) =>
    selectionOf(asked, [outputOf(encoding, args, asked)]),
  )
  return { ...query, limit: first + 1 }
}

function argumentsOf(schema: GraphQLSchema, encoding: PageEncoding): readonly GraphQLArgument[] {
  const page = schema.getQueryType()!.getFields()['features']!
  const [type, field] = FIELDS[encoding]
  const encoded = (schema.getType(type) as GraphQLObjectType | GraphQLInterfaceType).getFields()[field]!
  return [
    ...page.args.filter(({ name }) => !LEFT_OUT.includes(name)),
    ...encoded.args.filter(({ name }) => OF_ENCODING.includes(name)),
  ]
}

function outputOf(encoding: PageEncoding, args: Arguments, asked: SelectionContext): Output {
  switch (encoding) {
    case 'arrow':
      return arrowOutput('arrow-base64', args, asked)
    case 'geojson':
      return geoJsonOutput('geojson', args, asked)
    case 'features':
      return {
        kind: 'features',
        fields: [
          { key: 'id', field: 'id', prefix: idPrefix(asked.view.layer) },
          {
            key: 'geometry',
            field: 'geometry',
            as: 'GEOJSON',
            precision: inRange('precision', null, PRECISION),
            geometry: asked.representations.add(args),
          },
          { key: 'properties', field: 'properties', only: null },
        ],
      }
  }
}
