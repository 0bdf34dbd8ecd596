/** `geoduck schema`: prints the schema as text, for code generators and for people. */
import { readFile } from 'node:fs/promises'
import { GraphQLObjectType, type GraphQLSchema, printType } from 'graphql'
import { openCatalog } from '../catalog/catalog.ts'
import type { Config } from '../config/config.ts'
import { CONTRACT, CurrentSchema } from '../graphql/schema.ts'

/** The generic part of the schema, as in the package. */
export async function genericSchema(): Promise<string> {
  return await readFile(CONTRACT, 'utf8')
}

/**
 * Returns the schema that a server with this configuration would serve: the generic part, and the types and root fields of its layers. It waits until the
 * sources are described, and prepares nothing. `warn` receives a line per source that is not served.
 */
export async function printedSchema(config: Config, spatialExtension: string, warn: (line: string) => void): Promise<string> {
  const { sources, layers, cacheDirectory, cacheBytes } = config
  const log = { info: () => {}, warn: (_: object, message: string) => warn(message) }
  const catalog = await openCatalog({ sources, layers, spatialExtension, cacheFolder: cacheDirectory, cacheBytes, log })
  try {
    for (const { source, reason } of catalog.problems()) warn(`${source} is not served: ${reason}`)
    const { current, generic } = new CurrentSchema(() => catalog.layers())
    const types = Object.values(current.getTypeMap()).filter(({ name }) => !generic.getType(name))
    const printed = [...rootFields(current, generic), ...types.map((type) => printType(type))]
    return [await genericSchema(), ...printed.map((text) => `\n${text}\n`)].join('')
  } finally {
    await catalog.close()
  }
}

/** Returns the root fields of layers as extensions of the root types. */
function rootFields(current: GraphQLSchema, generic: GraphQLSchema): string[] {
  const known = generic.getTypeMap()
  return [current.getQueryType()!, current.getSubscriptionType()!].flatMap((root) => {
    const { name, fields } = root.toConfig()
    const own = (known[name] as GraphQLObjectType).getFields()
    const more = Object.entries(fields).filter(([field]) => !own[field])
    return more.length === 0 ? [] : `extend ${printType(new GraphQLObjectType({ name, fields: Object.fromEntries(more) }))}`
  })
}
