import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { GRAPHIQL_POLICY } from './content-policy.ts'
import type { RenderRequest } from './graphiql-renderer.ts'
import { WITH_TABS } from './graphiql-tabs.ts'

const OPTIONS = {
  title: 'Geoduck GraphiQL',
  subscriptionsProtocol: 'WS',
  defaultQuery: '{\n  layers {\n    name\n    geometryTypes\n    featureCount\n  }\n}\n',
} as const

/**
 * Runs in the page. It adds the token to each request: that of the link, of the map (`web/token.js`), or the one that the user
 * enters.
 */
const WITH_TOKEN = `((options, wanted) => {
  const key = 'geoduck-token'
  const given = /[#&]token=([^&]*)/.exec(location.hash)
  if (given) {
    sessionStorage.setItem(key, decodeURIComponent(given[1]))
    history.replaceState(null, '', location.pathname + location.search)
  }
  const token = sessionStorage.getItem(key) ?? (wanted ? prompt('This server requires a token.')?.trim() : null)
  if (!token) return options
  sessionStorage.setItem(key, token)
  const sent = { authorization: 'Bearer ' + token }
  return { ...options, additionalHeaders: sent, connectionParams: sent }
})`

const pages = new Map<string, Promise<Uint8Array>>()

/**
 * Sends the GraphiQL page, 9 MB, which are loaded at the first request. If `tokenWanted`, a user without a token has to enter
 * it. Rejects if the page cannot be rendered.
 */
export async function sendGraphiQL(res: ServerResponse, basePath: string, tokenWanted: boolean): Promise<void> {
  const kind = `${tokenWanted} ${basePath}`
  const page = pages.get(kind) ?? render(basePath, tokenWanted)
  pages.set(kind, page)
  // The next request tries again, if there was no memory or no thread for it.
  page.catch(() => pages.delete(kind))
  const body = await page
  res.setHeader('content-security-policy', GRAPHIQL_POLICY)
  res.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'content-length': body.length }).end(body)
}

/** The renderer, in the sources and in the compiled files. */
const RENDERER = new URL(`./graphiql-renderer${path.extname(fileURLToPath(import.meta.url))}`, import.meta.url)

/** Renders the page in a separate thread, because it takes 120 ms of processor time. */
async function render(basePath: string, tokenWanted: boolean): Promise<Uint8Array> {
  const options = { ...OPTIONS, endpoint: `${basePath}/graphql` }
  const replaced = JSON.stringify(options)
  const workerData: RenderRequest = { options, replaced, by: `${WITH_TABS}(${WITH_TOKEN}(${replaced}, ${tokenWanted}))` }
  const renderer = new Worker(RENDERER, { workerData })
  const [page] = (await once(renderer, 'message')) as [Uint8Array]
  return page
}
