/** A whole server in the test's own process: real sockets, real workers, real files. */
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Config } from '../../src/config/config.ts'
import { type RunningServer, startServer } from '../../src/server/server.ts'
import { SHARED, SPATIAL_EXTENSION } from './environment.ts'

export const PLACES = join(SHARED, 'data/places.parquet')

const CONFIG: Omit<Config, 'sources'> = {
  host: '127.0.0.1',
  port: 0,
  logLevel: process.env['LOG_LEVEL'] === 'debug' ? 'debug' : 'silent',
  logPretty: true,
  workers: 2,
  memoryLimitBytes: 2 ** 30,
  threads: 1,
  tempDirectory: tmpdir(),
  tempDirectoryBytes: 2 ** 30,
  spatialExtension: SPATIAL_EXTENSION,
  cursorSecret: 'a secret for tests only',
  pageRows: 10_000,
  deadlineSeconds: 30,
  stallSeconds: 60,
  batchBytes: 2 ** 20,
  pageBytes: 32e6,
  queueLength: 1_000,
  queueSeconds: 30,
  origins: [],
  compression: 'remote',
}

export interface TestServer extends RunningServer {
  /** The GraphQL endpoint, for WebSockets. */
  readonly socketUrl: string
}

/** Listens on a free port and is ready. */
export async function serve(sources: readonly string[], config: Partial<Config> = {}): Promise<TestServer> {
  const server = await startListening(sources, config)
  await server.ready
  return server
}

/** Listens on a free port; `ready` comes later. */
export async function startListening(sources: readonly string[], config: Partial<Config> = {}): Promise<TestServer> {
  const spatialExtension = { path: SPATIAL_EXTENSION, how: 'configured' }
  const server = await startServer({ ...CONFIG, sources, ...config }, { spatialExtension })
  return { ...server, socketUrl: `${server.url.replace('http', 'ws')}/graphql` }
}
