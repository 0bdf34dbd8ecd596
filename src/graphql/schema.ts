/** Builds the schema: the contract with its resolvers, and the types and root fields of each served layer. */

import { readFileSync } from 'node:fs'
import {
  buildSchema,
  GraphQLError,
  type GraphQLFieldResolver,
  type GraphQLObjectType,
  type GraphQLScalarTypeConfig,
  GraphQLSchema,
  type GraphQLSchemaConfig,
  isObjectType,
  isScalarType,
  valueFromASTUntyped,
} from 'graphql'
import { LONGEST_CURSOR } from '../ask/cursor.ts'
import { RawJson } from '../delivery/raw-json.ts'
import { GeoduckError } from '../model/errors.ts'
import { identityOf, type Names } from '../model/layer.ts'
import type { Context } from './context.ts'
import type { Resolvers } from './generated.ts'
import { resolvers } from './resolvers/resolvers.ts'
import { type Field, LazyObjectType } from './typed/definitions.ts'
import { type FeatureType, type TypedLayer, type TypedSource, typedLayer } from './typed/layer-types.ts'
import { type LayerName, layerNames, naming, reservedNames } from './typed/names.ts'

/** The path of the contract. It is the same from the compiled files and from the sources. */
export const CONTRACT = new URL('../../schema.graphql', import.meta.url)

type Resolve = GraphQLFieldResolver<unknown, Context>

/** Builds the generic part of the schema. */
export function openSchema(): GraphQLSchema {
  const schema = buildSchema(readFileSync(CONTRACT, 'utf8'))
  for (const [name, scalar] of Object.entries(scalars)) {
    const type = schema.getType(name)
    if (!isScalarType(type)) throw new Error(`The contract has no scalar ${name}`)
    Object.assign(type, scalar)
  }
  for (const [name, fields] of Object.entries(resolvers))
    attach(schema, name as keyof Resolvers, fields as Record<string, unknown>)
  return schema
}

/** The part of a layer that the schema depends on. */
export type SchemaLayer = TypedSource

/** Returns only that part, for another thread. */
export function schemaPart({
  name,
  names,
  columns,
  geometryColumn,
  tailoring,
  relation,
  isWritable = false,
}: SchemaLayer): SchemaLayer {
  const kind = relation && { relation: { kind: relation.kind } }
  return { name, columns, geometryColumn, isWritable, ...(names && { names }), ...(tailoring && { tailoring }), ...kind }
}

/** Returns true if both give the same types. */
export function isSame(one: SchemaLayer, other: SchemaLayer): boolean {
  const { name, columns, geometryColumn, tailoring, relation } = one
  return (
    other.name === name &&
    other.columns === columns &&
    other.geometryColumn === geometryColumn &&
    other.tailoring === tailoring &&
    other.relation?.kind === relation?.kind
  )
}

/** Names of layers in GraphQL, by what identifies the layer. */
export type LayerNames = Pick<ReadonlyMap<string, LayerName>, 'get'>

function byIdentity(layers: readonly SchemaLayer[], names: ReadonlyMap<string, LayerName>): ReadonlyMap<string, LayerName> {
  return new Map(layers.map((layer) => [identityOf(layer), names.get(layer.name)!]))
}

/** Builds schemas of the generic part and of layers. */
export class SchemaBuilder {
  readonly generic = openSchema()
  readonly #config: GraphQLSchemaConfig = this.generic.toConfig()
  readonly #roots: readonly unknown[] = [this.#config.query, this.#config.mutation, this.#config.subscription]
  readonly #others = this.#config.types!.filter((type) => !this.#roots.includes(type))
  readonly #reserved = reservedNames(this.generic)

  /** Returns the names of the layers by what identifies them. */
  namesOf(layers: readonly SchemaLayer[]): ReadonlyMap<string, LayerName> {
    return byIdentity(layers, layerNames(layers, this.#reserved))
  }

  /** Does the same in steps. */
  *naming(layers: readonly SchemaLayer[]): Generator<undefined, ReadonlyMap<string, LayerName>> {
    return byIdentity(layers, yield* naming(layers, this.#reserved))
  }

  typesOf(layer: SchemaLayer, name: LayerName): TypedLayer {
    return typedLayer(layer, name, this.generic)
  }

  /**
   * @param whole layers with their root fields
   * @param features layers with their feature type only
   * @param names names of all layers
   */
  schemaOf(whole: readonly TypedLayer[], features: readonly TypedLayer[], names: LayerNames): GraphQLSchema {
    const types = [...whole, ...features].map(({ feature }) => feature)
    const featureTypes = new Map(types.map((type) => [type.layer, type]))
    const root = (type: GraphQLObjectType, more: (layer: TypedLayer) => readonly Field[]) =>
      whole.length === 0 ? type : withFields(type, () => whole.flatMap(more))
    // The contract is checked by its tests, and its layers' types are all alike.
    return new GraphQLSchema({
      ...this.#config,
      query: root(this.#config.query!, ({ query }) => query),
      subscription: root(this.#config.subscription!, ({ subscription }) => subscription),
      mutation: root(this.#config.mutation!, ({ mutation }) => mutation),
      types: [...this.#others, ...types],
      extensions: { featureTypes, layerNames: names } satisfies SchemaExtensions,
      assumeValid: true,
    })
  }
}

/** Builds the schema of all layers. A thousand layers take about a second. */
export function wholeSchema(layers: readonly SchemaLayer[]): GraphQLSchema {
  const builder = new SchemaBuilder()
  const names = builder.namesOf(layers)
  return builder.schemaOf(
    layers.map((layer) => builder.typesOf(layer, names.get(identityOf(layer))!)),
    [],
    names,
  )
}

/** Returns a root type with more fields. */
function withFields(root: GraphQLObjectType, more: () => readonly Field[]): GraphQLObjectType {
  const { name, description } = root
  return new LazyObjectType({
    name,
    description: description ?? null,
    fields: () => [...Object.values(root.getFields()), ...more()],
  })
}

function attach(schema: GraphQLSchema, typeName: keyof Resolvers, resolversOfType: Record<string, unknown>): void {
  const type = schema.getType(typeName)
  const fields = isObjectType(type) ? type.getFields() : {}
  for (const [name, resolver] of Object.entries(resolversOfType)) {
    const field = fields[name]
    if (!field) throw new Error(`The contract has no field ${typeName}.${name}`)
    if (typeof resolver === 'function') field.resolve = resolver as Resolve
    else Object.assign(field, resolver)
  }
}

/* The contract's scalars: the values that each accepts, strictly, and how each is written. The schema describes them. */

/** The members that the schema's text does not define. */
type Scalar = Required<Pick<GraphQLScalarTypeConfig<unknown, unknown>, 'serialize' | 'parseValue' | 'parseLiteral'>>

const JSON_VALUE = scalar((value) => value)

export const scalars: Readonly<Record<string, Scalar>> = {
  ArrowIPC: outputOnly('ArrowIPC', raw),
  BBox: scalar(toBBox),
  BigInt: scalar(toBigInt, (value) => BigInt(value as bigint | number).toString()),
  Cursor: scalar(toCursor),
  Date: scalar((value) => toText('Date', value)),
  DateTime: scalar((value) => toText('DateTime', value)),
  GeoJSON: outputOnly('GeoJSON', raw),
  Geometry: outputOnly('Geometry', (value) => value),
  JSON: JSON_VALUE,
  LocalDateTime: scalar((value) => toText('LocalDateTime', value)),
}

function scalar(parse: (value: unknown) => unknown, serialize: (value: unknown) => unknown = (value) => value): Scalar {
  return { serialize, parseValue: parse, parseLiteral: (node, variables) => parse(valueFromASTUntyped(node, variables)) }
}

function outputOnly(name: string, serialize: (value: unknown) => unknown): Scalar {
  const refuse = () => {
    throw new GraphQLError(`${name} comes out only.`)
  }
  return { serialize, parseValue: refuse, parseLiteral: refuse }
}

function raw(value: unknown): RawJson {
  if (value instanceof RawJson) return value
  throw new Error('An encoded value was expected')
}

function toBBox(value: unknown): readonly number[] {
  if (Array.isArray(value) && value.length === 4 && value.every((side) => Number.isFinite(side))) return value
  throw new GraphQLError('A BBox is a list of four finite numbers: [west, south, east, north].')
}

function toBigInt(value: unknown): bigint {
  if (typeof value === 'string' && /^-?\d{1,80}$/.test(value)) return BigInt(value)
  if (Number.isSafeInteger(value)) return BigInt(value as number)
  throw new GraphQLError('A BigInt is a string of decimal digits, or an integer that a double holds.')
}

/** A comparison with a column checks later that it is a time. */
function toText(type: string, value: unknown): string {
  if (typeof value === 'string') return value
  throw new GraphQLError(`A ${type} is a string.`)
}

function toCursor(value: unknown): string {
  if (typeof value === 'string' && value.length > 0 && value.length <= LONGEST_CURSOR) return value
  throw new GraphQLError('A Cursor is a string that an earlier batch or page gave.')
}

/* The facts about layers in the `extensions` of a schema. */

/** The content of a schema's `extensions`, by what identifies the layer: its name may change while an operation runs. */
export interface SchemaExtensions {
  readonly featureTypes: Pick<ReadonlyMap<string, FeatureType>, 'get'>
  readonly layerNames: LayerNames
}

/**
 * Returns the layer's feature type.
 * @throws GeoduckError LAYER_NOT_READY if the layer was added after the operation began.
 */
export function featureTypeOf(schema: GraphQLSchema, layer: Names): FeatureType {
  return known('featureTypes', schema, layer)
}

/**
 * Returns the names of the layer in GraphQL.
 * @throws GeoduckError LAYER_NOT_READY if the layer was added after the operation began.
 */
export function layerNameOf(schema: GraphQLSchema, layer: Names): LayerName {
  return known('layerNames', schema, layer)
}

function known<What extends keyof SchemaExtensions>(
  what: What,
  { extensions }: GraphQLSchema,
  layer: Names,
): NonNullable<ReturnType<SchemaExtensions[What]['get']>> {
  const found = (extensions as Partial<SchemaExtensions>)[what]?.get(identityOf(layer))
  if (found) return found as NonNullable<ReturnType<SchemaExtensions[What]['get']>>
  throw new GeoduckError('LAYER_NOT_READY', `Layer ${layer.name} has only just been added; ask again.`)
}
