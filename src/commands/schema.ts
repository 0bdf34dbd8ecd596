/** `geoduck schema`: prints the schema as text, for code generators and for people. */
import { readFile } from 'node:fs/promises'
import { printSchema } from 'graphql'
import { openCatalog } from '../catalog/catalog.ts'
import type { Config } from '../config/config.ts'
import { CONTRACT, wholeSchema } from '../graphql/schema.ts'

/** The generic part of the schema, as in the package. */
export async function genericSchema(): Promise<string> {
  return await readFile(CONTRACT, 'utf8')
}

/**
 * Returns the schema that a server with this configuration would serve: the generic part, and a feature type for each of its layers. It waits until the
 * sources are described, and prepares nothing. `warn` receives a line per source that is not served.
 */
export async function printedSchema(config: Config, spatialExtension: string, warn: (line: string) => void): Promise<string> {
  const { sources, layers, cacheDirectory, cacheBytes } = config
  const log = { info: () => {}, warn: (_: object, message: string) => warn(message) }
  const catalog = await openCatalog({ sources, layers, spatialExtension, cacheFolder: cacheDirectory, cacheBytes, log })
  try {
    for (const { source, reason } of catalog.problems()) warn(`${source} is not served: ${reason}`)
    return `${printSchema(wholeSchema(catalog.layers()))}\n`
  } finally {
    await catalog.close()
  }
}
