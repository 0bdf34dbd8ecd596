/** Routes each request to the part of the server that answers it. */
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http'
import { fromGeoduck } from '../delivery/client-error.ts'
import { type Access, type Hosts, MISDIRECTED, MISDIRECTED_BODY, type Origins, readTarget, unauthenticated } from './access.ts'
import { answerBrokenRequests } from './broken-requests.ts'
import type { Demo } from './demo.ts'
import type { DownloadEndpoint } from './download-endpoint.ts'
import type { FileRequest } from './file-request.ts'
import { Files } from './files.ts'
import { sendGraphiQL } from './graphiql.ts'
import type { GraphQLEndpoint } from './graphql-endpoint.ts'
import type { HealthReport } from './health.ts'
import { refuse, sendJson } from './http-operation.ts'
import type { Metrics } from './metrics/metrics.ts'
import { traceHeaders } from './operations.ts'
import type { TileEndpoint } from './tile-endpoint.ts'

export interface Routes {
  readonly graphql: GraphQLEndpoint
  readonly download: DownloadEndpoint
  readonly tiles: TileEndpoint
  readonly upload: (req: IncomingMessage, res: ServerResponse, asked: FileRequest) => Promise<void>
  readonly health: HealthReport
  readonly metrics: Metrics
  readonly access: Access
  readonly hosts: Hosts
  readonly origins: Origins
  readonly basePath: string
  readonly demo: Demo | null
}

export function route({
  graphql,
  download,
  tiles,
  upload,
  health,
  metrics,
  access,
  hosts,
  origins,
  basePath,
  demo,
}: Routes): RequestListener {
  const files = new Files(basePath)
  return (req, res) => {
    res.setHeader('x-content-type-options', 'nosniff')
    res.setHeader('referrer-policy', 'no-referrer')
    res.setHeader('x-geoduck-server', health.server)
    for (const [name, value] of traceHeaders(req)) res.setHeader(name, value)
    readTarget(req, basePath)
    if (req.headers.host === undefined && req.httpVersion === '1.1') return sendWithoutHost(res)
    if (!hosts.allows(req.headers.host)) return sendJson(res, MISDIRECTED, MISDIRECTED_BODY)
    const pathname = req.url?.split('?', 1)[0] ?? '/'
    // Node sends no body in a response to HEAD. All else is as for GET.
    const isHead = req.method === 'HEAD'
    if (isHead) req.method = 'GET'
    switch (pathname) {
      case '/':
        res.writeHead(302, { location: `${basePath}/map`, 'content-length': 0 }).end()
        break
      case '/graphql':
        void graphql.answer(req, res, isHead)
        break
      case '/graphiql':
        sendGraphiQL(res, basePath, !access.open).catch(() =>
          sendJson(res, 503, { error: 'The page could not be rendered; ask again.' }),
        )
        break
      case '/health':
        sendJson(res, 200, health.alive())
        break
      case '/ready':
        sendReady(res, health, access.allows(req.headers.authorization))
        break
      case '/metrics':
        if (access.allows(req.headers.authorization)) void sendMetrics(res, metrics)
        else refuse(res, fromGeoduck(unauthenticated()))
        break
      case '/map/demo':
        if (demo) demo.answer(req, res, { access, origins })
        else res.writeHead(204).end()
        break
      default: {
        const missing = () => notFound(res, basePath)
        if (pathname.startsWith('/download/')) void download.answer(req, res, { isHead, notFound: missing })
        else if (pathname.startsWith('/tiles/')) void tiles.answer(req, res, { isHead, notFound: missing })
        else if (pathname.startsWith('/layers/')) void upload(req, res, { isHead, notFound: missing })
        else files.send(req, res, pathname, missing)
      }
    }
  }
}

/** Node itself would send a status without a body. */
function sendWithoutHost(res: ServerResponse): void {
  res.setHeader('connection', 'close')
  const message = 'A request of HTTP/1.1 has the header `Host`: add it.'
  sendJson(res, 400, { errors: [{ message, extensions: { code: 'BAD_INPUT', retry: false } }] })
}

/** Answers load balancers. It requires no token, and without one it reports nothing about files. */
function sendReady(res: ServerResponse, { ready, problems }: HealthReport, allowed: boolean): void {
  sendJson(res, ready ? 200 : 503, allowed ? { ready, problems } : { ready })
}

async function sendMetrics(res: ServerResponse, metrics: Metrics): Promise<void> {
  try {
    const text = await metrics.text()
    res.writeHead(200, { 'content-type': metrics.contentType, 'content-length': Buffer.byteLength(text) }).end(text)
  } catch {
    // A worker ended while it was queried. The next scrape queries another one.
    sendJson(res, 503, { error: 'The figures could not be read; ask again.' })
  }
}

function notFound(res: ServerResponse, base: string): void {
  sendJson(res, 404, {
    error: `Nothing is here: the map is at ${base}/map, GraphQL at ${base}/graphql, the documentation at ${base}/docs, layers as files at ${base}/download/LAYER.geojson, LAYER.geojsonl, LAYER.csv, LAYER.arrows and LAYER.parquet, and as tiles at ${base}/tiles/LAYER.json.`,
  })
}

/**
 * Milliseconds in which a request's head, and the whole request, must arrive, and between two checks of that. Late requests end
 * with 408. The time begins with the first byte of a request, so that a kept connection may be idle for longer.
 */
export const TIMES = { headersTimeout: 10_000, requestTimeout: 60_000, connectionsCheckingInterval: 2_000 } as const

/** Upgrades to WebSockets only. A request that offers something else (curl and Java offer h2c) is answered normally. */
const shouldUpgradeCallback = ({ headers }: IncomingMessage) => headers.upgrade?.toLowerCase() === 'websocket'

export interface ServerTimes {
  readonly headersTimeout: number
  readonly requestTimeout: number
  readonly connectionsCheckingInterval: number
  /** Milliseconds after which an idle connection ends. @default as Node */
  readonly keepAliveTimeout?: number
}

/** Creates the HTTP server. A connection that sends nothing ends after the same time as an incomplete request. @param times others for tests */
export function httpServer(listener: RequestListener, times: ServerTimes = TIMES): Server {
  const http = createServer({ ...times, shouldUpgradeCallback, requireHostHeader: false }, listener)
  answerBrokenRequests(http)
  return http
}
