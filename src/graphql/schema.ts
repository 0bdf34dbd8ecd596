/** The contract, with its resolvers in place, and with one type of features for each layer that is served. */
import { readFileSync } from 'node:fs'
import {
  buildSchema,
  type GraphQLFieldResolver,
  type GraphQLInterfaceType,
  GraphQLObjectType,
  GraphQLSchema,
  type GraphQLSchemaConfig,
  isObjectType,
  isScalarType,
} from 'graphql'
import type { Layer } from '../model/layer.ts'
import type { Context } from './context.ts'
import type { SchemaExtensions } from './feature-types.ts'
import type { Resolvers } from './generated.ts'
import { introspectInSteps } from './introspection.ts'
import { resolvers } from './resolvers/resolvers.ts'
import { scalars } from './scalars.ts'
import { typeNames } from './type-names.ts'

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
export class ServedSchema {
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
