/** Builds the schema: the contract with its resolvers, and one feature type per served layer. */

import { hash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import {
  buildSchema,
  GraphQLError,
  type GraphQLFieldResolver,
  type GraphQLInterfaceType,
  GraphQLObjectType,
  type GraphQLScalarTypeConfig,
  GraphQLSchema,
  isObjectType,
  isScalarType,
  valueFromASTUntyped,
} from 'graphql'
import { LONGEST_CURSOR } from '../ask/cursor.ts'
import { RawJson } from '../delivery/raw-json.ts'
import { GeoduckError } from '../model/errors.ts'
import type { Layer } from '../model/layer.ts'
import type { Context } from './context.ts'
import type { Resolvers } from './generated.ts'
import { resolvers } from './resolvers/resolvers.ts'

/** The path of the contract. It is the same from the compiled files and from the sources. */
export const CONTRACT = new URL('../../schema.graphql', import.meta.url)

/** The interfaces that each layer's feature type implements. */
const INTERFACES = ['Feature', 'Node'] as const

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

/**
 * The feature type of a layer. All types share their fields: a thousand types take 1.0 MB of the heap, and 2.5 MB if each has
 * its own.
 */
class FeatureType extends GraphQLObjectType {
  readonly #interfaces: readonly GraphQLInterfaceType[]

  constructor(name: string, layer: string, interfaces: readonly GraphQLInterfaceType[]) {
    super({ name, description: `A feature of the layer \`${layer}\`.`, interfaces, fields: {}, extensions: { layer } })
    this.#interfaces = interfaces
  }

  override getFields(): ReturnType<GraphQLObjectType['getFields']> {
    return this.#interfaces[0]!.getFields()
  }
}

/** The members of a layer from which its types are built. */
export type ServedLayer = Pick<Layer, 'name'>

/** Returns only these members of a layer, for another thread. */
export function partOf({ name }: ServedLayer): ServedLayer {
  return { name }
}

/** The types of one layer, and its root fields. */
export interface LayerTypes {
  readonly layer: string
  readonly feature: GraphQLObjectType
}

/** Builds the types of layers over the generic part of the schema. */
export class LayerTypeBuilder {
  readonly #generic: GraphQLSchema
  readonly #config: ReturnType<GraphQLSchema['toConfig']>
  readonly #interfaces: readonly GraphQLInterfaceType[]

  constructor(generic: GraphQLSchema) {
    this.#generic = generic
    this.#config = generic.toConfig()
    this.#interfaces = INTERFACES.map((name) => generic.getType(name) as GraphQLInterfaceType)
  }

  /** Returns the beginning of the names of each layer's types. */
  namesOf(layers: readonly ServedLayer[]): ReadonlyMap<string, string> {
    return typeNames(
      layers.map(({ name }) => name),
      (type) => this.#generic.getType(type) !== undefined,
    )
  }

  /** @param name the beginning of the names of its types */
  typesOf({ name: layer }: ServedLayer, name: string): LayerTypes {
    return { layer, feature: new FeatureType(`${name}Feature`, layer, this.#interfaces) }
  }

  /** Returns a schema of the generic part and these layers. */
  schemaOf(layers: readonly LayerTypes[]): GraphQLSchema {
    const extensions = {
      featureTypes: new Map(layers.map(({ layer, feature }) => [layer, feature])),
    } satisfies SchemaExtensions
    // The contract is checked by its tests, and its layers' types are all alike.
    return new GraphQLSchema({
      ...this.#config,
      types: [...this.#config.types, ...layers.map(({ feature }) => feature)],
      extensions,
      assumeValid: true,
    })
  }
}

/** Builds the schema of all layers. A thousand layers take about a second. */
export function wholeSchema(layers: readonly ServedLayer[]): GraphQLSchema {
  const builder = new LayerTypeBuilder(openSchema())
  const names = builder.namesOf(layers)
  return builder.schemaOf(layers.map((layer) => builder.typesOf(layer, names.get(layer.name)!)))
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
  DateTime: outputOnly('DateTime', (value) => value),
  GeoJSON: outputOnly('GeoJSON', raw),
  Geometry: outputOnly('Geometry', (value) => value),
  JSON: JSON_VALUE,
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

function toCursor(value: unknown): string {
  if (typeof value === 'string' && value.length > 0 && value.length <= LONGEST_CURSOR) return value
  throw new GraphQLError('A Cursor is a string that an earlier batch or page gave.')
}

/* Names of GraphQL types from names of layers, which may hold letters of any script, digits, `_` and `-`. */

/** Endings of the names of a layer's types. */
const ENDINGS = ['Feature', 'Connection', 'Edge', 'Batch'] as const
/** Characters of a digest that distinguish two names. */
const DIGEST_CHARACTERS = 6

/**
 * Returns the beginning of the names of each layer's types: `my_roads` -> `MyRoads`. It is the same on every server with the
 * same layers. A name gets a digest of the layer's name at its end if it holds letters beyond ASCII, or if another layer or
 * type already has it: of two layers `roads` and `Roads`, `Roads` gets one.
 *
 * @param isTaken whether the contract itself has a type of that name
 */
export function typeNames(layers: readonly string[], isTaken: (type: string) => boolean): ReadonlyMap<string, string> {
  const names = new Map<string, string>()
  const used = new Set<string>()
  for (const layer of layers.toSorted().reverse()) {
    const { name, whole } = inPascalCase(layer)
    const free = whole && !used.has(name) && !ENDINGS.some((ending) => isTaken(name + ending))
    const unique = free ? name : `${name}_${hash('sha256', layer).slice(0, DIGEST_CHARACTERS)}`
    used.add(unique)
    names.set(layer, unique)
  }
  return new Map([...names].reverse())
}

/**
 * `whole` is true if no character was dropped. Words that begin with a digit keep a `_` before them: `roads_2` is not `roads2`.
 */
function inPascalCase(layer: string): { name: string; whole: boolean } {
  const plain = layer.normalize('NFKD').replace(/\p{M}/gu, '')
  const ascii = plain.replace(/[^A-Za-z0-9_-]/g, '')
  const words = ascii.split(/[_-]+/).filter((word) => word !== '')
  const name = words.map((word) => (/^\d/.test(word) ? `_${word}` : word[0]!.toUpperCase() + word.slice(1))).join('')
  return { name: name || 'Layer', whole: ascii === plain && name !== '' }
}

/* The feature type of each layer, stored in the schema's `extensions`. */

/** The feature types by the layer's name. */
type FeatureTypes = ReadonlyMap<string, GraphQLObjectType>

/** The content of a schema's `extensions`. */
interface SchemaExtensions {
  readonly featureTypes: FeatureTypes
}

/**
 * Returns the layer's feature type.
 * @throws GeoduckError LAYER_NOT_READY if the layer was added after the operation began.
 */
export function featureTypeOf({ extensions }: GraphQLSchema, layer: Pick<Layer, 'name'>): GraphQLObjectType {
  const type = (extensions as Partial<SchemaExtensions>).featureTypes?.get(layer.name)
  if (type) return type
  throw new GeoduckError('LAYER_NOT_READY', `Layer ${layer.name} has only just been added; ask again.`)
}
