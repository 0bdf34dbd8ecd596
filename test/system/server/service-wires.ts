/** The server's wires with services of the test, for behaviour that real services do not show on demand. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pino } from 'pino'
import type { Services } from '../../../src/graphql/context.ts'
import { CurrentSchema } from '../../../src/graphql/current-schema.ts'
import { DocumentReader } from '../../../src/graphql/document.ts'
import { Access, clientAddress, Hosts, Origins } from '../../../src/server/access.ts'
import { ClientMemory } from '../../../src/server/client-memory.ts'
import { EntityTags, PageCache } from '../../../src/server/entity-tags.ts'
import { GraphQLEndpoint } from '../../../src/server/graphql-endpoint.ts'
import { Operations, traceHeaders } from '../../../src/server/operations.ts'
import { PersistedQueries } from '../../../src/server/persisted-queries.ts'
import { socketProtocol } from '../../../src/server/socket-protocol.ts'
import { WebSockets } from '../../../src/server/websocket.ts'
import { openYoga } from '../../../src/server/yoga.ts'

export interface LogLine {
  readonly correlationId?: string
  readonly err?: { readonly message: string; readonly stack: string }
  readonly operation?: Record<string, unknown>
}

export interface ServiceWires {
  /** `http://HOST:PORT/graphql` */
  readonly url: string
  readonly lines: readonly LogLine[]
  close(): void
}

export async function openWires(services: Services): Promise<ServiceWires> {
  const lines: LogLine[] = []
  const log = pino({}, { write: (line: string) => void lines.push(JSON.parse(line) as LogLine) })
  const memory = new ClientMemory({ limitBytes: 256e6, patienceSeconds: 30 })
  const operations = new Operations({
    log,
    memory,
    explain: (query) => services.engine.explain(query),
    slowMs: 5_000,
    mostOfAddress: 1_024,
  })
  const schema = new CurrentSchema({ layers: () => [], layer: () => undefined, rivals: () => [], notReady: null })
  const limits = { tokens: 2_000, depth: 10, aliases: 15, rootFields: 5 }
  const documents = new DocumentReader({ limits, introspection: true })
  const access = new Access(null)
  const persisted = new PersistedQueries(10)
  const tags = new EntityTags({ schema, pages: new PageCache(0), encodingFor: () => undefined, open: true })
  const origins = new Origins({ origins: [], allowCredentials: false, hosts: [], trustProxy: 0 })
  const shared = { services, operations, access, addressOf: clientAddress(0), origins, basePath: '' }
  const endpoint = new GraphQLEndpoint({
    ...shared,
    limits: { maxBodyBytes: 1e6, maxVertices: 25_000 },
    tags,
    yoga: openYoga({ schema, documents, persisted, tags, compression: 'off' }),
  })
  const http = createServer((req, res) => {
    for (const [name, value] of traceHeaders(req)) res.setHeader(name, value)
    void endpoint.answer(req, res)
  })
  const protocol = socketProtocol({ schema, documents, persisted, services, access, operations })
  const hosts = new Hosts('127.0.0.1', [])
  const frames = { maxMessageBytes: 2 ** 20, maxSocketOperations: 256, maxVertices: 25_000 }
  new WebSockets(http, { ...shared, protocol, server: 'a-server', hosts, memory, limits: frames, log })
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  const close = () => {
    http.closeAllConnections()
    http.close()
  }
  return { url: `http://127.0.0.1:${(http.address() as AddressInfo).port}/graphql`, lines, close }
}
