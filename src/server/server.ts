/** The composition root. It opens the parts of a server in order and closes them together. */
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { type FilterLimits, filterLimitsOf } from '../ask/read/read-filter.ts'
import { type Catalog, openCatalog } from '../catalog/catalog.ts'
import type { LiveLayers } from '../catalog/live/live-layers.ts'
import type { Config } from '../config/config.ts'
import { findHttpfsExtension } from '../config/extension.ts'
import { type Log, openLog } from '../config/logging.ts'
import { machine } from '../config/machine.ts'
import { encodingNameFor } from '../delivery/compression.ts'
import { awakeSleep } from '../engines/awake.ts'
import { CAPABILITIES } from '../engines/duckdb/capabilities.ts'
import { openPool } from '../engines/duckdb/pool/pool.ts'
import { workerOptions } from '../engines/duckdb/pool/worker-options.ts'
import type { Engine, RemoteReaders } from '../engines/engine.ts'
import type { Context, HealthModel } from '../graphql/context.ts'
import { CurrentSchema } from '../graphql/current-schema.ts'
import { DocumentReader, type OperationLimits } from '../graphql/document.ts'
import { HealthSubscribers } from '../graphql/health-events.ts'
import { Introspector } from '../graphql/introspection/introspector.ts'
import { LayerChanges } from '../graphql/layer-events.ts'
import { GeoduckError } from '../model/errors.ts'
import type { Layer } from '../model/layer.ts'
import { Access, clientAddress, Hosts, Origins, publicAddressOf } from './access.ts'
import { ClientMemory } from './client-memory.ts'
import { type ConfigurationSource, checkLayerNames, rereading } from './configuration.ts'
import { Connections } from './connections.ts'
import type { Demo, DemoOptions } from './demo.ts'
import { DownloadEndpoint } from './download-endpoint.ts'
import { EntityTags, PageCache } from './entity-tags.ts'
import { Exports } from './exports.ts'
import { GraphQLEndpoint } from './graphql-endpoint.ts'
import { HealthReport, type HealthSources } from './health.ts'
import { httpServer, type Routes, route, TIMES } from './http.ts'
import { endIdleConnections } from './idle-connections.ts'
import { Metrics } from './metrics/metrics.ts'
import { NothingToServe } from './nothing-to-serve.ts'
import { Operations } from './operations.ts'
import { PersistedQueries } from './persisted-queries.ts'
import { oneAtATime } from './pipelining.ts'
import { socketProtocol } from './socket-protocol.ts'
import { TileCache } from './tile-cache.ts'
import { TileEndpoint } from './tile-endpoint.ts'
import type { UploadEndpoint } from './upload/endpoint.ts'
import { type Urls, urlsOf } from './urls.ts'
import { WebSockets } from './websocket.ts'
import { openYoga } from './yoga.ts'

export interface ServerOptions {
  readonly spatialExtension: { readonly path: string; readonly how: string }
  /** Node options for the workers. @default none */
  readonly execArgv?: readonly string[]
  /** The configuration file. @default none */
  readonly configuration?: ConfigurationSource | null
  /** The live layer of the demo. @default none */
  readonly demo?: DemoOptions | null
}

export interface RunningServer extends Urls {
  /**
   * Resolves with the layers when each can be queried. Rejects with NothingToServe, or with the reason why workers did not
   * start.
   */
  readonly ready: Promise<readonly Layer[]>
  /** Returns the current layers, including those that are being prepared. */
  layers(): readonly Layer[]
  /**
   * Reports to load balancers that the server is not ready, and waits until they should have noticed (`--drain`). Everything
   * else is still served.
   */
  drain(): Promise<void>
  /** Stops new work, ends streams with a typed error and their cursor, and closes sockets and workers, all within 10 s. */
  close(): Promise<void>
}

/**
 * Starts a server. Resolves when it listens, long before it is ready: until then operations get LAYER_NOT_READY. Rejects as
 * `listen` does.
 */
export async function startServer(
  given: Config,
  { spatialExtension, execArgv = [], configuration, demo: demoOptions = null }: ServerOptions,
): Promise<RunningServer> {
  const log = openLog(given)
  const demo = demoOptions && (await (await import('./demo.ts')).Demo.open(demoOptions, given, log))
  const config = { ...given, ...demo?.settings }
  const exports = new Exports({
    config,
    spatialExtension: spatialExtension.path,
    access: () => state.catalog.access(),
    engine: () => state.engine,
  })
  const state = new ServerState({
    ...config,
    filterLimits: filterLimitsOf(config),
    spatialExtension: spatialExtension.how,
    exports: () => exports.report(),
  })
  const memory = new ClientMemory({ limitBytes: config.unreadBytes, patienceSeconds: config.queueSeconds })
  const operations = new Operations({
    log,
    memory,
    explain: (query) => state.engine.explain(query),
    slowMs: config.slowSeconds * 1_000,
    mostOfAddress: config.maxAddressOperations,
  })
  const schema = new CurrentSchema(state)
  const checkNames = (layers: Config['layers']) => checkLayerNames(layers, schema.generic)
  checkNames(config.layers)
  const documents = new DocumentReader({ limits: operationLimits(config), introspection: config.introspection })
  const access = new Access(config.token, config.writes, config.writeToken)
  const { compression, basePath } = config
  const persisted = new PersistedQueries(config.persistedQueries)
  const pages = new PageCache(config.pageCacheBytes)
  const tags = new EntityTags({ schema, pages, encodingFor: (req) => encodingNameFor(req, compression), open: access.open })
  const addressOf = clientAddress(config.trustProxy)
  const shared = { services: state, operations, access, addressOf, origins: new Origins(config), basePath }
  const graphql = new GraphQLEndpoint({
    ...shared,
    limits: config,
    tags,
    yoga: openYoga({ schema, documents, persisted, tags, compression }),
  })
  const download = new DownloadEndpoint({ ...shared, schema: schema.generic, limits: config, compression, exports })
  const publicAddress = publicAddressOf(config)
  const tileCache = new TileCache(join(config.cacheDirectory, 'tiles'), config.tileCacheBytes, (error) =>
    log.warn({ err: error }, 'Tiles are not kept on disk for a minute'),
  )
  const tiles = new TileEndpoint({
    ...shared,
    schema: schema.generic,
    limits: config,
    tags,
    publicAddress,
    compression,
    cache: tileCache,
  })
  // Its code is loaded by the first request.
  let uploads: Promise<UploadEndpoint> | null = null
  const upload: Routes['upload'] = async (...request) => {
    uploads ??= import('./upload/endpoint.ts').then((module) => new module.UploadEndpoint({ ...shared, limits: config }))
    await (await uploads).answer(...request)
  }
  const health = state.healthReport
  const metrics = new Metrics({
    operations,
    engine: () => health.engine(),
    sockets: () => sockets.count,
    unread: () => memory.bytes,
    pages,
    tiles: tileCache,
    ready: () => health.ready,
    preparing: () => health.preparations.length,
  })
  const hosts = new Hosts(config.host, config.hosts)
  const listener = oneAtATime(addressOf, route({ ...shared, graphql, download, tiles, upload, health, metrics, hosts, demo }))
  const http = httpServer(listener, { ...TIMES, keepAliveTimeout: config.keepAliveSeconds * 1_000 })
  const connections = new Connections(http, {
    mostOfAddress: config.trustProxy === 0 ? config.maxConnections : null,
    openFiles: machine().openFiles,
    stallMs: config.stallSeconds * 1_000,
  })
  endIdleConnections(http)
  const protocol = socketProtocol({ schema, documents, persisted, services: state, access, operations })
  const sockets = new WebSockets(http, { ...shared, protocol, server: health.server, hosts, memory, limits: config, log })
  const address = await listen(http, config).catch(async (error: unknown) => {
    await demo?.close()
    throw error
  })
  const layersChanged = () => {
    schema.layersChanged()
    state.introspector.layersChanged()
  }
  const ready = fill(
    state,
    config,
    { spatialExtension: spatialExtension.path, execArgv, configuration, checkNames, demo, remoteReaders: new Map() },
    log,
    layersChanged,
  )
  // The caller of `startServer` handles a rejection. After a stop nobody waits for it.
  ready.catch(() => {})
  let closing: Promise<void> | null = null
  const close = () => (closing ??= shutDown({ http, connections, sockets, state, ready, operations, exports, demo, log }))
  const urls = urlsOf(config.host, address, (host) => hosts.allows(host))
  if (demo) ready.then(() => demo.start(state.catalog.live!, `${urls.url}${basePath}/graphql`)).catch(() => {})
  const drain = async () => {
    if (config.drainSeconds === 0) return
    health.drain()
    // A proxy that keeps connections opens its next one to another server.
    http.prependListener('request', (_, res) => void res.setHeader('connection', 'close'))
    log.info(`Draining: /ready answers 503, and the server stops in ${config.drainSeconds} s`)
    await awakeSleep(config.drainSeconds * 1_000)
  }
  return { ...urls, ready, layers: () => state.layers(), drain, close }
}

async function listen(http: Server, { host, port }: Config): Promise<AddressInfo> {
  http.listen(port, host)
  await once(http, 'listening')
  return http.address() as AddressInfo
}

function operationLimits({ maxTokens, maxDepth, maxAliases, maxRootFields }: Config): OperationLimits {
  return { tokens: maxTokens, depth: maxDepth, aliases: maxAliases, rootFields: maxRootFields }
}

/** The program of workers, and the configuration file. */
interface WorkerProgram {
  readonly spatialExtension: string
  readonly execArgv: readonly string[]
  readonly configuration: ConfigurationSource | null | undefined
  /** Throws ConfigurationError. */
  readonly checkNames: (layers: Config['layers']) => void
  readonly demo: Demo | null
  readonly remoteReaders: RemoteReaders
}

/**
 * Describes the sources, then starts workers that may read only those. New workers replace them when more is prepared. Resolves
 * with the layers when each can be queried. It calls `onLayers` when the layers have changed.
 */
async function fill(
  state: ServerState,
  config: Config,
  program: WorkerProgram,
  log: Log,
  onLayers: () => void,
): Promise<readonly Layer[]> {
  const opened = Promise.withResolvers<Engine>()
  // Its process starts while the files are read.
  const live = config.live === null ? null : openLive(config, config.live, program, log)
  const files = openCatalog({
    sources: config.sources,
    mirrors: config.mirrors,
    layers: config.layers,
    stores: config.stores,
    engines: config.engines,
    ...(program.configuration && { configuration: rereading(config, program.configuration, program.checkNames, log) }),
    spatialExtension: program.spatialExtension,
    httpfsExtension: () => findHttpfsExtension(program.spatialExtension, (line) => log.info(line)),
    cacheFolder: config.cacheDirectory,
    cacheBytes: config.cacheBytes,
    remoteCacheBytes: config.remoteCacheBytes,
    remoteReaders: program.remoteReaders,
    tempFolder: config.tempDirectory,
    watch: config.watch,
    admit: async (access) => (await opened.promise).renew({ ...access, ...(config.live !== null && { live: config.live }) }),
    log,
  })
  const catalog = live ? await withLive(files, live) : await files
  await state.describe(catalog)
  onLayers()
  catalog.on('changed', (change) => {
    state.layerChanges.add(change)
    const { kind, layer } = change
    // A check changes the types of a layer only by the values of its enums.
    if (kind !== 'CHECKED' || layer.columns.some(({ values }) => values)) onLayers()
  })
  // A commit changes no type.
  catalog.live?.on('committed', ({ layers }) => {
    for (const layer of layers) state.layerChanges.add({ kind: 'NEW_VERSION', layer })
  })
  for (const { source, reason } of catalog.problems()) log.warn({ source }, `${source} is not served: ${reason}`)
  if (!catalog.live && catalog.layers().length === 0) throw new NothingToServe(catalog.problems())
  // Sources that are prepared meanwhile wait for it.
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
  if (!catalog.live && catalog.layers().length === 0) throw new NothingToServe(catalog.problems())
  state.prepared()
  return catalog.layers()
}

/** Opens the live layers. Their code is loaded only then. */
async function openLive(
  { tempDirectory, memoryLimitBytes, writes }: Config,
  directory: string,
  { spatialExtension, demo }: WorkerProgram,
  log: Log,
): Promise<LiveLayers> {
  const options = { directory, tempDirectory, memoryLimitBytes, spatialExtension, writes, log, ...demo?.retention }
  if (writes) return await (await import('../catalog/live/written-layers.ts')).WrittenLayers.open(options)
  return (await import('../catalog/live/followed-layers.ts')).FollowedLayers.open(options)
}

/** Adds the live layers to those of the files. If one of them cannot be opened, it closes the other. */
async function withLive(opening: Promise<Catalog>, openingLive: Promise<LiveLayers>): Promise<Catalog> {
  const [files, live] = await Promise.allSettled([opening, openingLive])
  if (files.status === 'fulfilled' && live.status === 'fulfilled') {
    const { LiveCatalog } = await import('../catalog/live/live-catalog.ts')
    return new LiveCatalog(files.value, live.value)
  }
  for (const opened of [files, live]) if (opened.status === 'fulfilled') await opened.value.close()
  throw files.status === 'rejected' ? files.reason : (live as PromiseRejectedResult).reason
}

async function openWorkers(
  catalog: Catalog,
  config: Config,
  { spatialExtension, execArgv, remoteReaders }: WorkerProgram,
  log: Log,
): Promise<Engine> {
  const pool = await openPool({
    ...config,
    execArgv,
    remoteReaders,
    serial: { memoryLimitBytes: config.serialMemoryLimitBytes, threads: config.serialThreads },
    worker: workerOptions(config, spatialExtension, catalog.access()),
    log,
    onOutdated: () => {
      catalog.refresh().catch((error: unknown) => log.warn({ err: error }, 'The sources could not be read again'))
    },
  })
  if (!catalog.engines) return pool
  const { GatheringEngine } = await import('../engines/spark/host/gathering-engine.ts')
  return new GatheringEngine(pool, catalog.engines.byName)
}

/** Milliseconds that clients have to read the end of their operations. */
const DRAIN_MS = 3_000
/** Milliseconds for parts to stop opening if the server is stopped while it starts. */
const START_MS = 500
/** Milliseconds for workers to stop. They are killed afterwards. */
const WORKERS_MS = 5_000

interface OpenParts {
  readonly http: Server
  readonly connections: Connections
  readonly sockets: WebSockets
  readonly state: ServerState
  /** Settles when no part is being opened any more. */
  readonly ready: Promise<unknown>
  readonly operations: Operations
  readonly exports: Exports
  readonly demo: Demo | null
  readonly log: Log
}

/**
 * Ends operations with SHUTTING_DOWN, waits until clients have read that, and closes sockets with 1001. A client that does not
 * read is cut off.
 */
async function shutDown({ http, connections, sockets, state, ready, operations, exports, demo, log }: OpenParts): Promise<void> {
  const stopped = Promise.withResolvers<void>()
  demo?.stop()
  http.close(() => stopped.resolve())
  http.closeIdleConnections()
  state.stop()
  await atMost(START_MS, ready)
  const emptied = Promise.all([state.close().then(() => demo?.close()), exports.close()])
  await atMost(DRAIN_MS, operations.settled())
  await sockets.close()
  http.closeAllConnections()
  await stopped.promise
  connections.close()
  await atMost(WORKERS_MS, emptied)
  log.info('Stopped')
}

/** Waits for the work, or until its time is over. */
async function atMost(ms: number, work: Promise<unknown>): Promise<void> {
  const over = new AbortController()
  await Promise.race([work.catch(() => undefined), awakeSleep(ms, over.signal)])
  over.abort()
}

/** The parts of the server that exist so far. It first listens, then describes its sources, then starts its workers. */
type Services = Context['services']

class ServerState implements Services {
  readonly can = CAPABILITIES
  readonly cursorSecret: string
  readonly basePath: string
  readonly filterLimits: FilterLimits
  readonly pageRows: number
  readonly deadlineSeconds: number
  readonly healthReport: HealthReport
  readonly healthSubscribers = new HealthSubscribers()
  readonly layerChanges = new LayerChanges()
  readonly introspector = new Introspector({ layers: () => this.layers() })
  readonly #stop = new AbortController()
  #catalog: Catalog | null = null
  #engine: Engine | null = null
  /** True for good once the sources of the start are prepared. A file that is added later must not take the server out of a load balancer. */
  #isPrepared = false

  constructor(
    options: Pick<Services, 'basePath' | 'cursorSecret' | 'filterLimits' | 'pageRows' | 'deadlineSeconds'> & {
      readonly spatialExtension: string
      readonly serverName: string | null
      readonly exports: HealthSources['exports']
    },
  ) {
    this.cursorSecret = options.cursorSecret
    this.basePath = options.basePath
    this.filterLimits = options.filterLimits
    this.pageRows = options.pageRows
    this.deadlineSeconds = options.deadlineSeconds
    this.healthReport = new HealthReport({
      serverName: options.serverName ?? randomBytes(4).toString('hex'),
      spatialExtension: options.spatialExtension,
      problems: () => this.#catalog?.problems() ?? [],
      preparations: () => this.#catalog?.preparations() ?? [],
      exports: options.exports,
      ready: () => this.#isPrepared && this.#engine?.ready === true,
      engine: () => this.#engine,
    })
  }

  get catalog(): Catalog {
    if (this.#catalog) return this.#catalog
    throw sourcesNotReady()
  }

  get notReady(): GeoduckError | null {
    return this.#catalog ? null : sourcesNotReady()
  }

  get engine(): Engine {
    this.stopping.throwIfAborted()
    if (this.#engine) return this.#engine
    throw new GeoduckError('LAYER_NOT_READY', 'The workers are being started; ask again in a moment.')
  }

  /** Returns the layers. There are none until the sources have been described. */
  layers(): readonly Layer[] {
    return this.#catalog?.layers() ?? []
  }

  layer(name: string): Layer | undefined {
    return this.#catalog?.layer(name)
  }

  rivals(name: string): readonly string[] {
    return this.#catalog?.rivals(name) ?? []
  }

  get stopping(): AbortSignal {
    return this.#stop.signal
  }

  /** Takes the catalogue. If the server has been stopped meanwhile, it closes the catalogue and rejects. */
  async describe(catalog: Catalog): Promise<void> {
    this.#catalog = catalog
    await this.#closeIfStopped(catalog)
  }

  /** Takes the engine. If the server has been stopped meanwhile, it closes the engine and rejects. */
  async serve(engine: Engine): Promise<void> {
    this.#engine = engine
    await this.#closeIfStopped(engine)
  }

  /** Called when every source of the start is prepared, or has a problem. */
  prepared(): void {
    this.#isPrepared = true
  }

  health(freshMs?: number): Promise<HealthModel> {
    return this.healthReport.read(freshMs)
  }

  /** Stops new work. */
  stop(): void {
    this.#stop.abort(new GeoduckError('SHUTTING_DOWN', 'The server is stopping; ask again later, or elsewhere.'))
  }

  /** Ends streams with SHUTTING_DOWN and their cursor. Resolves when workers and catalogue are closed. */
  async close(): Promise<void> {
    this.healthReport.close()
    this.introspector.close()
    await Promise.all([this.#engine?.close(), this.#catalog?.close()])
  }

  async #closeIfStopped(part: { close(): Promise<void> }): Promise<void> {
    if (this.stopping.aborted) await part.close()
    this.stopping.throwIfAborted()
  }
}

function sourcesNotReady(): GeoduckError {
  return new GeoduckError('LAYER_NOT_READY', 'The sources are being read; ask again in a moment.')
}
