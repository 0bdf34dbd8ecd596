import type { ServerResponse } from 'node:http'
import { GRAPHIQL_POLICY } from './content-policy.ts'

const OPTIONS = {
  title: 'Geoduck GraphiQL',
  endpoint: '/graphql',
  subscriptionsProtocol: 'WS',
  defaultQuery: '{\n  layers {\n    name\n    geometryTypes\n    featureCount\n  }\n}\n',
} as const

let page: Promise<Buffer> | null = null

/** 9 MB, which are loaded when somebody wants to see them. */
export async function sendGraphiQL(res: ServerResponse): Promise<void> {
  page ??= import('@graphql-yoga/render-graphiql').then(({ renderGraphiQL }) => Buffer.from(renderGraphiQL(OPTIONS)))
  const body = await page
  res.setHeader('content-security-policy', GRAPHIQL_POLICY)
  res.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'content-length': body.length }).end(body)
}
