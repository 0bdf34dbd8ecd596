/** A web server of somebody's own in front of the product: one page, and what the page loads from there. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestServer } from './server.ts'

export interface Front {
  readonly url: string
  close(): void
}

export async function front(page: string, server: TestServer): Promise<Front> {
  const http = createServer((req, res) => {
    if (req.url === '/') {
      res.setHeader('content-type', 'text/html').end(page)
      return
    }
    fetch(new URL(req.url!, server.url)).then(
      async (response) => {
        res.writeHead(response.status, { 'content-type': response.headers.get('content-type')! })
        res.end(await response.bytes())
      },
      () => res.writeHead(502).end(),
    )
  }).listen(0, '127.0.0.1')
  await once(http, 'listening')
  return { url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`, close: () => http.close() }
}
