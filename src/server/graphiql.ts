import type { ServerResponse } from 'node:http'
import { GRAPHIQL_POLICY } from './content-policy.ts'

const OPTIONS = {
  title: 'Geoduck GraphiQL',
  endpoint: '/graphql',
  subscriptionsProtocol: 'WS',
  defaultQuery: '{\n  layers {\n    name\n    geometryTypes\n    featureCount\n  }\n}\n',
} as const

/** Run in the page: the token of the link or of the map (`map/page/token.js`), or asked for, goes along with everything that is sent. */
const WITH_TOKEN = `((options, wanted) => {
  const key = 'geoduck-token'
  const given = /[#&]token=([^&]*)/.exec(location.hash)
  if (given) {
    sessionStorage.setItem(key, decodeURIComponent(given[1]))
    history.replaceState(null, '', location.pathname + location.search)
  }
  const token = sessionStorage.getItem(key) ?? (wanted ? prompt('This server wants a token.')?.trim() : null)
  if (!token) return options
  sessionStorage.setItem(key, token)
  const sent = { authorization: 'Bearer ' + token }
  return { ...options, additionalHeaders: sent, connectionParams: sent }
})`

const pages = new Map<boolean, Promise<Buffer>>()

/** 9 MB, which are loaded when somebody wants to see them. `tokenWanted`: whoever comes without one is asked for it. */
export async function sendGraphiQL(res: ServerResponse, tokenWanted: boolean): Promise<void> {
  const page = pages.get(tokenWanted) ?? render(tokenWanted)
  pages.set(tokenWanted, page)
  const body = await page
  res.setHeader('content-security-policy', GRAPHIQL_POLICY)
  res.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'content-length': body.length }).end(body)
}

async function render(tokenWanted: boolean): Promise<Buffer> {
  const { renderGraphiQL } = await import('@graphql-yoga/render-graphiql')
  const options = JSON.stringify(OPTIONS)
  // As a function: a replacement's text has signs of its own.
  return Buffer.from(renderGraphiQL(OPTIONS).replace(options, () => `${WITH_TOKEN}(${options}, ${tokenWanted})`))
}
