import { type Catalog, openCatalog } from '../catalog/catalog.ts'
import type { Config } from '../config/config.ts'
import type { Log } from '../config/logging.ts'
import { openPool } from '../engines/duckdb/pool/pool.ts'
import { workerOptions } from '../engines/duckdb/pool/worker-options.ts'
import type { Engine } from '../engines/engine.ts'
import type { Layer } from '../model/layer.ts'
import { NothingToServe } from './nothing-to-serve.ts'
import type { ServerState } from './state.ts'

/** What workers run with, beside their configuration. */
interface WorkerProgram {
  readonly spatialExtension: string
  readonly execArgv: readonly string[]
}

/**
 * Describes the sources, then starts workers that may read just those; others take their places when more is prepared. Resolves with the
 * layers when each can be asked. `onLayers` is called when there are other layers than before.
 */
export async function fill(
  state: ServerState,
  config: Config,
  program: WorkerProgram,
  log: Log,
  onLayers: () => void,
): Promise<readonly Layer[]> {
  const opened = Promise.withResolvers<Engine>()
  const catalog = await openCatalog({
    sources: config.sources,
    layers: config.layers,
    spatialExtension: program.spatialExtension,
    cacheFolder: config.cacheDirectory,
    cacheBytes: config.cacheBytes,
    tempFolder: config.tempDirectory,
    watch: config.watch,
    admit: async (access) => (await opened.promise).renew(access),
    log,
  })
  await state.describe(catalog)
  onLayers()
  catalog.on('changed', ({ kind }) => {
    if (kind === 'ADDED' || kind === 'REMOVED') onLayers()
  })
  for (const { source, reason } of catalog.problems()) log.warn({ source }, `${source} is not served: ${reason}`)
  if (catalog.layers().length === 0) throw new NothingToServe(catalog.problems())
  // What is prepared meanwhile waits for it.
  opened.promise.catch(() => {})
  const engine = await openWorkers(catalog, config, program, log).catch((error: unknown) => {
    opened.reject(error)
    throw error
  })
  await state.serve(engine).catch((error: unknown) => {
    opened.reject(error)
    throw error
  })
  opened.resolve(engine)
  await catalog.prepared
  state.stopping.throwIfAborted()
  if (catalog.layers().length === 0) throw new NothingToServe(catalog.problems())
  return catalog.layers()
}

function openWorkers(catalog: Catalog, config: Config, { spatialExtension, execArgv }: WorkerProgram, log: Log): Promise<Engine> {
  return openPool({
    ...config,
    execArgv,
    serial: { memoryLimitBytes: config.serialMemoryLimitBytes, threads: config.serialThreads },
    worker: workerOptions(config, spatialExtension, { allowedPaths: catalog.files, databases: catalog.databases() }),
    log,
    onOutdated: () => {
      catalog.refresh().catch((error: unknown) => log.warn({ err: error }, 'the sources could not be looked at again'))
    },
  })
}
