/** The contract, with its resolvers in place. */
import { readFileSync } from 'node:fs'
import { buildSchema, type GraphQLFieldResolver, type GraphQLSchema, isObjectType, isScalarType } from 'graphql'
import type { Context } from './context.ts'
import type { Resolvers } from './generated.ts'
import { resolvers } from './resolvers/resolvers.ts'
import { scalars } from './scalars.ts'

/** Beside the package's compiled files as beside its sources. */
const CONTRACT = new URL('../../schema.graphql', import.meta.url)

type Resolve = GraphQLFieldResolver<unknown, Context>

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
