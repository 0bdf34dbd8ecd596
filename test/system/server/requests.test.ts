/** Requests in every form in which clients, proxies and browsers of other origins send them, below a base path. */
import { once } from 'node:events'
import { request } from 'node:http'
import { connect } from 'node:net'
import { tableFromIPC } from 'apache-arrow'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { post } from '../../support/graphql.ts'
import { runProgram } from '../../support/program.ts'
import { PLACES, serve, type TestServer } from '../../support/server.ts'
import { RawSocket } from './raw-socket.ts'

let server: TestServer
beforeAll(async () => {
  server = await serve([PLACES], {
    basePath: '/geo',
    pageRows: 100_000,
    origins: ['https://listed.example'],
    allowCredentials: true,
    trustProxy: ['127.0.0.1'],
  })
})
afterAll(() => server.close())

interface Sent {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
}

/** Sends the target unchanged. */
async function send(
  path: string,
  headers: Record<string, string> = {},
  body?: string,
  method = body ? 'POST' : 'GET',
): Promise<Sent> {
  const json = body === undefined ? {} : { 'content-type': 'application/json' }
  const { port } = new URL(server.url)
  const sent = request({ host: '127.0.0.1', port, path, method, headers: { ...json, ...headers }, agent: false })
  sent.end(body)
  const [response] = await once(sent, 'response')
  let text = ''
  for await (const chunk of response.setEncoding('utf8')) text += chunk
  return { status: response.statusCode, headers: response.headers, body: text }
}

const QUERY = JSON.stringify({ query: '{ features(layer: "places", first: 2) { count } }' })
const COUNTED = '{"data":{"features":{"count":2}}}'

describe('a request that offers another protocol is answered by HTTP/1.1', () => {
  it.each([
    ['h2c', 'Upgrade, HTTP2-Settings'],
    ['TLS/1.0', 'Upgrade'],
    ['h2c, websocket', 'Upgrade'],
  ])('%s, with a body and without', async (upgrade, connection) => {
    const headers = { upgrade, connection, 'http2-settings': 'AAMAAABkAARAAAAAAAIAAAAA' }
    expect(await send('/graphql', headers, QUERY)).toMatchObject({ status: 200, body: COUNTED })
    expect(await send('/ready', headers)).toMatchObject({ status: 200, body: '{"ready":true,"problems":[]}' })
  })

  it('curl --http2 gets 200', async () => {
    const json = ['-H', 'content-type: application/json', '-d', QUERY]
    const args = ['-s', '--http2', '-w', ' %{http_code} %{http_version}', `${server.url}/graphql`, ...json]
    expect((await runProgram('curl', args)).stdout).toBe(`${COUNTED} 200 1.1`)
  })
})

describe('a path', () => {
  it.each([
    '/graphql',
    '/graphql/',
    '/geo/graphql',
    '/geo/graphql/',
    'http://localhost/graphql',
    'HTTP://localhost:80/geo/graphql/?x',
  ])('%s is GraphQL', async (path) => {
    expect(await send(path, {}, QUERY)).toMatchObject({ status: 200, body: COUNTED })
  })

  it.each([
    ['/health/', 200],
    ['/geo/health/', 200],
    ['/ready/?x=1', 200],
    ['/metrics/', 200],
    ['/graphiql/', 200],
    ['/map/', 200],
    ['/geo/map/main.js', 200],
    ['/geo/download/places.geojsonl/', 200],
    ['/geography', 404],
    ['/geohealth', 404],
    ['/geo/geo/health', 404],
    ['/GEO/health', 404],
    ['//health', 404],
    ['/geo/..%2fhealth', 404],
    ['/geo/docs/../../package.json', 404],
    ['/geo/docs/.hidden/a.js', 404],
  ])('%s has status %d', async (path, status) => {
    expect((await send(path)).status).toBe(status)
  })

  it.each(['/', '/geo', '/geo/', 'http://localhost', 'http://localhost/geo'])(
    '%s leads to the map below the base path',
    async (path) => {
      expect(await send(path)).toMatchObject({ status: 302, headers: { location: '/geo/map' } })
    },
  )

  it('in an answer begins with the base path', async () => {
    const { body } = await send('/elsewhere')
    expect(body.match(/(?<![\w/])\/[a-z]\w+/g)).toEqual(['/geo', '/geo', '/geo', '/geo', '/geo'])
    expect((await send('/graphiql')).body).toContain('"endpoint":"/geo/graphql"')
    const { body: page } = await send('/map')
    const paths = [...page.matchAll(/"(\/[^"]*)"/g)].map(([, path]) => path!)
    expect(paths.length).toBeGreaterThan(10)
    expect(paths.filter((path) => !path.startsWith('/geo/'))).toEqual([])
  })

  it('of a page with the base path is not sent again when it has not changed', async () => {
    const { headers } = await send('/geo/map')
    // A proxy that compresses makes the tag a weak one.
    for (const tag of [`${headers['etag']}`, `W/${headers['etag']}`])
      expect((await send('/geo/map', { 'if-none-match': tag })).status).toBe(304)
    expect((await send('/geo/map', {}, undefined, 'HEAD')).headers['content-length']).toBe(headers['content-length'])
  })

  it.each(['/graphql', '/graphql/', '/geo/graphql', '/geo/graphql/?x=1'])('%s takes WebSockets', async (path) => {
    const socket = await RawSocket.open(server.url.replace('http', 'ws') + path)
    socket.close()
  })
})

describe('the host of an absolute target', () => {
  it.each([
    ['http://localhost:4000/health', 'rebound.example', 200],
    ['http://127.0.0.1/health', 'rebound.example', 200],
    ['http://rebound.example/health', 'localhost', 421],
    ['http://user@rebound.example/health', 'localhost', 421],
    ['http://localhost@rebound.example/graphql', 'localhost', 421],
  ])('counts: %s with Host: %s has status %d', async (target, host, status) => {
    expect((await send(target, { host })).status).toBe(status)
  })
})

describe('the ids of a request', () => {
  const TRACE = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'

  it.each(['edge-7', 'Root=1-67891233-abcdef012345678912345678', 'a'.repeat(128)])('are kept: %s', async (id) => {
    for (const [path, body] of [['/graphql', QUERY], ['/ready'], ['/elsewhere'], ['/download/places.arrows']]) {
      const { headers } = await send(path!, { 'x-request-id': id, traceparent: TRACE }, body)
      expect([headers['x-request-id'], headers['traceparent']]).toEqual([id, TRACE])
    }
  })

  it.each([
    ['a'.repeat(129), TRACE.slice(0, -1)],
    ['with a blank', `${TRACE}x`],
    ['"quoted"', TRACE.replace('0af7', '0AF7')],
    ['<b>', `00-${'0'.repeat(32)}-b7ad6b7169203331-01`],
    ['{"a":1}', `00-0af7651916cd43dd8448eb211c80319c-${'0'.repeat(16)}-01`],
    ['', `ff${TRACE.slice(2)}`],
  ])('are replaced if they are too long or have other characters: %s', async (id, traceparent) => {
    const { headers } = await send('/graphql', { 'x-request-id': id, traceparent }, QUERY)
    expect(headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/)
    expect(headers['traceparent']).toBeUndefined()
  })

  it('are kept for a WebSocket', async () => {
    const socket = new WebSocket(server.socketUrl, 'graphql-transport-ws', {
      headers: { 'x-request-id': 'edge-8', traceparent: TRACE },
    })
    const [{ headers }] = await once(socket, 'upgrade')
    expect([headers['x-request-id'], headers.traceparent]).toEqual(['edge-8', TRACE])
    socket.terminate()
  })

  it('are kept for a WebSocket that is refused', async () => {
    const socket = new WebSocket(`${server.socketUrl}/elsewhere`, { headers: { 'x-request-id': 'edge-9', traceparent: TRACE } })
    socket.on('error', () => {})
    const [, { statusCode, headers }] = await once(socket, 'unexpected-response')
    expect([statusCode, headers['x-request-id'], headers.traceparent]).toEqual([404, 'edge-9', TRACE])
    socket.terminate()
  })
})

describe('a response that is sent while it is made', () => {
  it.each([
    [
      'an event stream',
      '/graphql',
      { accept: 'text/event-stream' },
      'subscription { featureBatches(layer: "places") { count } }',
    ],
    ['a flowing page', '/graphql', {}, '{ features(layer: "places", first: 20000) { geojson } }'],
    ['a download', '/download/places.geojsonl', {}, null],
  ])('asks proxies to pass it on unchanged: %s', async (_what, path, headers, query) => {
    const body = query === null ? undefined : JSON.stringify({ query })
    const { headers: answered } = await send(path, headers as Record<string, string>, body)
    expect(answered).toMatchObject({
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
      'transfer-encoding': 'chunked',
    })
  })

  it('does not if it is whole', async () => {
    expect((await send('/graphql', {}, QUERY)).headers['cache-control']).toBeUndefined()
  })
})

it.each(['geojsonl', 'arrows'])(
  'a download of %s over HTTP/1.0, which nginx speaks by default, arrives whole',
  async (format) => {
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1')
    socket.write(`GET /download/places.${format} HTTP/1.0\r\nHost: localhost\r\n\r\n`)
    const [head, ...body] = Buffer.concat(await socket.toArray())
      .toString('latin1')
      .split('\r\n\r\n')
    expect(head).toMatch(/^HTTP\/1\.1 200 /)
    const rest = body.join('\r\n\r\n')
    if (format === 'geojsonl') expect(rest.match(/^\{"type":"Feature",/gm)).toHaveLength(7_343)
    else expect(tableFromIPC(Buffer.from(rest, 'latin1')).numRows).toBe(7_343)
  },
)

describe('the type of an answer', () => {
  it.each([
    ['application/json;q=0, */*', 'application/graphql-response+json'],
    ['application/graphql-response+json;q=0.1, application/json;q=0.2', 'application/json'],
    ['multipart/mixed;boundary="-,;";subscriptionSpec="1.0",application/json', 'application/json'],
    ['application/json;profile="a, b"', 'application/json'],
  ])('for Accept: %s is %s', async (accept, type) => {
    const { status, headers } = await send('/graphql', { accept }, JSON.stringify({ query: '{ __typename }' }))
    expect([status, (headers['content-type'] as string).split(';')[0]]).toEqual([200, type])
  })

  it('is refused with 406 if the client accepts none', async () => {
    expect((await send('/graphql', { accept: 'application/json;q=0' }, QUERY)).status).toBe(406)
  })
})

describe('a page of another origin', () => {
  const preflight = (origin: string, asked: string) =>
    send(
      '/graphql',
      { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': asked },
      undefined,
      'OPTIONS',
    )

  it.each(['https://listed.example', 'http://localhost:5173'])('%s may send any header, and credentials', async (origin) => {
    const { status, headers } = await preflight(origin, 'x-tenant, sentry-trace,authorization')
    expect(status).toBe(204)
    expect(headers).toMatchObject({
      'access-control-allow-origin': origin,
      'access-control-allow-headers': 'x-tenant, sentry-trace,authorization',
      'access-control-allow-credentials': 'true',
      'access-control-max-age': '7200',
      vary: 'origin, access-control-request-headers',
    })
    const answer = await post(server, QUERY, { origin, 'x-tenant': 'a' })
    expect(answer.headers.get('access-control-expose-headers')).toContain('x-request-id')
    expect(answer.headers.get('access-control-allow-credentials')).toBe('true')
  })

  it('that is not listed may send nothing', async () => {
    const { headers } = await preflight('https://elsewhere.example', 'x-tenant')
    expect(Object.keys(headers).filter((name) => name.startsWith('access-control'))).toEqual([])
  })

  it('is the own origin by the host that a trusted proxy has received', async () => {
    const headers = { origin: 'https://maps.example', 'x-forwarded-host': 'maps.example' }
    const url = server.socketUrl
    const socket = await RawSocket.open(url, { headers })
    socket.close()
    const refused = new WebSocket(url, 'graphql-transport-ws', { headers: { ...headers, 'x-forwarded-host': 'other.example' } })
    const [, response] = await once(refused, 'unexpected-response')
    expect(response.statusCode).toBe(403)
  })
})
