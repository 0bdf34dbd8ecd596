/** A whole server in the test's own process: real sockets, real workers, real files. */
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Config } from '../../src/config/config.ts'
import type { ConfigurationSource } from '../../src/server/configuration.ts'
import type { DemoOptions } from '../../src/server/demo.ts'
import { type RunningServer, startServer } from '../../src/server/server.ts'
import { ROOT, SHARED } from './environment.ts'
import { SPATIAL_EXTENSION } from './spatial-extension.ts'

export const PLACES = join(SHARED, 'data/places.parquet')

const CONFIG: Omit<Config, 'sources'> = {
  layers: [],
  stores: [],
  engines: [],
  mirrors: [],
  host: '127.0.0.1',
  hosts: [],
  port: 0,
  logLevel: process.env['LOG_LEVEL'] === 'debug' ? 'debug' : 'silent',
  logPretty: true,
  workers: 2,
  memoryLimitBytes: 2 ** 30,
  threads: 1,
  workerIdleSeconds: 60,
  serialMemoryLimitBytes: null,
  serialThreads: null,
  serialRows: 2_048,
  memoryShare: 0.8,
  watch: false,
  tempDirectory: tmpdir(),
  tempDirectoryBytes: 2 ** 30,
  cacheDirectory: join(ROOT, '.geoduck/test/cache'),
  cacheBytes: 20e9,
  // Most tests of remote files read the object again.
  remoteCacheBytes: 0,
  exportBytes: 1e9,
  exportSeconds: 120,
  spatialExtension: SPATIAL_EXTENSION,
  cursorSecret: 'a secret for tests only',
  pageRows: 10_000,
  deadlineSeconds: 30,
  stallSeconds: 60,
  maxFrameBytes: 2 ** 20,
  maxFeatureBytes: 2 ** 24,
  pageBytes: 32e6,
  // Most tests ask the same question again to see it executed.
  pageCacheBytes: 0,
  tileCacheBytes: 0,
  queueLength: 1_000,
  queueSeconds: 30,
  unreadBytes: 256e6,
  maxConnections: 4_096,
  origins: [],
  token: null,
  allowAnonymous: false,
  live: null,
  writes: false,
  writeToken: null,
  trustProxy: 0,
  basePath: '',
  keepAliveSeconds: 75,
  drainSeconds: 0,
  serverName: null,
  allowCredentials: false,
  introspection: true,
  slowSeconds: 5,
  maxDepth: 10,
  maxTokens: 2_000,
  maxAliases: 15,
  maxRootFields: 5,
  maxFilterDepth: 10,
  maxFilters: 100,
  maxVertices: 25_000,
  maxAggregateVertices: 500_000,
  maxBodyBytes: 1e6,
  maxMessageBytes: 2 ** 20,
  maxSocketOperations: 256,
  maxAddressOperations: 1_024,
  persistedQueries: 1_000,
  compression: 'remote',
}

export interface TestServer extends RunningServer {
  /** The GraphQL endpoint, for WebSockets. */
  readonly socketUrl: string
}

/** Listens on a free port and is ready. */
export async function serve(
  sources: readonly string[],
  config: Partial<Config> = {},
  execArgv: readonly string[] = [],
): Promise<TestServer> {
  const server = await startListening(sources, config, execArgv)
  await server.ready
  return server
}

/** A server of the demo, as `npm start` serves it. */
export async function serveDemo(config: Partial<Config> = {}): Promise<TestServer> {
  const demo = { folder: join(ROOT, '.geoduck/ships'), writer: join(ROOT, 'scripts/ships/sail.ts') }
  const server = await startListening([join(ROOT, '.geoduck/demo')], config, [], null, demo)
  await server.ready
  return server
}

/** `serve` with a configuration file. */
export async function configured(configuration: ConfigurationSource, config: Partial<Config>): Promise<TestServer> {
  const server = await startListening([], config, [], configuration)
  await server.ready
  return server
}

/** Listens on a free port; `ready` comes later. */
export async function startListening(
  sources: readonly string[],
  config: Partial<Config> = {},
  execArgv: readonly string[] = [],
  configuration: ConfigurationSource | null = null,
  demo: DemoOptions | null = null,
): Promise<TestServer> {
  const spatialExtension = { path: SPATIAL_EXTENSION, how: 'configured' }
  const server = await startServer({ ...CONFIG, sources, ...config }, { spatialExtension, execArgv, configuration, demo })
  return { ...server, socketUrl: `${server.url.replace('http', 'ws')}/graphql` }
}
