/** Results that are kept: what is sent again without an execution, and what is not. */
import { once } from 'node:events'
import { copyFile, cp, mkdtemp, rename, rm } from 'node:fs/promises'
import { type IncomingMessage, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Config } from '../../../src/config/config.ts'
import { fixture } from '../../fixtures/index.ts'
import { type Answer, ask, checked } from '../../support/graphql.ts'
import { PLACES, serve, type TestServer } from '../../support/server.ts'

interface Sent {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
}

type Headers = Record<string, string>

/** Uses Node's client, which changes neither the request nor the body. */
async function send(
  server: TestServer,
  path: string,
  options: { method: string; headers: Headers },
  body?: string,
): Promise<Sent> {
  const sent = request(`${server.url}${path}`, { ...options, agent: false })
  sent.end(body)
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  const { statusCode: status, headers } = response
  return { status: status!, headers, body: Buffer.concat(await Array.fromAsync(response as AsyncIterable<Buffer>)) }
}

const post = (server: TestServer, question: object, headers: Headers = {}) =>
  send(
    server,
    '/graphql',
    { method: 'POST', headers: { 'content-type': 'application/json', ...headers } },
    JSON.stringify(question),
  )

const get = (server: TestServer, parameters: Record<string, string>, headers: Headers = {}, method = 'GET') =>
  send(server, `/graphql?${new URLSearchParams(parameters)}`, { method, headers })

/** The requests so far, by how they were answered, and the bytes of the cache. */
async function figures(server: TestServer): Promise<Record<string, number>> {
  const { body } = await send(server, '/metrics', { method: 'GET', headers: {} })
  const found = body.toString().matchAll(/^geoduck_page_cache_(bytes|requests_total\{answer="(\w+)"\}) (\d+)$/gm)
  return Object.fromEntries([...found].map(([, what, answer, value]) => [answer ?? what, Number(value)]))
}

const LIMIT = 4e6

async function serveChecked(config: Partial<Config> = {}, sources = [PLACES]): Promise<TestServer> {
  const server = await serve(sources, { pageCacheBytes: LIMIT, ...config })
  await checked(server)
  return server
}

const BOX =
  'query Box($bbox: BBox!) { features(layer: "places", where: { bbox: $bbox }) { count geojson pageInfo { endCursor } } }'
const question = (west: number) => ({ query: BOX, variables: { bbox: [west, 40, west + 10, 50] } })

let server: TestServer
let before: Record<string, number>
beforeAll(async () => {
  server = await serveChecked()
})
beforeEach(async () => {
  before = await figures(server)
})
afterAll(() => server.close())

/** Returns how the requests since the beginning of the test were answered. */
async function answers(): Promise<Record<string, number>> {
  const now = await figures(server)
  return Object.fromEntries(['hit', 'miss', 'not_modified'].map((answer) => [answer, now[answer]! - before[answer]!]))
}

describe('an equal question', () => {
  it('by POST gets the same bytes and headers without an execution', async () => {
    const [first, second, third] = [
      await post(server, question(1)),
      await post(server, question(1)),
      await post(server, question(1)),
    ]
    expect(JSON.parse(first.body.toString())).toMatchObject({ data: { features: { geojson: { type: 'FeatureCollection' } } } })
    for (const again of [second, third]) {
      expect([again.status, again.body.equals(first.body)]).toEqual([200, true])
      const { date: _, 'x-request-id': __, ...same } = first.headers
      expect(again.headers).toMatchObject(same)
    }
    expect(await answers()).toEqual({ hit: 2, miss: 1, not_modified: 0 })
  })

  it.each([
    ['figures', { query: '{ aggregate(layer: "places") { rows { count } } }' }],
    ['a count', { query: '{ features(layer: "places") { totalCount } }' }],
    ['a feature', { query: '{ feature(layer: "places", id: "1") { id properties } }' }],
    ['a feature that does not exist', { query: '{ feature(layer: "places", id: "999999") { id } }' }],
    ['features of a typed field', { query: '{ places(first: 1) { features { name } } }' }],
  ])('for %s gets the same bytes without an execution', async (_what, asked) => {
    const [first, second] = [await post(server, asked), await post(server, asked)]
    expect(JSON.parse(first.body.toString())).not.toHaveProperty('errors')
    expect(second.body.equals(first.body)).toBe(true)
    expect(await answers()).toEqual({ hit: 1, miss: 1, not_modified: 0 })
  })

  it('counts its rows and bytes as one that is executed', async () => {
    const totals = async () => {
      const { body } = await send(server, '/metrics', { method: 'GET', headers: {} })
      return ['rows', 'bytes'].map((what) =>
        Number(new RegExp(`^geoduck_${what}_total{kind="query"} (\\d+)`, 'm').exec(body.toString())![1]),
      )
    }
    await post(server, question(2))
    const [rows, bytes] = await totals()
    const { body } = await post(server, question(2))
    const { data } = JSON.parse(body.toString()) as { data: { features: { count: number } } }
    expect(data.features.count).toBeGreaterThan(10)
    expect(await totals()).toEqual([rows! + data.features.count, bytes! + body.length])
  })

  it('is answered while no worker can run, by GET, HEAD and POST, and with 304', async () => {
    const stopped = await serveChecked({ workers: 1, deadlineSeconds: 5 })
    const { query, variables } = question(3)
    const parameters = { query, variables: JSON.stringify(variables) }
    const [byPost, byGet] = [await post(stopped, question(3)), await get(stopped, parameters)]
    const { data } = await ask<{ health: { workers: { pid: number | null }[] } }>(stopped, '{ health { workers { pid } } }')
    // The worker of the serial lane has no process until it is needed.
    const pids = data!.health.workers.flatMap(({ pid }) => pid ?? [])
    for (const pid of pids) process.kill(pid, 'SIGSTOP')
    const again = [await post(stopped, question(3)), await get(stopped, parameters), await get(stopped, parameters, {}, 'HEAD')]
    const { status, body, headers } = await get(stopped, parameters, { 'if-none-match': byGet.headers.etag! })
    for (const pid of pids) process.kill(pid, 'SIGCONT')
    expect(again.map((sent) => sent.body)).toEqual([byPost.body, byGet.body, Buffer.alloc(0)])
    for (const name of ['etag', 'cache-control', 'vary', 'content-type', 'content-length']) {
      expect(again[1]!.headers[name], name).toBe(byGet.headers[name])
      expect(again[2]!.headers[name], name).toBe(byGet.headers[name])
    }
    expect([status, body.length, headers.etag]).toEqual([304, 0, byGet.headers.etag])
    await stopped.close()
  })
})

describe('another question is executed:', () => {
  const asked = {
    query:
      'query A($n: Int!) { features(layer: "places", first: $n) { geojson features { geometry } } } query B { features(layer: "places") { count } }',
  }
  const first = { ...asked, operationName: 'A', variables: { n: 3 } }
  const json = 'application/json'

  it.each<[string, object, Headers?]>([
    ['another variable', { ...first, variables: { n: 4 } }],
    ['another operation of the document', { ...asked, operationName: 'B' }],
    ['another property', { ...first, query: asked.query.replace('geojson', 'geojson(only: ["name"])') }],
    ['another CRS', { ...first, query: asked.query.replace('geometry', 'geometry(crs: "EPSG:3857")') }],
    ['another precision', { ...first, query: asked.query.replace('geojson', 'geojson(precision: 2)') }],
    ['another encoding of features', { ...first, query: asked.query.replace('geojson', 'arrow') }],
    ['another media type', first, { accept: 'application/graphql-response+json' }],
  ])('%s', async (_what, other, headers = { accept: json }) => {
    const one = await post(server, first, { accept: json })
    const known = await figures(server)
    const two = await post(server, other, headers)
    expect(JSON.parse(two.body.toString())).not.toHaveProperty('errors')
    expect([two.body.toString(), two.headers['content-type']]).not.toEqual([one.body.toString(), one.headers['content-type']])
    expect(await figures(server)).toMatchObject({ hit: known['hit'], miss: known['miss']! + 1 })
  })

  it('another content encoding, whose compressed bytes are kept', async () => {
    const compressing = await serveChecked({ compression: 'always' })
    const sizes = new Set<number>()
    for (const encoding of ['gzip', 'br', 'zstd', 'identity']) {
      const headers = { 'accept-encoding': encoding }
      const [one, two] = [await post(compressing, question(5), headers), await post(compressing, question(5), headers)]
      expect(one.headers['content-encoding']).toBe(encoding === 'identity' ? undefined : encoding)
      expect(two.headers).toMatchObject({ 'content-length': String(one.body.length), vary: one.headers.vary })
      expect([two.headers['content-encoding'], two.body.equals(one.body)]).toEqual([one.headers['content-encoding'], true])
      sizes.add(one.body.length)
    }
    expect(sizes.size).toBe(4)
    expect(await figures(compressing)).toMatchObject({ hit: 4, miss: 4 })
    await compressing.close()
  })
})

describe('a result is not kept', () => {
  it.each([
    ['with errors', { query: '{ features(layer: "places", first: 0) { count } }' }],
    ['with errors beside data', { query: '{ a: node(id: "places:1") { id } b: features(layer: "nowhere") { count } }' }],
    ['of health', { query: '{ health { ready } features(layer: "places") { count } }' }],
    ['with its execution', { query: '{ features(layer: "places") { execution { elapsedMs } } }' }],
    ['with its plan', { query: '{ features(layer: "places") { explain { sql } } }' }],
    ['that describes layers', { query: '{ layers { name } }' }],
    ['of the schema', { query: '{ __type(name: "Query") { name } features(layer: "places") { count } }' }],
  ])('%s', async (_what, asked) => {
    await post(server, asked)
    await post(server, asked)
    expect(await answers()).toEqual({ hit: 0, miss: 0, not_modified: 0 })
  })

  it('that is sent as events', async () => {
    for (const _ of [1, 2]) await post(server, question(6), { accept: 'text/event-stream' })
    expect(await answers()).toEqual({ hit: 0, miss: 0, not_modified: 0 })
  })

  it('of a request with `no-store`, which is executed even if there is one', async () => {
    const headers = { 'cache-control': 'no-store' }
    for (const _ of [1, 2]) await post(server, question(7), headers)
    await post(server, question(7))
    await post(server, question(7), headers)
    expect(await answers()).toEqual({ hit: 0, miss: 1, not_modified: 0 })
  })

  it('that flows', async () => {
    const flowing = await serveChecked({ pageRows: 20_000 })
    const asked = { query: '{ features(layer: "places", first: 11000) { geojson } }' }
    const [one, two] = [await post(flowing, asked), await post(flowing, asked)]
    expect(one.headers['transfer-encoding']).toBe('chunked')
    expect(two.body.equals(one.body)).toBe(true)
    expect(await figures(flowing)).toMatchObject({ hit: 0, bytes: 0 })
    await flowing.close()
  })

  it('on a server whose cache is off', async () => {
    const without = await serveChecked({ pageCacheBytes: 0 })
    const { query, variables } = question(8)
    const [one, two] = [await post(without, question(8)), await post(without, question(8))]
    expect(two.body.equals(one.body)).toBe(true)
    for (const _ of [1, 2]) await get(without, { query, variables: JSON.stringify(variables) })
    expect(await figures(without)).toEqual({ bytes: 0, hit: 0, miss: 0, not_modified: 0 })
    await without.close()
  })
})

it('many more pages than fit take no more than the limit, and each is what an execution returns', async () => {
  const page = (n: number) => ({ query: `{ features(layer: "places", first: ${600 + n}) { geojson } }` })
  let bytes = 0
  for (let n = 0; bytes < 3 * LIMIT; n++) {
    const kept = [await post(server, page(n)), await post(server, page(n))]
    const executed = await post(server, page(n), { 'cache-control': 'no-store' })
    for (const { body } of kept) expect(body.equals(executed.body)).toBe(true)
    bytes += executed.body.length
    expect((await figures(server))['bytes']).toBeLessThanOrEqual(LIMIT)
  }
  expect((await answers())['hit']).toBeGreaterThan(5)
})

it('a client without the token gets no page that another client has been sent', async () => {
  const authorization = 'Bearer a-token-for-tests-only'
  const closed = await serve([PLACES], { pageCacheBytes: LIMIT, token: 'a-token-for-tests-only' })
  const kept = await post(closed, question(9), { authorization })
  for (const headers of [{}, { authorization: 'Bearer another-token-of-tests' }]) {
    const refused = await post(closed, question(9), headers as Headers)
    expect([refused.status, JSON.parse(refused.body.toString())]).toMatchObject([
      401,
      { errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] },
    ])
  }
  expect((await post(closed, question(9), { authorization })).body.equals(kept.body)).toBe(true)
  await closed.close()
})

it.each([true, false])('a page of a file that was replaced is never sent again (--watch %s)', async (watch) => {
  const folder = await mkdtemp(join(tmpdir(), 'geoduck-test-'))
  const [heavy, file] = [await fixture('heavy'), join(folder, 'points.parquet')]
  await cp(join(heavy, 'points.parquet'), file)
  const changing = await serveChecked({ watch }, [file])
  const asked = { query: '{ features(layer: "points", first: 1) { totalCount features { properties } } }' }
  // A page is kept, and taken from the cache, in each version.
  const read = async (): Promise<Buffer> => {
    const { body } = await post(changing, asked)
    const { errors } = JSON.parse(body.toString()) as Answer
    return errors ? await read() : body
  }
  const bodies = new Map<string, Buffer>()
  for (let n = 0; n < 6; n++) {
    const source = n % 2 === 0 ? 'points.parquet' : 'wide.parquet'
    if (n > 0) {
      await copyFile(join(heavy, source), `${file}.new`)
      await rename(`${file}.new`, file)
    }
    const expected = bodies.get(source) ?? (await read())
    bodies.set(source, expected)
    for (const _ of [1, 2, 3]) expect((await read()).equals(expected)).toBe(true)
    await checked(changing)
    for (const _ of [1, 2, 3]) expect((await read()).equals(expected)).toBe(true)
  }
  const [points, wide] = [...bodies.values()]
  expect(points!.equals(wide!)).toBe(false)
  expect((await figures(changing))['hit']).toBeGreaterThanOrEqual(12)
  await changing.close()
  await rm(folder, { recursive: true })
})

it('a layer that is added later is in the result of a question that named it before', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'geoduck-test-'))
  await cp(PLACES, join(folder, 'places.parquet'))
  const growing = await serveChecked({ watch: true }, [folder])
  const { data } = await ask<{ places: { features: { id: string }[] } }>(growing, '{ places(first: 1) { features { id } } }')
  // Both files have the same rows, and so the same fingerprint.
  const id = data!.places.features[0]!.id.replace('places', 'later')
  const asked = { query: `{ node(id: "${id}") { id } features(layer: "places", first: 1) { count } }` }
  const node = async () => (JSON.parse((await post(growing, asked)).body.toString()) as Answer).data?.['node']
  expect([await node(), await node()]).toEqual([null, null])
  expect(await figures(growing)).toMatchObject({ hit: 1 })
  await copyFile(PLACES, join(folder, 'later.new'))
  await rename(join(folder, 'later.new'), join(folder, 'later.parquet'))
  await expect.poll(node).toEqual({ id })
  await growing.close()
  await rm(folder, { recursive: true })
})
