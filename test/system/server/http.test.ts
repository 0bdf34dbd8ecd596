import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { serverAudits } from 'graphql-http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { post } from '../../support/graphql.ts'
import { PLACES, serve, type TestServer } from '../../support/server.ts'

let server: TestServer
beforeAll(async () => {
  server = await serve([PLACES], { origins: ['https://listed.example'] })
})
afterAll(() => server.close())

async function open(path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<IncomingMessage> {
  const sent = request({ host: '127.0.0.1', port: new URL(server.url).port, path, headers, method, agent: false }).end()
  return (await once(sent, 'response'))[0]
}

async function status(path: string, headers: Record<string, string> = {}): Promise<number> {
  const response = await open(path, headers)
  response.resume()
  return response.statusCode!
}

describe('GraphQL over HTTP', () => {
  const audits = serverAudits({ url: () => `${server.url}/graphql`, fetchFn: fetch })

  it.each(audits.filter(({ name }) => !name.startsWith('MAY')))('$name', async (audit) => {
    const result = await audit.fn()
    expect(result.status, 'reason' in result ? result.reason : '').toBe('ok')
  })

  it('identifies the operation by the id that is in the log', async () => {
    const first = await post(server, { query: '{ __typename }' })
    const second = await post(server, { query: '{ __typename }' })
    expect(first.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/)
    expect(second.headers.get('x-request-id')).not.toBe(first.headers.get('x-request-id'))
  })
})

describe('what a page of another origin could send without asking is refused', () => {
  const BAD_INPUT = { errors: [{ extensions: { code: 'BAD_INPUT', retry: false } }] }

  it.each([
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'text/plain',
    'application/graphql',
    'application/jsonp',
  ])('a body of %s', async (type) => {
    const response = await post(server, 'query=%7B__typename%7D', { 'content-type': type })
    expect(response.status).toBe(415)
    expect(await response.json()).toMatchObject(BAD_INPUT)
  })

  it('other methods', async () => {
    for (const method of ['PUT', 'DELETE', 'PATCH']) expect((await fetch(`${server.url}/graphql`, { method })).status).toBe(405)
  })

  it('several operations in one request', async () => {
    const response = await post(server, [{ query: '{ __typename }' }, { query: '{ __typename }' }])
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject(BAD_INPUT)
  })

  it('and only listed origins may read', async () => {
    const allowed = async (origin: string) =>
      (await post(server, { query: '{ __typename }' }, { origin })).headers.get('access-control-allow-origin')
    expect(await allowed('https://listed.example')).toBe('https://listed.example')
    expect(await allowed('http://localhost:5173')).toBe('http://localhost:5173')
    expect(await allowed('https://elsewhere.example')).toBeNull()
    const preflight = await fetch(`${server.url}/graphql`, {
      method: 'OPTIONS',
      headers: { origin: 'https://elsewhere.example' },
    })
    expect([preflight.status, preflight.headers.get('access-control-allow-origin')]).toEqual([204, null])
  })
})

describe('limits', () => {
  const padded = (bytes: number) => {
    const body = JSON.stringify({ query: '{ __typename }', variables: { x: '' } })
    return body.replace('""', `"${'x'.repeat(bytes - body.length)}"`)
  }

  it('a body of 1 MB is taken, a larger one is LIMIT_EXCEEDED', async () => {
    expect((await post(server, padded(1_000_000))).status).toBe(200)
    const response = await post(server, padded(1_000_001))
    expect(response.status).toBe(413)
    expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'LIMIT_EXCEEDED' } }] })
  })

  it('a body of unknown length is cut off there too', async () => {
    const sent = request(`${server.url}/graphql`, { method: 'POST', headers: { 'content-type': 'application/json' } })
    const answered = once(sent, 'response')
    sent.on('error', () => {})
    for (let i = 0; i < 20; i++) sent.write('x'.repeat(100_000))
    sent.end()
    const [response] = await answered
    expect(response.statusCode).toBe(413)
    response.resume()
  })

  it.each([
    ['tokens', `{ ${'__typename '.repeat(2_001)}}`],
    ['aliases', `{ health { ${Array.from({ length: 16 }, (_, i) => `a${i}: version`).join(' ')} } }`],
    ['root fields', `{ ${'__typename '.repeat(6)}}`],
  ])('%s beyond theirs are LIMIT_EXCEEDED', async (_what, query) => {
    expect(await (await post(server, { query })).json()).toMatchObject({ errors: [{ extensions: { code: 'LIMIT_EXCEEDED' } }] })
  })

  it.each(['{', '5', 'null', '"text"', '{"query": 5}', '{"query": "{__typename}", "variables": 5}', '{}'])(
    'a body that is no request is BAD_INPUT: %s',
    async (body) => {
      const response = await post(server, body)
      expect(response.status).toBe(400)
      const { errors } = (await response.json()) as { errors: { extensions: Record<string, unknown> }[] }
      expect(errors[0]!.extensions).toEqual({ code: 'BAD_INPUT', retry: false })
    },
  )
})

describe('places', () => {
  it('/health says that the process lives, /ready whether it can be asked', async () => {
    const health = await fetch(`${server.url}/health`)
    expect(await health.json()).toMatchObject({ status: 'alive', version: '0.1.0' })
    const ready = await fetch(`${server.url}/ready`)
    expect([ready.status, await ready.json()]).toEqual([200, { ready: true, problems: [] }])
  })

  it('/ leads to the map', async () => {
    const response = await fetch(`${server.url}/`, { redirect: 'manual' })
    expect([response.status, response.headers.get('location')]).toEqual([302, '/map'])
  })

  it('/graphql shows a browser GraphiQL, whole and without another host', async () => {
    const response = await fetch(`${server.url}/graphql`, { headers: { accept: 'text/html' } })
    const page = await response.text()
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(page).toContain('renderYogaGraphiQL')
    expect(page).not.toMatch(/<(script|link)[^>]+(src|href)="(https?:)?\/\//)
    expect(response.headers.get('content-security-policy')).toContain("default-src 'self'")
  })

  it.each([
    ['/map', 'text/html; charset=utf-8'],
    ['/map/maplibre-gl/maplibre-gl.mjs', 'text/javascript; charset=utf-8'],
    ['/map/maplibre-gl/maplibre-gl.css', 'text/css; charset=utf-8'],
    ['/map/graphql-ws/client.js', 'text/javascript; charset=utf-8'],
  ])('%s is served as %s, and not again when it has not changed', async (path, type) => {
    const response = await fetch(server.url + path)
    expect([response.status, response.headers.get('content-type')]).toEqual([200, type])
    await response.arrayBuffer()
    expect(response.headers.get('x-content-type-options')).toBe('nosniff')
    // fetch would request it again with any tag.
    expect(await status(path, { 'if-none-match': response.headers.get('etag')! })).toBe(304)
  })

  it.each([
    ['/', 302],
    ['/map', 200],
    ['/map/maplibre-gl/maplibre-gl.css', 200],
    ['/map/client/client.js', 200],
    ['/graphql', 200],
    ['/graphiql', 200],
    ['/health', 200],
    ['/ready', 200],
    ['/metrics', 200],
    ['/download/places.arrows', 200],
    ['/download/places.geojsonl?properties=name', 200],
    ['/download/elsewhere.arrows', 404],
    ['/download/places.arrows?limit=x', 400],
    ['/elsewhere', 404],
  ])('HEAD of %s has the headers of GET, and no body', async (path, expected) => {
    const headers = { accept: 'text/html', 'accept-encoding': 'gzip' }
    const [got, head] = await Promise.all(['GET', 'HEAD'].map((method) => open(path, headers, method)))
    const { length } = Buffer.concat(await head!.toArray())
    expect([got!.statusCode, head!.statusCode, length]).toEqual([expected, expected, 0])
    // These describe how a body is sent, or one response.
    const own = ['connection', 'date', 'keep-alive', 'trailer', 'transfer-encoding', 'x-request-id', 'content-length']
    const shared = ({ headers }: IncomingMessage) => Object.entries(headers).filter(([name]) => !own.includes(name))
    expect(shared(head!)).toEqual(shared(got!))
    const varies = path === '/metrics' || path === '/health'
    if (!varies) expect(head!.headers['content-length']).toBe(got!.headers['content-length'])
    got!.resume()
  })

  it.each(['/map', '/map/maplibre-gl/maplibre-gl.mjs'])('%s is sent in parts, if it has not changed', async (path) => {
    const whole = await open(path)
    const bytes = Buffer.concat(await whole.toArray())
    const part = await open(path, { range: 'bytes=10-19', 'if-range': whole.headers.etag! })
    expect([part.statusCode, part.headers['content-range']]).toEqual([206, `bytes 10-19/${bytes.length}`])
    expect(Buffer.concat(await part.toArray())).toEqual(bytes.subarray(10, 20))
    const changed = await open(path, { range: 'bytes=10-19', 'if-range': '"another"' })
    expect([changed.statusCode, Buffer.concat(await changed.toArray()).equals(bytes)]).toEqual([200, true])
    expect(await status(path, { range: `bytes=${bytes.length}-` })).toBe(416)
    expect(await status(path, { 'if-match': '"another"' })).toBe(412)
  })

  it.each([
    '/elsewhere',
    '/map/none.js',
    '/map/../../../package.json',
    '/map/..%2f..%2f..%2fpackage.json',
    '/map/graphql-ws/..%2fpackage.json',
    '/map/%00',
    '/map/maplibre-gl/',
    '/map/.env',
  ])('%s is not found', async (path) => {
    // fetch would resolve the dots itself.
    expect(await status(path)).toBe(404)
  })
})
