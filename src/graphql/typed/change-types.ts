/** The types of a live layer's changes: those of `changes`, with the layer's own features. */
import { type GraphQLObjectType, type GraphQLOutputType, type GraphQLSchema, GraphQLUnionType } from 'graphql'
import type { ChangeEvent } from '../change-events.ts'
import { likeGeneric, required } from './definitions.ts'

/** @param features the type of a list of features */
export function changesType(prefix: string, features: GraphQLOutputType, generic: GraphQLSchema): GraphQLUnionType {
  const like = (of: string, types: Readonly<Record<string, GraphQLOutputType>>) =>
    likeGeneric(generic, of, `${prefix}${of}`, types)
  const changed = required(like('ChangedFeatures', { features }))
  const own: Readonly<Record<string, GraphQLObjectType>> = {
    SnapshotBatch: like('SnapshotBatch', { features }),
    ChangeBatch: like('ChangeBatch', { added: changed, updated: changed }),
  }
  const union = generic.getType('ChangeEvent') as GraphQLUnionType
  return new GraphQLUnionType({
    name: `${prefix}ChangeEvent`,
    description: union.description,
    types: () => union.getTypes().map((type) => own[type.name] ?? type),
    resolveType: ({ __typename }: ChangeEvent) => own[__typename]?.name ?? __typename,
  })
}
