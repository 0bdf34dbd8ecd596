/** The GraphQL type of each layer's features, as a schema carries them along. */
import type { GraphQLObjectType, GraphQLSchema } from 'graphql'
import { GeoduckError } from '../model/errors.ts'
import type { Layer } from '../model/layer.ts'

/** By the layer's name. */
export type FeatureTypes = ReadonlyMap<string, GraphQLObjectType>

/** What a schema's `extensions` hold. */
export interface SchemaExtensions {
  readonly featureTypes: FeatureTypes
}

/** LAYER_NOT_READY for a layer that has come since the operation began. */
export function featureTypeOf({ extensions }: GraphQLSchema, layer: Pick<Layer, 'name'>): GraphQLObjectType {
  const type = (extensions as Partial<SchemaExtensions>).featureTypes?.get(layer.name)
  if (type) return type
  throw new GeoduckError('LAYER_NOT_READY', `Layer ${layer.name} has only just been added; ask again.`)
}
