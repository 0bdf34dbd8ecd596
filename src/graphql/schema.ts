/** The contract, with its resolvers in place, and with one type of features for each layer that is served. */

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
  type GraphQLSchemaConfig,
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
import { introspectInSteps } from './introspection.ts'
import { resolvers } from './resolvers/resolvers.ts'

/** Beside the package's compiled files as beside its sources. */
export const CONTRACT = new URL('../../schema.graphql', import.meta.url)

/** The interfaces that a layer's features have. */
const INTERFACES = ['Feature', 'Node'] as const

type Resolve = GraphQLFieldResolver<unknown, Context>

/** The generic part alone. */
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

/** Its fields are the same objects for all layers: a thousand types take 1.0 MB of the heap, and 2.5 MB with fields of their own. */
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

/** The whole of it, as the layers are: to be asked for with every operation. */
export class CurrentSchema {
  readonly generic = openSchema()
  readonly #interfaces = INTERFACES.map((name) => this.generic.getType(name) as GraphQLInterfaceType)
  readonly #layers: () => readonly Pick<Layer, 'name'>[]
  /** By name. A type stays the same object while its layer is served: to make one anew is most of what a schema costs. */
  readonly #types = new Map<string, GraphQLObjectType>()
  #names = ''
  #current: GraphQLSchema
  #isAwaited = false

  constructor(layers: () => readonly Pick<Layer, 'name'>[]) {
    introspectInSteps()
    this.#layers = layers
    this.#current = this.generic
  }

  get current(): GraphQLSchema {
    const names = this.#layers().map(({ name }) => name)
    const joined = names.join('\n')
    if (joined !== this.#names) {
      this.#current = this.#with(names)
      this.#names = joined
    }
    return this.#current
  }

  /** Makes the schema of other layers soon, before an operation asks for it and pays: a thousand layers take about 30 ms. */
  prepare(): void {
    if (this.#isAwaited) return
    this.#isAwaited = true
    setImmediate(() => {
      this.#isAwaited = false
      void this.current
    })
  }

  /** Those of the layers, by their names. */
  get featureTypes(): readonly GraphQLObjectType[] {
    void this.current
    return [...this.#types.values()]
  }

  #with(layers: readonly string[]): GraphQLSchema {
    const { generic } = this
    const names = typeNames(layers, (name) => generic.getType(name) !== undefined)
    const types = new Map([...names].map(([layer, name]) => [layer, this.#typeOf(`${name}Feature`, layer)]))
    const kept = new Set(types.values())
    for (const [name, type] of this.#types) if (!kept.has(type)) this.#types.delete(name)
    const config: GraphQLSchemaConfig = generic.toConfig()
    const extensions = { featureTypes: types } satisfies SchemaExtensions
    // The contract is checked by its tests, and its layers' types are all alike.
    return new GraphQLSchema({ ...config, types: [...(config.types ?? []), ...kept], extensions, assumeValid: true })
  }

  #typeOf(name: string, layer: string): GraphQLObjectType {
    const known = this.#types.get(name)
    if (known?.extensions['layer'] === layer) return known
    const type = new FeatureType(name, layer, this.#interfaces)
    this.#types.set(name, type)
    return type
  }
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

/* The contract's scalars: what each takes, strictly, and how each is written. Their descriptions stand in the schema. */

/** The members that the schema's own text leaves open. */
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

/* Names of GraphQL types that are made from names of layers, which may hold letters of any script, digits, `_` and `-`. */

/** What a layer's types are called after its own part of the name. */
const ENDINGS = ['Feature', 'Connection', 'Edge', 'Batch'] as const
/** Characters of a digest that tell names apart. */
const DIGEST_CHARACTERS = 6

/**
 * By layer, what the names of its types begin with: `my_roads` -> `MyRoads`. It is the same on every server that serves the same layers. A name
 * that holds other letters than ASCII's, or that another layer or type has already, gets a digest of the layer's name after it: of two layers
 * `roads` and `Roads`, the latter does.
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

/** `whole`: nothing of it was left out. Words that begin with a digit keep a `_` before them: `roads_2` is not `roads2`. */
function inPascalCase(layer: string): { name: string; whole: boolean } {
  const plain = layer.normalize('NFKD').replace(/\p{M}/gu, '')
  const ascii = plain.replace(/[^A-Za-z0-9_-]/g, '')
  const words = ascii.split(/[_-]+/).filter((word) => word !== '')
  const name = words.map((word) => (/^\d/.test(word) ? `_${word}` : word[0]!.toUpperCase() + word.slice(1))).join('')
  return { name: name || 'Layer', whole: ascii === plain && name !== '' }
}

/* The GraphQL type of each layer's features, as a schema carries them along. */

/** By the layer's name. */
type FeatureTypes = ReadonlyMap<string, GraphQLObjectType>

/** What a schema's `extensions` hold. */
interface SchemaExtensions {
  readonly featureTypes: FeatureTypes
}

/** LAYER_NOT_READY for a layer that has come since the operation began. */
export function featureTypeOf({ extensions }: GraphQLSchema, layer: Pick<Layer, 'name'>): GraphQLObjectType {
  const type = (extensions as Partial<SchemaExtensions>).featureTypes?.get(layer.name)
  if (type) return type
  throw new GeoduckError('LAYER_NOT_READY', `Layer ${layer.name} has only just been added; ask again.`)
}
