/** The mutations of a live layer: `upsertVehicles`, `updateVehicles` and `deleteVehicles`. They turn their arguments into those of the generic ones. */
import { type GraphQLFieldResolver, type GraphQLInputType, type GraphQLSchema, getNullableType, isInputType } from 'graphql'
import { GeoduckError } from '../../model/errors.ts'
import type { Context } from '../context.ts'
import type { FeatureFilter, GeometryInput, InputMaybe } from '../generated.ts'
import { deleteFeatures, updateFeatures, upsertFeatures } from '../resolvers/mutation.ts'
import { argument, type Field, field, inputField, LazyInputType, listOf, required } from './definitions.ts'
import type { TypedColumn } from './layer-types.ts'
import type { LayerName } from './names.ts'
import { genericFilter, jsonOf, type Where } from './root-fields.ts'

export interface WriteSource {
  readonly layer: string
  readonly name: LayerName
  readonly generic: GraphQLSchema
  /** The filter type of the layer. */
  readonly filter: GraphQLInputType
  readonly columns: () => ReadonlyMap<string, TypedColumn>
  readonly filterOf: Parameters<typeof genericFilter>[1]
}

type Values = Readonly<Record<string, unknown>> & { readonly geometry?: InputMaybe<GeometryInput> }
type Write<Args> = GraphQLFieldResolver<unknown, Context, Args & { readonly idempotencyKey?: string | null }>

export function writeFields({ layer, name: { type }, generic, filter, columns, filterOf }: WriteSource): readonly Field[] {
  const mutations = generic.getMutationType()!.getFields()
  const inputOf = (name: string) => generic.getType(name) as LazyInputType
  const values = (of: 'FeatureInput' | 'FeatureSetInput') => [
    ...Object.values(inputOf(of).getFields()).filter(({ name }) => name !== 'properties'),
    ...[...columns().values()].map(({ column, name, output }) => {
      const input = getNullableType(output)
      return inputField(
        name.field,
        isInputType(input) ? input : inputOf('JSON'),
        `The column \`${column.name}\` (${column.native}).`,
      )
    }),
  ]
  const feature = new LazyInputType(
    `${type}FeatureInput`,
    `A feature of the layer \`${layer}\`. A column that is missing becomes null.`,
    () => values('FeatureInput'),
  )
  const set = new LazyInputType(
    `${type}FeatureSetInput`,
    `New values of features of the layer \`${layer}\`. A column that is missing stays unchanged.`,
    () => values('FeatureSetInput'),
  )
  /** Returns the arguments of the generic mutation, some of them with another type. */
  const args = (of: string, types: Readonly<Record<string, GraphQLInputType>>) =>
    mutations[of]!.args.filter(({ name }) => name !== 'layer').map((given) =>
      types[given.name] ? argument(given.name, types[given.name]!, given.description ?? null) : given,
    )
  const propertiesOf = (given: Omit<Values, 'geometry'>) =>
    Object.fromEntries(Object.entries(given).map(([name, value]) => [columns().get(name)!.column.name, jsonOf(value)]))
  const where = (given: Where): FeatureFilter => genericFilter(given, filterOf)

  const upsert: Write<{ readonly features: readonly (Values & { readonly key: string })[] }> = (_root, given, context) => {
    const features = given.features.map(({ key, geometry, ...properties }) => ({
      key,
      ...(geometry !== undefined && { geometry }),
      properties: propertiesOf(properties),
    }))
    return upsertFeatures({ ...given, layer, features }, context)
  }
  const update: Write<{ readonly where: Where; readonly set: Values }> = (_root, given, context) => {
    const { geometry, ...properties } = given.set
    if (Object.keys(given.set).length === 0)
      throw new GeoduckError('BAD_INPUT', '`set` has no member: give the columns that change, or `geometry`.')
    const all = { ...(geometry !== undefined && { geometry }), properties: propertiesOf(properties) }
    return updateFeatures({ ...given, layer, where: where(given.where), set: all }, context)
  }
  const remove: Write<{ readonly keys?: readonly string[] | null; readonly where?: Where | null }> = (_root, given, context) =>
    deleteFeatures({ ...given, layer, keys: given.keys ?? null, where: given.where ? where(given.where) : null }, context)

  const written = mutations['upsertFeatures']!.type
  return [
    field(`upsert${type}`, written, `Adds or replaces features of the layer \`${layer}\`, as \`upsertFeatures\` does.`, {
      args: args('upsertFeatures', { features: required(listOf(feature)) }),
      resolve: upsert,
    }),
    field(
      `update${type}`,
      written,
      `Changes the features of the layer \`${layer}\` that match a filter, as \`updateFeatures\` does.`,
      {
        args: args('updateFeatures', { where: required(filter), set: required(set) }),
        resolve: update,
      },
    ),
    field(`delete${type}`, written, `Removes features of the layer \`${layer}\`, as \`deleteFeatures\` does.`, {
      args: args('deleteFeatures', { where: filter }),
      resolve: remove,
    }),
  ]
}
