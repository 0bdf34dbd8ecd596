/** The question of a page that is asked in no document: its arguments are JSON values by name. */
import type { GraphQLSchema } from 'graphql'
import type { Output } from '../encode/batch.ts'
import { arrowOutput } from '../graphql/arrow-output.ts'
import type { QueryFeaturesArgs } from '../graphql/generated.ts'
import type { Asked } from '../graphql/selection.ts'
import type { Layer } from '../model/layer.ts'
import type { FeatureQuery } from '../model/query.ts'
import { coerceArguments } from './arguments.ts'
import { requireLonLat } from './lon-lat.ts'
import { type Asking, toQuestion } from './question.ts'
import { firstRange, inRange, PRECISION } from './range.ts'

export type PageEncoding = 'features' | 'geojson' | 'arrow'

export interface PageRequest {
  readonly layer: string
  /** What is selected: `features { id geometry properties }`, `geojson` or `arrow`. */
  readonly encoding: PageEncoding
  /** By name. */
  readonly given: Readonly<Record<string, unknown>>
}

/** Arguments of `features` that make no plan: one is who is asked, the other when it is given up. */
const LEFT_OUT: readonly string[] = ['layer', 'deadline']

/** What an operation would ask the engine: a row more than the page has proves that there is more. Throws what `features` throws. */
export async function pageQuestion(
  schema: GraphQLSchema,
  { layer, encoding, given }: PageRequest,
  { pageRows, ...asking }: Asking & { readonly pageRows: number },
): Promise<FeatureQuery> {
  const known = schema
    .getQueryType()!
    .getFields()
    ['features']!.args.filter(({ name }) => !LEFT_OUT.includes(name))
  const args = coerceArguments(given, known, 'A page') as Omit<QueryFeaturesArgs, 'layer'>
  const first = inRange('first', args.first, firstRange(pageRows))
  const { query } = await toQuestion({ ...args, layer }, asking, (asked) => ({
    outputs: [outputOf(encoding, asked)],
    indexes: new Map(),
    properties: null,
  }))
  return { ...query, limit: first + 1 }
}

function outputOf(encoding: PageEncoding, asked: Asked & { readonly layer: Layer }): Output {
  const precision = inRange('precision', null, PRECISION)
  switch (encoding) {
    case 'arrow':
      return arrowOutput('arrow-base64', {}, asked.layer)
    case 'geojson':
      requireLonLat(asked)
      return { kind: 'geojson', precision }
    case 'features':
      return {
        kind: 'features',
        fields: [
          { key: 'id', field: 'id' },
          { key: 'geometry', field: 'geometry', as: 'GEOJSON', precision },
          { key: 'properties', field: 'properties', only: null },
        ],
      }
  }
}
