/** The server with the real nginx and the real Caddy in front of it, configured as docs/proxies.md shows. */
import { request } from 'node:http'
import { tableFromIPC } from 'apache-arrow'
import { createClient } from 'graphql-ws'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { ROOT } from '../../support/environment.ts'
import { ask } from '../../support/graphql.ts'
import { type Launched, launch } from '../../support/launched.ts'
import { type RunningProxy, startProxy } from '../../support/proxies.ts'
import { PLACES } from '../../support/server.ts'
import { SPATIAL_EXTENSION } from '../../support/spatial-extension.ts'
import { EventSource } from './event-source.ts'

const ROWS = 7_343
const STREAM = 'subscription { featureBatches(layer: "places", batchSize: 500) { count geojson } }'

interface BatchData {
  readonly featureBatches: { readonly count: number }
}

describe.each([
  ['nginx', '', '75'],
  ['caddy', '/geo', '130'],
] as const)('%s', (name, basePath, keepAlive) => {
  let server: Launched
  let proxy: RunningProxy
  /** The server as clients see it. */
  let url: string

  beforeAll(async () => {
    const flags = `--port 0 --workers 1 --log-pretty false --trust-proxy 1 --hosts maps.example.org --base-path ${basePath || '/'}`
    server = launch(process.execPath, ['src/main.ts', PLACES, ...flags.split(' '), '--keep-alive', keepAlive], {
      cwd: ROOT,
      environment: { GEODUCK_SPATIAL_EXTENSION: SPATIAL_EXTENSION },
    })
    const [, own] = await server.line(/^ready (.+)$/)
    proxy = await startProxy(name, new URL(own!).host)
    url = `${proxy.url}${basePath}`
  })
  afterAll(async () => {
    await proxy?.close()
    process.kill(server.pid, 'SIGTERM')
    await server.ended
  })

  it('serves the pages and what they load', async () => {
    for (const place of ['', '/']) {
      const root = await fetch(`${url}${place}`)
      expect([root.status, root.url]).toEqual([200, `${url}/map`])
    }
    const pages = await Promise.all(['/map', '/map/', '/docs', '/graphiql'].map((place) => fetch(url + place)))
    const texts = await Promise.all(pages.map((page) => page.text()))
    expect(pages.map(({ status }) => status)).toEqual([200, 200, 200, 200])
    // GraphiQL is one page that loads nothing.
    const assets = texts
      .slice(0, 3)
      .flatMap((text) => [...text.matchAll(/ (?:src|href)="(\/[^"#]+)"/g)].map(([, asset]) => asset!))
    expect(assets.length).toBeGreaterThan(20)
    expect(assets.filter((asset) => !asset.startsWith(`${basePath}/`))).toEqual([])
    const statuses = await Promise.all(
      [...new Set(assets)].map(async (asset) => [asset, (await fetch(proxy.url + asset)).status]),
    )
    expect(statuses.filter(([, status]) => status !== 200)).toEqual([])
    expect(texts[3]).toContain(`"endpoint":"${basePath}/graphql"`)
  })

  it('passes a stream over a WebSocket from the same origin, and refuses another', async () => {
    const open = (origin: string) =>
      createClient({
        url: `${url.replace('http', 'ws')}/graphql`,
        retryAttempts: 0,
        webSocketImpl: class extends WebSocket {
          constructor(address: string, protocol: string) {
            super(address, protocol, { origin, headers: { host: 'maps.example.org' } })
          }
        },
      })
    let count = 0
    for await (const { data } of open('http://maps.example.org').iterate<BatchData>({ query: STREAM }))
      count += data!.featureBatches.count
    expect(count).toBe(ROWS)
    await expect(open('http://elsewhere.example').iterate({ query: STREAM }).next()).rejects.toBeDefined()
  })

  it('passes Server-Sent Events while they are made', async () => {
    const events = await EventSource.open({ url }, STREAM)
    const { response } = events
    const refusal = response.ok ? '' : `${await response.clone().text()}\n${proxy.log()}\n${server.stderr()}`
    expect([response.status, response.headers.get('content-type')], refusal).toEqual([200, 'text/event-stream'])
    const first = await events.next()
    expect(first.event).toBe('next')
    const rest = await events.all()
    const batches = [first, ...rest].filter(({ event }) => event === 'next').map(({ data }) => data!.data as unknown as BatchData)
    expect(batches.reduce((sum, { featureBatches }) => sum + featureBatches.count, 0)).toBe(ROWS)
    expect(rest.at(-1)?.event).toBe('complete')
    // Nothing follows the first event for a while, so a proxy that waits for more would not pass it on.
    const health = await EventSource.open({ url }, 'subscription { health(everyMs: 60000) { ready } }')
    expect(await health.next()).toMatchObject({ event: 'next', data: { data: { health: { ready: true } } } })
    health.leave()
  })

  it('passes a download', async () => {
    const response = await fetch(`${url}/download/places.arrows`)
    expect(response.headers.get('content-disposition')).toContain('places.arrows')
    expect(tableFromIPC(new Uint8Array(await response.arrayBuffer())).numRows).toBe(ROWS)
  })

  it('names the client’s address and the request’s id, and both are in the log', async () => {
    // Each proxy adds the address that connects to it, which is not the one that the client claims.
    const sent = request(`${url}/graphql`, {
      method: 'POST',
      localAddress: '127.0.0.7',
      headers: { 'content-type': 'application/json', 'x-forwarded-for': '198.51.100.1' },
    })
    const answered = new Promise<string>((resolve) =>
      sent.once('response', (response) => {
        response.resume()
        resolve(response.headers['x-request-id'] as string)
      }),
    )
    sent.end(JSON.stringify({ query: '{ layers { name } }' }))
    const id = await answered
    expect(id).not.toBe('')
    await expect.poll(server.stderr).toContain(id)
    const line = server
      .stderr()
      .split('\n')
      .find((text) => text.includes(id))!
    expect(JSON.parse(line)).toMatchObject({ operation: { id, client: expect.stringMatching(/^127\.0\.0\.7:/) } })
  })

  it('passes a query by POST, and the readiness of the server', async () => {
    expect(await ask({ url }, '{ layers { name } }')).toEqual({ data: { layers: [{ name: 'places' }] } })
    expect(await (await fetch(`${url}/ready`)).json()).toMatchObject({ ready: true })
  })
})
