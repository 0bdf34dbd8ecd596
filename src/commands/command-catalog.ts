import { type Catalog, openCatalog } from '../catalog/catalog.ts'
import type { Config } from '../config/config.ts'
import { findHttpfsExtension } from '../config/extension.ts'
import { GeoduckError } from '../model/errors.ts'
import type { Layer } from '../model/layer.ts'

export interface CommandSources {
  readonly spatialExtension: string
  /** Receives a line per source that is not served. */
  readonly warn: (line: string) => void
}

/** Opens the catalogue of a command that has no server. @throws Error if the process that reads sources cannot start */
export async function openCommandCatalog(config: Config, { spatialExtension, warn }: CommandSources): Promise<Catalog> {
  const { sources, mirrors, layers, stores, engines, cacheDirectory: cacheFolder, cacheBytes, live: directory } = config
  const log = { info: () => {}, warn: (_: object, message: string) => warn(message) }
  const httpfsExtension = () => findHttpfsExtension(spatialExtension, warn)
  const files = await openCatalog({
    sources,
    mirrors,
    layers,
    stores,
    engines,
    spatialExtension,
    httpfsExtension,
    cacheFolder,
    cacheBytes,
    log,
  })
  if (directory === null) return files
  const [{ FollowedLayers }, { LiveCatalog }] = await Promise.all([
    import('../catalog/live/followed-layers.ts'),
    import('../catalog/live/live-catalog.ts'),
  ])
  const { tempDirectory, memoryLimitBytes, writes } = config
  try {
    const live = FollowedLayers.open({ directory, tempDirectory, memoryLimitBytes, spatialExtension, writes, log })
    return new LiveCatalog(files, live)
  } catch (error) {
    await files.close()
    throw error
  }
}

/** @throws GeoduckError UNSUPPORTED if another engine gathers the rows of the layer */
export function requireFiles({ name, relation }: Layer, command: string, instead: string): void {
  if (relation.kind === 'gathered')
    throw new GeoduckError(
      'UNSUPPORTED',
      `\`geoduck ${command}\` does not support layer ${name}, whose rows are gathered by engine ${relation.engine}; ${instead}.`,
    )
}

/** Warns of each problem of the catalogue. */
export function warnOfProblems(catalog: Catalog, warn: CommandSources['warn']): void {
  for (const { source, reason } of catalog.problems()) warn(`${source} is not served: ${reason}`)
}
