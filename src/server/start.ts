import { join } from 'node:path'
import { openCatalog } from '../catalog/catalog.ts'
import type { Layer } from '../catalog/layer.ts'
import { cacheDirectory } from '../config/cache.ts'
import type { Config } from '../config/config.ts'
import { openPool } from '../pool/pool.ts'
import type { Log } from './logging.ts'
import { NothingToServe } from './nothing-to-serve.ts'
import type { ServerState } from './state.ts'

/** Answers of inspections, between starts. */
const INSPECTIONS = join(cacheDirectory(), 'inspections')
/** The engine fills this before its first chunk: 64 KB of small rows come after 140 ms, 1 MB after 2.7 s. */
const STREAMING_BUFFER_BYTES = 65_536

/** Describes the sources, then starts workers that may read just those. Resolves with the layers. */
export async function fill(state: ServerState, config: Config, spatialExtension: string, log: Log): Promise<readonly Layer[]> {
  const catalog = await openCatalog({ sources: config.sources, spatialExtension, cacheFolder: INSPECTIONS, log })
  await state.describe(catalog)
  for (const { source, reason } of catalog.problems()) log.warn({ source }, `${source} is not served: ${reason}`)
  if (catalog.layers().length === 0) throw new NothingToServe(catalog.problems())
  const databases = catalog.databases()
  const { workers, memoryLimitBytes, threads, tempDirectory, tempDirectoryBytes } = config
  const engine = await openPool({
    ...config,
    workers,
    worker: {
      spatialExtension,
      memoryLimitBytes,
      threads,
      tempDirectory,
      tempDirectoryBytes,
      streamingBufferBytes: STREAMING_BUFFER_BYTES,
      allowedPaths: catalog.files,
      databases,
    },
    log,
    onOutdated: () => {
      catalog.refresh().catch((error: unknown) => log.warn({ err: error }, 'the sources could not be looked at again'))
    },
  })
  const renew = () => {
    engine
      .renew({ allowedPaths: catalog.files, databases: catalog.databases() })
      .catch((error: unknown) => log.warn({ err: error }, 'the workers could not be renewed'))
  }
  catalog.onDatabases(databases, renew)
  await state.serve(engine)
  return catalog.layers()
}
