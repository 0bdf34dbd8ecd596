/** Routes each request to the part of the server that answers it. */
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http'
import { type Access, type Hosts, MISDIRECTED, MISDIRECTED_BODY, unauthenticated } from './access.ts'
import { answerBrokenRequests } from './broken-requests.ts'
import type { DownloadEndpoint } from './download-endpoint.ts'
import { sendFile } from './files.ts'
import { sendGraphiQL } from './graphiql.ts'
import type { GraphQLEndpoint } from './graphql-endpoint.ts'
import type { HealthReport } from './health.ts'
import { sendJson } from './http-operation.ts'
import type { Metrics } from './metrics/metrics.ts'

export interface Routes {
  readonly graphql: GraphQLEndpoint
  readonly download: DownloadEndpoint
  readonly health: HealthReport
  readonly metrics: Metrics
  readonly access: Access
  readonly hosts: Hosts
}

export function route({ graphql, download, health, metrics, access, hosts }: Routes): RequestListener {
  return (req, res) => {
    res.setHeader('x-content-type-options', 'nosniff')
    res.setHeader('referrer-policy', 'no-referrer')
    if (!hosts.allows(req.headers.host)) return sendJson(res, MISDIRECTED, MISDIRECTED_BODY)
    const pathname = req.url?.split('?', 1)[0] ?? '/'
    // Node sends no body in a response to HEAD. All else is as for GET.
    const isHead = req.method === 'HEAD'
    if (isHead) req.method = 'GET'
    switch (pathname) {
      case '/':
        res.writeHead(302, { location: '/map', 'content-length': 0 }).end()
        break
      case '/graphql':
        void graphql.answer(req, res)
        break
      case '/graphiql':
        void sendGraphiQL(res, !access.open)
        break
      case '/health':
        sendJson(res, 200, health.alive())
        break
      case '/ready':
        sendReady(res, health, access.allows(req.headers.authorization))
        break
      case '/metrics':
        if (access.allows(req.headers.authorization)) void sendMetrics(res, metrics)
        else sendUnauthenticated(res)
        break
      default:
        if (pathname.startsWith('/download/')) void download.answer(req, res, { isHead, notFound: () => notFound(res) })
        else sendFile(req, res, pathname, () => notFound(res))
    }
  }
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

function sendUnauthenticated(res: ServerResponse): void {
  res.setHeader('www-authenticate', 'Bearer')
  const { code, message } = unauthenticated()
  sendJson(res, 401, { errors: [{ message, extensions: { code, retry: false } }] })
}

function notFound(res: ServerResponse): void {
  sendJson(res, 404, {
    error:
      'Nothing is here: the map is at /map, GraphQL at /graphql, the documentation at /docs, layers as files at /download/LAYER.arrows and /download/LAYER.geojsonl.',
  })
}

/**
 * Milliseconds in which a request's head, and the whole request, must arrive, and between two checks of that. Late requests end
 * with 408.
 */
export const TIMES = { headersTimeout: 10_000, requestTimeout: 60_000, connectionsCheckingInterval: 2_000 } as const

/**
 * Upgrades to WebSockets only. A request that offers something else (curl offers h2c) is answered normally. Node calls it from
 * 24.9 on.
 */
const shouldUpgradeCallback = ({ headers }: IncomingMessage) => headers.upgrade?.toLowerCase() === 'websocket'

/** Creates the HTTP server. A connection that sends nothing ends after the same time as an incomplete request. @param times for tests */
export function httpServer(listener: RequestListener, times: Readonly<Record<keyof typeof TIMES, number>> = TIMES): Server {
  const http = createServer({ ...times, shouldUpgradeCallback }, listener)
  answerBrokenRequests(http)
  return http
}
