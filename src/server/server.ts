/** The composition root: the parts of a running server, opened in order, closed together. */
import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { filterLimitsOf } from '../ask/filter-limits.ts'
import type { Config } from '../config/config.ts'
import { openLog } from '../config/logging.ts'
import { machine } from '../config/machine.ts'
import { DocumentReader } from '../graphql/document.ts'
import type { OperationLimits } from '../graphql/limits.ts'
import { ServedSchema } from '../graphql/schema.ts'
import type { Layer } from '../model/layer.ts'
import { Access } from './access.ts'
import { clientAddress } from './client-address.ts'
import { ClientMemory } from './client-memory.ts'
import { Connections } from './connections.ts'
import { DownloadEndpoint } from './download-endpoint.ts'
import { GraphQLEndpoint } from './graphql-endpoint.ts'
import { Hosts } from './hosts.ts'
import { route } from './http.ts'
import { httpServer } from './http-server.ts'
import { endIdleConnections } from './idle-connections.ts'
import { Metrics } from './metrics/metrics.ts'
import { Operations } from './operations.ts'
import { oneAtATime } from './pipelining.ts'
import { shutDown } from './shutdown.ts'
import { socketProtocol } from './socket-protocol.ts'
import { fill } from './start.ts'
import { ServerState } from './state.ts'
import { WebSockets } from './websocket.ts'
import { openYoga } from './yoga.ts'

export interface ServerOptions {
  readonly spatialExtension: { readonly path: string; readonly how: string }
  /** Options of Node for the workers. @default none */
  readonly execArgv?: readonly string[]
}

export interface RunningServer {
  /** `http://HOST:PORT` */
  readonly url: string
  /** The layers, once every one can be asked. Rejects with NothingToServe, or with what kept the workers from starting. */
  readonly ready: Promise<readonly Layer[]>
  /** As of now, those that are being prepared among them. */
  layers(): readonly Layer[]
  /** No new work; streams get a typed end with their cursor; sockets and workers are closed: within 10 s. */
  close(): Promise<void>
}

/** Resolves when it listens, long before it is ready: until then operations are answered with LAYER_NOT_READY. Rejects as `listen` does. */
export async function startServer(config: Config, { spatialExtension, execArgv = [] }: ServerOptions): Promise<RunningServer> {
  const log = openLog(config)
  const state = new ServerState({ ...config, filterLimits: filterLimitsOf(config), spatialExtension: spatialExtension.how })
  const memory = new ClientMemory({ limitBytes: config.unreadBytes, patienceSeconds: config.queueSeconds })
  const operations = new Operations({
    log,
    memory,
    explain: (query) => state.engine.explain(query),
    slowMs: config.slowSeconds * 1_000,
    mostOfAddress: config.maxAddressOperations,
  })
  const schema = new ServedSchema(() => state.layers())
  const documents = new DocumentReader({ limits: operationLimits(config), introspection: config.introspection })
  const access = new Access(config.token)
  const { compression } = config
  const shared = { services: state, operations, access, addressOf: clientAddress(config.trustProxy), origins: config.origins }
  const graphql = new GraphQLEndpoint({
    ...shared,
    limits: config,
    yoga: openYoga({ schema, documents, limits: config, compression }),
  })
  const download = new DownloadEndpoint({ ...shared, schema: schema.generic, limits: config, compression })
  const health = state.healthReport
  const metrics = new Metrics({
    operations,
    engine: () => health.engine(),
    sockets: () => sockets.count,
    unread: () => memory.bytes,
    ready: () => health.ready,
  })
  const hosts = new Hosts(config.host, config.hosts)
  const http = httpServer(oneAtATime(shared.addressOf, route({ graphql, download, health, metrics, access, hosts })))
  const connections = new Connections(http, {
    mostOfAddress: config.trustProxy === 0 ? config.maxConnections : null,
    openFiles: machine().openFiles,
    stallMs: config.stallSeconds * 1_000,
  })
  endIdleConnections(http)
  const protocol = socketProtocol({ schema, documents, services: state, access, operations })
  const sockets = new WebSockets(http, { ...shared, protocol, hosts, memory, limits: config, log })
  const url = await listen(http, config)
  const ready = fill(state, config, { spatialExtension: spatialExtension.path, execArgv }, log, () => schema.prepare())
  // Whoever started the server waits for it; a stopped one has nobody who does.
  ready.catch(() => {})
  let closing: Promise<void> | null = null
  const close = () => (closing ??= shutDown({ http, connections, sockets, state, ready, operations, log }))
  return { url, ready, layers: () => state.layers(), close }
}

async function listen(http: Server, { host, port }: Config): Promise<string> {
  http.listen(port, host)
  await once(http, 'listening')
  const { port: actual } = http.address() as AddressInfo
  return `http://${host.includes(':') ? `[${host}]` : host}:${actual}`
}

function operationLimits({ maxTokens, maxDepth, maxAliases, maxRootFields }: Config): OperationLimits {
  return { tokens: maxTokens, depth: maxDepth, aliases: maxAliases, rootFields: maxRootFields }
}
