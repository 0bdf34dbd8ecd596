import path from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import type { GraphQLSchema } from 'graphql'
import type { CatalogOptions } from '../catalog/catalog.ts'
import type { Config } from '../config/config.ts'
import { ConfigurationError } from '../config/configuration-error.ts'
import type { Log } from '../config/logging.ts'
import { layerNameFaults, reservedNames } from '../graphql/typed/names.ts'

/** The configuration file of a running server. */
export interface ConfigurationSource {
  readonly file: string
  /** Reads it again. @throws ConfigurationError if it is wrong */
  read(): Promise<Config>
}

/** Returns the reader of the configuration for the catalogue, which uses its sources and layers. Other settings need a new start. */
export function rereading(
  started: Config,
  { file, read }: ConfigurationSource,
  check: (layers: Config['layers']) => void,
  log: Log,
): NonNullable<CatalogOptions['configuration']> {
  let before = settingsOf(started)
  return {
    file,
    read: async () => {
      try {
        const config = await read()
        check(config.layers)
        const late = config.layers.find(
          ({ engine }) => engine !== undefined && !started.engines.some(({ name }) => name === engine),
        )
        if (late)
          return `layer ${late.name} is of engine ${late.engine}, which was not there at the start: start the server again`
        const settings = settingsOf(config)
        if (!isDeepStrictEqual(settings, before))
          log.warn(`${file} has other settings than at the start: start again to use them`)
        before = settings
        return { sources: config.sources, layers: config.layers, mirrors: config.mirrors }
      } catch (error) {
        if (error instanceof ConfigurationError) return faultOf(error, file)
        throw error
      }
    },
  }
}

/** @throws ConfigurationError if the names of layers in GraphQL exclude each other */
export function checkLayerNames(layers: Config['layers'], generic: GraphQLSchema): void {
  const faults = layerNameFaults(layers, reservedNames(generic))
  if (faults.length > 0) throw new ConfigurationError(`The configuration is wrong: ${faults.join('; ')}.`)
}

function settingsOf({ sources: _, layers: __, mirrors: ___, ...settings }: Config): Partial<Config> {
  return settings
}

/** Returns one line for clients, who see no folders. */
function faultOf({ message }: ConfigurationError, file: string): string {
  const lines = message.replaceAll(file, path.basename(file)).split('\n')
  return lines.map((line) => line.trim()).join(' ')
}
