/** A server with a token, on every wire. */
import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { post } from '../../support/graphql.ts'
import { PLACES, serve, type TestServer } from '../../support/server.ts'
import { RawSocket } from './raw-socket.ts'

const TOKEN = 'a-token-for-tests-only'
const RIGHT = { authorization: `Bearer ${TOKEN}` }
const WRONG: readonly (readonly [string, string | undefined])[] = [
  ['none', undefined],
  ['an empty one', ''],
  ['another', 'Bearer another-token-for-tests'],
  ['its beginning', `Bearer ${TOKEN.slice(0, -1)}`],
  ['it with more behind', `Bearer ${TOKEN}x`],
  ['it in another letter case', `Bearer ${TOKEN.toUpperCase()}`],
  ['it without its scheme', TOKEN],
  ['it by another scheme', `Basic ${TOKEN}`],
]

let server: TestServer
beforeAll(async () => {
  server = await serve([PLACES, '/nowhere/secret.parquet'], { token: TOKEN })
})
afterAll(() => server.close())

const QUERY = { query: '{ layers { name } }' }
const STREAM = 'subscription { featureBatches(layer: "places", limit: 1) { count } }'

describe('a client is refused with UNAUTHENTICATED who sends', () => {
  it.each(WRONG)('%s over HTTP', async (_what, authorization) => {
    const headers = authorization === undefined ? {} : { authorization }
    for (const accept of ['application/json', 'text/event-stream']) {
      const response = await post(server, { query: STREAM }, { ...headers, accept })
      expect([response.status, response.headers.get('www-authenticate')]).toEqual([401, 'Bearer'])
      expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'UNAUTHENTICATED', retry: false } }] })
    }
    for (const path of ['/metrics', '/download/places.geojsonl']) {
      const response = await fetch(server.url + path, { headers })
      expect([response.status, response.headers.get('www-authenticate')]).toEqual([401, 'Bearer'])
    }
  })

  it.each(WRONG)('%s over a WebSocket, which is closed with 4403', async (_what, authorization) => {
    const socket = new RawSocket(server.socketUrl)
    await once(socket.ws, 'open')
    socket.send({ type: 'connection_init', payload: { authorization } })
    const { code, reason } = await socket.closed
    expect(code).toBe(4403)
    expect(reason).toMatch(/`authorization: Bearer TOKEN` in the payload of connection_init.* header of the upgrade/)
    expect(socket.messages).toEqual([])
  })

  it('no payload at all, or one that holds no text', async () => {
    const odd = [{ headers: RIGHT.authorization }, { headers: [RIGHT] }, { headers: null }, { connectionParams: RIGHT }]
    for (const payload of [undefined, {}, { authorization: [RIGHT.authorization] }, { authorization: { x: 1 } }, ...odd]) {
      const socket = new RawSocket(server.socketUrl)
      await once(socket.ws, 'open')
      socket.send({ type: 'connection_init', payload })
      expect((await socket.closed).code).toBe(4403)
    }
  })
})

describe('a client with the token is served', () => {
  it.each<[string, object | undefined, Record<string, string>]>([
    ['the header of the upgrade', undefined, RIGHT],
    ['the header of the upgrade, with a payload of its own', { clientName: 'a viewer' }, RIGHT],
    ['the header of the upgrade, beside a wrong payload', { authorization: 'Bearer another' }, RIGHT],
    ['`headers.Authorization` of the payload', { headers: { Authorization: RIGHT.authorization } }, {}],
    ['`headers.authorization` of the payload, beside a wrong header', { headers: RIGHT }, { authorization: 'Bearer another' }],
    ['`headers.AUTHORIZATION` of the payload', { headers: { AUTHORIZATION: RIGHT.authorization } }, {}],
  ])('over a WebSocket, by %s', async (_what, payload, headers) => {
    const socket = new RawSocket(server.socketUrl, undefined, { headers })
    await once(socket.ws, 'open')
    socket.send({ type: 'connection_init', payload })
    await socket.until(({ type }) => type === 'connection_ack')
    socket.close()
  })

  it('by GET, and not without it', async () => {
    const url = `${server.url}/graphql?query=${encodeURIComponent(QUERY.query)}`
    expect(await (await fetch(url, { headers: RIGHT })).json()).toEqual({ data: { layers: [{ name: 'places' }] } })
    expect((await fetch(url)).status).toBe(401)
  })

  it('by HTTP and as an event stream', async () => {
    expect(await (await post(server, QUERY, RIGHT)).json()).toEqual({ data: { layers: [{ name: 'places' }] } })
    const events = await post(server, { query: STREAM }, { ...RIGHT, accept: 'text/event-stream' })
    expect(await events.text()).toContain('event: complete')
  })

  it.each(['authorization', 'Authorization'])('over a WebSocket, by `%s` in the payload of connection_init', async (name) => {
    const socket = new RawSocket(server.socketUrl)
    await once(socket.ws, 'open')
    socket.send({ type: 'connection_init', payload: { [name]: RIGHT.authorization } })
    await socket.until(({ type }) => type === 'connection_ack')
    socket.subscribe('a', STREAM)
    expect((await socket.ended('a')).map(({ type }) => type)).toEqual(['next', 'complete'])
    socket.close()
  })

  it('from a page of another origin that may, whose preflight has none yet', async () => {
    const headers = { origin: 'http://localhost:5173', 'access-control-request-headers': 'authorization' }
    const response = await fetch(`${server.url}/graphql`, { method: 'OPTIONS', headers })
    expect(response.headers.get('access-control-allow-headers')).toContain('authorization')
  })
})

it('a load balancer needs no token, and without one sees no file name', async () => {
  const read = async (path: string, headers = {}) => (await fetch(server.url + path, { headers })).json()
  expect(await read('/health')).toMatchObject({ status: 'alive' })
  expect(await read('/ready')).toEqual({ ready: true })
  expect(await read('/ready', RIGHT)).toMatchObject({ ready: true, problems: [{ source: 'secret.parquet' }] })
})

it('the pages are served, for they hold nothing', async () => {
  expect((await fetch(`${server.url}/map`)).status).toBe(200)
  expect((await fetch(`${server.url}/graphiql`)).status).toBe(200)
})
