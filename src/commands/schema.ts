/** `geoduck schema`: the contract as text, for code generators and for people. */
import { readFile } from 'node:fs/promises'
import { printType } from 'graphql'
import { openCatalog } from '../catalog/catalog.ts'
import type { Config } from '../config/config.ts'
import { CONTRACT, CurrentSchema } from '../graphql/schema.ts'

/** The generic part, as it is shipped. */
export async function genericSchema(): Promise<string> {
  return await readFile(CONTRACT, 'utf8')
}

/**
 * What a server of this configuration would serve: the generic part, and a type of features for each of its layers. It waits until the sources
 * have been described, and prepares nothing that has not been prepared before. `warn` takes a line for each source that is not served.
 */
export async function printedSchema(config: Config, spatialExtension: string, warn: (line: string) => void): Promise<string> {
  const { sources, layers, cacheDirectory, cacheBytes } = config
  const log = { info: () => {}, warn: (_: object, message: string) => warn(message) }
  const catalog = await openCatalog({ sources, layers, spatialExtension, cacheFolder: cacheDirectory, cacheBytes, log })
  try {
    for (const { source, reason } of catalog.problems()) warn(`${source} is not served: ${reason}`)
    const types = new CurrentSchema(() => catalog.layers()).featureTypes.map(printType)
    return [await genericSchema(), ...types.map((type) => `\n${type}\n`)].join('')
  } finally {
    await catalog.close()
  }
}
