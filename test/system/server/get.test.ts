/** Queries by GET: parameters of the URL, persisted queries, and entity tags. */
import { hash } from 'node:crypto'
import { once } from 'node:events'
import { copyFile, cp, mkdtemp, rename, rm } from 'node:fs/promises'
import { type IncomingMessage, request } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Config } from '../../../src/config/config.ts'
import { fixture } from '../../fixtures/index.ts'
import { type Answer, ask, checked, post, quiet } from '../../support/graphql.ts'
import { PLACES, serve, type TestServer } from '../../support/server.ts'
import { RawSocket } from './raw-socket.ts'

interface Got {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly body: Answer | null
}

/** Uses Node's client, because `fetch` treats conditional requests differently. */
async function get(server: TestServer, parameters: Record<string, string>, headers: Record<string, string> = {}): Promise<Got> {
  const sent = request(`${server.url}/graphql?${new URLSearchParams(parameters)}`, { headers, agent: false })
  sent.end()
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  const text = Buffer.concat(await Array.fromAsync(response as AsyncIterable<Buffer>)).toString()
  return { status: response.statusCode!, headers: response.headers, body: text === '' ? null : (JSON.parse(text) as Answer) }
}

const BAD_INPUT = { errors: [{ extensions: { code: 'BAD_INPUT', retry: false } }] }
const FEATURES = 'query Named($layer: String!) { features(layer: $layer, first: 2) { features { id geometry } } }'
const VARIABLES = JSON.stringify({ layer: 'places' })

/** Only a layer that is READY has entity tags. */
async function serveChecked(config: Partial<Config> = {}, sources = [PLACES]): Promise<TestServer> {
  const server = await serve(sources, config)
  await checked(server)
  return server
}

let server: TestServer
beforeAll(async () => {
  server = await serveChecked({ origins: ['https://listed.example'], pageRows: 20_000 })
})
afterAll(() => server.close())

describe('a query by GET', () => {
  it('has the same answer as by POST', async () => {
    const { status, body } = await get(server, { query: FEATURES, variables: VARIABLES, operationName: 'Named' })
    expect([status, body]).toEqual([200, await ask(server, FEATURES, { layer: 'places' })])
  })

  it('takes empty parameters as if they were left out', async () => {
    const { body } = await get(server, { query: '{ __typename }', variables: '', extensions: '', operationName: '', other: 'x' })
    expect(body).toEqual({ data: { __typename: 'Query' } })
  })

  it.each([
    ['variables', '{'],
    ['variables', '5'],
    ['variables', '[]'],
    ['extensions', 'text'],
    ['extensions', '"text"'],
  ])('names the parameter that is no JSON object: %s=%s', async (name, value) => {
    const { status, body } = await get(server, { query: '{ __typename }', [name]: value })
    expect([status, body]).toMatchObject([400, BAD_INPUT])
    expect(body!.errors![0]!.message).toContain(`\`${name}\``)
  })

  it('without a query, or with a wrong one, is BAD_INPUT', async () => {
    for (const query of ['', '{', '{ nothing }', FEATURES]) {
      const { status, body } = await get(server, { query }, { accept: 'application/graphql-response+json' })
      expect([status, body]).toMatchObject([400, BAD_INPUT])
    }
  })

  it('nested too deeply is LIMIT_EXCEEDED', async () => {
    const { body } = await get(server, { query: '{ __typename }', variables: `{"x":${'['.repeat(1_000)}${']'.repeat(1_000)}}` })
    expect(body).toMatchObject({ errors: [{ extensions: { code: 'LIMIT_EXCEEDED' } }] })
  })

  it('flows if it is a large page', async () => {
    const query = '{ features(layer: "places", first: 11000) { count geojson } }'
    const { headers, body } = await get(server, { query })
    expect(headers).toMatchObject({ 'transfer-encoding': 'chunked', etag: expect.any(String) })
    expect(body).toEqual(await ask(server, query))
  })
})

describe('other operations by GET', () => {
  it('a mutation is refused with 405, which names the method', async () => {
    const { status, headers, body } = await get(server, { query: 'mutation { deleteEverything }' })
    expect([status, headers.allow, body]).toMatchObject([405, 'POST', BAD_INPUT])
  })

  it('a subscription is refused with 405 where only JSON is accepted, and comes as events or parts otherwise', async () => {
    const query = 'subscription { featureBatches(layer: "places", limit: 1) { count } }'
    const { status, headers, body } = await get(server, { query }, { accept: 'application/json' })
    expect([status, headers.allow, body]).toMatchObject([405, 'POST', BAD_INPUT])
    for (const accept of ['text/event-stream', 'multipart/mixed;boundary=graphql;subscriptionSpec=1.0,application/json']) {
      const response = await fetch(`${server.url}/graphql?${new URLSearchParams({ query })}`, { headers: { accept } })
      expect(response.headers.get('content-type')).toContain(accept.split(';', 1)[0])
      expect(await response.text()).toContain('"featureBatches":{"count":1}')
    }
  })

  it('other methods are refused with 405, which names the methods', async () => {
    for (const method of ['PUT', 'DELETE', 'PATCH']) {
      const response = await fetch(`${server.url}/graphql?query={__typename}`, { method })
      expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, POST'])
    }
  })
})

describe('HEAD', () => {
  const head = (query: string, accept: string) =>
    fetch(`${server.url}/graphql?${new URLSearchParams({ query })}`, { method: 'HEAD', headers: { accept } })

  it.each(['text/event-stream', 'multipart/mixed;subscriptionSpec=1.0'])(
    'of an endless subscription as %s ends at once with the headers of GET',
    async (accept) => {
      const { status, headers } = await head('subscription { health { ready } }', accept)
      expect([status, headers.get('content-type')]).toEqual([200, expect.stringContaining(accept.split(';', 1)[0]!)])
      expect((await head('subscription { featureBatches(layer: "places") { count } }', accept)).status).toBe(200)
      await quiet(server)
    },
  )

  it('of a large page has its headers, and leaves nothing running', async () => {
    const query = '{ features(layer: "places", first: 20000) { geojson pageInfo { endCursor } } }'
    const { status, headers } = await head(query, 'application/json')
    expect([status, headers.get('content-type')]).toEqual([200, 'application/json; charset=utf-8'])
    await quiet(server)
    const { headers: small } = await head('{ features(layer: "places", first: 1) { count } }', 'application/json')
    expect(small.get('content-length')).toBe(String('{"data":{"features":{"count":1}}}'.length))
  })
})

it('the page of GraphiQL and a result differ by `Accept` for a cache that keeps both', async () => {
  const response = await fetch(`${server.url}/graphql?query={__typename}`, { headers: { accept: 'text/html' } })
  expect(response.headers.get('content-type')).toContain('text/html')
  expect(response.headers.get('vary')!.split(/, */)).toContain('accept')
  await response.body!.cancel()
})

describe('a page', () => {
  const query = '{ __typename }'

  it('of a listed origin may query by GET, and reads the answer', async () => {
    for (const origin of ['https://listed.example', 'http://localhost:5173']) {
      const { status, headers } = await get(
        server,
        { query },
        { origin, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'cors' },
      )
      expect([status, headers['access-control-allow-origin']]).toEqual([200, origin])
    }
  })

  it.each<[string, Record<string, string>]>([
    ['that fetches', { origin: 'https://elsewhere.example', 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'cors' }],
    ['that loads an image or a script', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' }],
    ['in an old browser', { origin: 'null' }],
  ])('of another origin %s is refused', async (_what, headers) => {
    expect(await get(server, { query }, headers)).toMatchObject({ status: 403, body: BAD_INPUT })
  })
})

describe('a URL that is too long', () => {
  it.each([20_000, 300_000])('of %i bytes is refused with 431, which says what to do', async (bytes) => {
    const { status, headers, body } = await get(server, { query: '{ __typename }', variables: 'x'.repeat(bytes) })
    expect([status, headers.connection]).toEqual([431, 'close'])
    expect(body).toMatchObject({ errors: [{ extensions: { code: 'LIMIT_EXCEEDED' } }] })
    expect(body!.errors![0]!.message).toMatch(/16 KB.*POST/)
  })

  it.each([
    ['of no HTTP at all', 'this is no HTTP'],
    ['without `Host`', 'GET /health HTTP/1.1'],
  ])('%s is answered with 400, and the connection ends', async (_what, head) => {
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1')
    socket.write(`${head}\r\n\r\n`)
    const text = Buffer.concat(await Array.fromAsync(socket as AsyncIterable<Buffer>)).toString()
    expect(text).toMatch(/^HTTP\/1.1 400 /)
    expect(text).toContain('"code":"BAD_INPUT"')
  })
})

describe('a persisted query', () => {
  const NOT_FOUND = { errors: [{ message: 'PersistedQueryNotFound', extensions: { code: 'PERSISTED_QUERY_NOT_FOUND' } }] }
  let number = 0
  /** A document that no other test has sent. */
  const fresh = () => {
    const query = `{ number${++number}: __typename }`
    return {
      query,
      data: { [`number${number}`]: 'Query' },
      extensions: { persistedQuery: { version: 1, sha256Hash: hash('sha256', query) } },
    }
  }

  it('that is sent by POST is known by GET and over a WebSocket, and the other way round', async () => {
    const [first, second] = [fresh(), fresh()]
    expect(await (await post(server, { extensions: first.extensions })).json()).toMatchObject(NOT_FOUND)
    expect(await (await post(server, { query: first.query, extensions: first.extensions })).json()).toEqual({ data: first.data })
    expect((await get(server, { extensions: JSON.stringify(first.extensions) })).body).toEqual({ data: first.data })
    const socket = await RawSocket.open(server.socketUrl)
    const over = async (id: string, payload: object) => {
      socket.send({ id, type: 'subscribe', payload })
      return (await socket.ended(id))[0]!.payload
    }
    expect(await over('a', { extensions: first.extensions })).toEqual({ data: first.data })
    expect(await over('b', { query: '', extensions: second.extensions })).toMatchObject(NOT_FOUND.errors)
    expect(await over('c', { query: second.query, extensions: second.extensions })).toEqual({ data: second.data })
    socket.close()
    expect(await (await post(server, { extensions: second.extensions })).json()).toEqual({ data: second.data })
  })

  it('is not kept if it cannot be parsed', async () => {
    const query = '{ nothing'
    const extensions = { persistedQuery: { version: 1, sha256Hash: hash('sha256', query) } }
    expect(await (await post(server, { query, extensions })).json()).toMatchObject(BAD_INPUT)
    expect(await (await post(server, { extensions })).json()).toMatchObject(NOT_FOUND)
  })

  it('is no query if its hash is of another text', async () => {
    const { query } = fresh()
    expect(await (await post(server, { query, extensions: fresh().extensions })).json()).toMatchObject(BAD_INPUT)
  })

  it('that is not found is not kept by caches', async () => {
    const { status, headers, body } = await get(server, { extensions: JSON.stringify(fresh().extensions) })
    expect([status, headers['cache-control'], body]).toMatchObject([200, 'no-store', NOT_FOUND])
  })

  it('is PERSISTED_QUERY_NOT_SUPPORTED on a server that keeps none', async () => {
    const without = await serve([PLACES], { persistedQueries: 0 })
    const { query, data, extensions } = fresh()
    expect(await (await post(without, { extensions })).json()).toMatchObject({
      errors: [{ message: 'PersistedQueryNotSupported', extensions: { code: 'PERSISTED_QUERY_NOT_SUPPORTED' } }],
    })
    expect(await (await post(without, { query, extensions })).json()).toEqual({ data })
    await without.close()
  })
})

describe('an entity tag', () => {
  const asked = { query: FEATURES, variables: VARIABLES }

  it('comes with a result, which a client that has it does not get again', async () => {
    const first = await get(server, asked)
    const { etag, vary } = first.headers
    expect(first.headers).toMatchObject({ etag: expect.stringMatching(/^W\/"[\w-]{43}"$/), 'cache-control': 'no-cache' })
    expect(vary!.split(/, */).toSorted()).toEqual(['accept', 'accept-encoding', 'authorization', 'origin'])
    for (const header of [etag!, etag!.slice(2), `"a", ${etag}, W/"b"`, '*']) {
      const again = await get(server, asked, { 'if-none-match': header })
      expect(again).toMatchObject({ status: 304, body: null, headers: { etag, vary, 'cache-control': 'no-cache' } })
      expect(again.headers['content-type']).toBeUndefined()
    }
    for (const header of ['"a"', etag!.replace('W/"', 'W/"x'), 'W/'])
      expect(await get(server, asked, { 'if-none-match': header })).toMatchObject({ status: 200, body: first.body })
  })

  it('is another one for another document, other variables, another media type or encoding', async () => {
    const compressing = await serveChecked({ compression: 'always' })
    const tags = await Promise.all(
      [
        [asked],
        [{ ...asked, query: FEATURES.replace('first: 2', 'first: 3') }],
        [{ ...asked, variables: JSON.stringify({ layer: 'places', unused: 1 }) }],
        [asked, { accept: 'application/graphql-response+json' }],
        [asked, { 'accept-encoding': 'gzip' }],
      ].map(
        async ([parameters, headers]) =>
          (await get(compressing, parameters as Record<string, string>, headers as Record<string, string>)).headers.etag,
      ),
    )
    expect(new Set(tags).size).toBe(tags.length)
    await compressing.close()
  })

  it('is the same on another server with the same data and secret', async () => {
    const other = await serveChecked()
    expect((await get(other, asked)).headers.etag).toBe((await get(server, asked)).headers.etag)
    await other.close()
    const secret = await serveChecked({ cursorSecret: 'another secret for tests' })
    expect((await get(secret, asked)).headers.etag).not.toBe((await get(server, asked)).headers.etag)
    await secret.close()
  })

  it.each([
    ['health', '{ health { ready } }'],
    ['layers', '{ layers { name } }'],
    ['one layer', '{ layer(name: "places") { state } }'],
    ['an execution', '{ features(layer: "places") { execution { lane } } }'],
    ['a plan', '{ features(layer: "places") { explain { sql } } }'],
    ['health beside features', '{ health { ready } features(layer: "places") { count } }'],
    ['health in a fragment', 'query { features(layer: "places") { count } ...H } fragment H on Query { h: health { ready } }'],
    ['the schema', '{ __type(name: "Query") { name } }'],
    ['no layer', '{ __typename }'],
    ['an unknown layer', '{ features(layer: "nowhere") { count } }'],
    ['a node of an unknown layer', '{ node(id: "nowhere:1") { id } }'],
  ])('is not given to %s, also not for `*`', async (_what, query) => {
    for (const header of [{}, { 'if-none-match': '*' }]) {
      const { status, headers } = await get(server, { query }, header)
      expect([status, headers.etag, headers['cache-control']]).toEqual([200, undefined, 'no-store'])
    }
  })

  it('is not given to a result with errors', async () => {
    const { headers, body } = await get(server, { query: '{ features(layer: "places", first: 0) { count } }' })
    expect(body).toMatchObject(BAD_INPUT)
    expect([headers.etag, headers['cache-control']]).toEqual([undefined, 'no-store'])
  })

  it.each([
    ['features of its typed field', '{ places(first: 1) { features { name } } }'],
    ['a feature', '{ feature(layer: "places", id: "1") { id } }'],
    ['figures', '{ aggregate(layer: "places") { rows { count } } }'],
    ['a node', '{ node(id: "places:1") { id } }'],
  ])('is given to %s', async (_what, query) => {
    const { body, headers } = await get(server, { query })
    expect(body).not.toHaveProperty('errors')
    expect(headers.etag).toBeDefined()
  })

  it('is not given to a result by POST, or as events', async () => {
    const headers = { 'if-none-match': '*' }
    const response = await post(server, { query: FEATURES, variables: { layer: 'places' } }, headers)
    expect([response.status, response.headers.get('etag')]).toEqual([200, null])
    const events = await fetch(`${server.url}/graphql?${new URLSearchParams(asked)}`, {
      headers: { accept: 'text/event-stream', ...headers },
    })
    expect(events.headers.get('etag')).toBeNull()
    expect(await events.text()).toContain('event: complete')
  })

  it('needs the token where one is set, and the result is private', async () => {
    const token = 'a-token-for-tests-only'
    const closed = await serve([PLACES], { token })
    const authorization = `Bearer ${token}`
    const tagged = () => get(closed, asked, { authorization })
    await expect.poll(async () => (await tagged()).headers.etag).toBeDefined()
    const { headers } = await tagged()
    expect(headers['cache-control']).toBe('private, no-cache')
    expect((await get(closed, asked, { 'if-none-match': headers.etag! })).status).toBe(401)
    expect((await get(closed, asked, { 'if-none-match': headers.etag!, authorization })).status).toBe(304)
    await closed.close()
  })
})

describe('a file that is replaced', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'geoduck-test-'))
  })
  afterAll(() => rm(folder, { recursive: true }))

  it('has another entity tag, and has the first one again when it is restored', async () => {
    const [heavy, file] = [await fixture('heavy'), join(folder, 'points.parquet')]
    await cp(join(heavy, 'points.parquet'), file)
    const changing = await serveChecked({}, [file])
    const query = '{ features(layer: "points", first: 1) { features { id } } }'
    const { etag } = (await get(changing, { query })).headers
    expect((await get(changing, { query }, { 'if-none-match': etag! })).status).toBe(304)
    const replaceBy = async (source: string) => {
      await copyFile(source, `${file}.new`)
      await rename(`${file}.new`, file)
    }
    await replaceBy(join(heavy, 'wide.parquet'))
    await checked(changing)
    expect((await get(changing, { query }, { 'if-none-match': etag! })).status).toBe(200)
    await replaceBy(join(heavy, 'points.parquet'))
    await checked(changing)
    expect((await get(changing, { query }, { 'if-none-match': etag! })).status).toBe(304)
    await changing.close()
  })
})

it('a client that has the result gets 304 while no worker can run', async () => {
  const stopped = await serveChecked({ workers: 1, deadlineSeconds: 5 })
  const parameters = { query: FEATURES, variables: VARIABLES }
  const { etag } = (await get(stopped, parameters)).headers
  const { data } = await ask<{ health: { workers: { pid: number | null }[] } }>(stopped, '{ health { workers { pid } } }')
  const pids = data!.health.workers.flatMap(({ pid }) => pid ?? [])
  for (const pid of pids) process.kill(pid, 'SIGSTOP')
  const { status } = await get(stopped, parameters, { 'if-none-match': etag! })
  for (const pid of pids) process.kill(pid, 'SIGCONT')
  expect(status).toBe(304)
  await stopped.close()
})
