/**
 * GraphQL types whose fields are made when they are first read. graphql-js would check and copy the fields of every type, which
 * takes most of the time. These are right by construction, and all layers share their common fields.
 */
import {
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLFieldMap,
  type GraphQLInputField,
  type GraphQLInputFieldMap,
  GraphQLInputObjectType,
  type GraphQLInputType,
  type GraphQLInterfaceType,
  GraphQLList,
  GraphQLNonNull,
  GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLSchema,
} from 'graphql'

// biome-ignore lint/suspicious/noExplicitAny: graphql-js types the source of a field so.
export type Field = GraphQLField<any, any>
// biome-ignore lint/suspicious/noExplicitAny: graphql-js types the source of a field so.
type Fields = GraphQLFieldMap<any, any>

interface ObjectParts {
  readonly name: string
  readonly description: string | null
  readonly interfaces?: readonly GraphQLInterfaceType[]
  readonly fields: () => readonly Field[]
}

const NO_FIELDS = {}

export class LazyObjectType extends GraphQLObjectType {
  readonly #make: () => readonly Field[]
  #fields: Fields | undefined

  constructor({ name, description, interfaces = [], fields }: ObjectParts) {
    super({ name, description, interfaces, fields: NO_FIELDS })
    this.#make = fields
  }

  override getFields(): Fields {
    this.#fields ??= byName(this.#make())
    return this.#fields
  }
}

export class LazyInputType extends GraphQLInputObjectType {
  readonly #make: () => readonly GraphQLInputField[]
  #fields: GraphQLInputFieldMap | undefined

  constructor(name: string, description: string, fields: () => readonly GraphQLInputField[]) {
    super({ name, description, fields: NO_FIELDS })
    this.#make = fields
  }

  override getFields(): GraphQLInputFieldMap {
    this.#fields ??= byName(this.#make())
    return this.#fields
  }
}

function byName<Named extends { readonly name: string }>(items: readonly Named[]): Record<string, Named> {
  const map: Record<string, Named> = Object.create(null)
  for (const item of items) map[item.name] = item
  return map
}

const NO_EXTENSIONS = Object.freeze({})
const PLAIN = { deprecationReason: undefined, extensions: NO_EXTENSIONS, astNode: undefined } as const

export function field(
  name: string,
  type: GraphQLOutputType,
  description: string | null,
  more: Partial<Pick<Field, 'args' | 'resolve' | 'subscribe'>> = {},
): Field {
  return { name, description, type, args: [], ...PLAIN, ...more }
}

export function inputField(
  name: string,
  type: GraphQLInputType,
  description: string | null,
  defaultValue?: unknown,
): GraphQLInputField {
  return { name, description, type, defaultValue, ...PLAIN }
}

/** An argument has the members of an input field. */
export function argument(...of: Parameters<typeof inputField>): GraphQLArgument {
  return inputField(...of)
}

/** Returns an object type with the fields of a generic one: those that `has` keeps, some of them with another type. */
export function likeGeneric(
  generic: GraphQLSchema,
  of: string,
  name: string,
  types: Readonly<Record<string, GraphQLOutputType>>,
  has: (field: string) => boolean = () => true,
): GraphQLObjectType {
  const type = generic.getType(of) as GraphQLObjectType
  const fields = () =>
    Object.values(type.getFields())
      .filter(({ name }) => has(name))
      .map((field) => (types[field.name] ? { ...field, type: types[field.name]!, astNode: undefined } : field))
  return new LazyObjectType({ name, description: type.description ?? '', fields })
}

export function required<Type extends GraphQLOutputType | GraphQLInputType>(type: Type): Type {
  return new GraphQLNonNull(type) as unknown as Type
}

export function listOf<Type extends GraphQLOutputType | GraphQLInputType>(type: Type): Type {
  return new GraphQLList(required(type)) as unknown as Type
}
