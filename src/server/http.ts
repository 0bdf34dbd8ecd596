/** Which part of the server answers a request. */
import type { RequestListener, ServerResponse } from 'node:http'
import type { DownloadEndpoint } from './download/endpoint.ts'
import { sendFile } from './files.ts'
import { sendGraphiQL } from './graphiql.ts'
import type { GraphQLEndpoint } from './graphql-endpoint.ts'
import type { HealthReport } from './health.ts'
import { sendJson } from './json.ts'

export interface Routes {
  readonly graphql: GraphQLEndpoint
  readonly download: DownloadEndpoint
  readonly health: HealthReport
}

export function route({ graphql, download, health }: Routes): RequestListener {
  return (req, res) => {
    res.setHeader('x-content-type-options', 'nosniff')
    res.setHeader('referrer-policy', 'no-referrer')
    const pathname = req.url?.split('?', 1)[0] ?? '/'
    switch (pathname) {
      case '/':
        res.writeHead(302, { location: '/map' }).end()
        break
      case '/graphql':
        void graphql.answer(req, res)
        break
      case '/graphiql':
        void sendGraphiQL(res)
        break
      case '/health':
        sendJson(res, 200, health.alive())
        break
      case '/ready':
        sendJson(res, health.ready ? 200 : 503, { ready: health.ready, problems: health.problems })
        break
      default:
        if (pathname.startsWith('/download/')) void download.answer(req, res, () => notFound(res))
        else sendFile(req, res, pathname, () => notFound(res))
    }
  }
}

function notFound(res: ServerResponse): void {
  sendJson(res, 404, { error: 'Nothing is here: the map is at /map, GraphQL at /graphql, files at /download/LAYER.arrows.' })
}
