/** DNS rebinding: a page of another site leads its own name to this machine, and would be of the server's origin. */
import { once } from 'node:events'
import { request } from 'node:http'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { Hosts } from '../../../src/server/access.ts'
import { PLACES, serve, type TestServer } from '../../support/server.ts'

let server: TestServer
let listing: TestServer
beforeAll(async () => {
  server = await serve([PLACES])
  listing = await serve([PLACES], { hosts: ['maps.example'] })
})
afterAll(() => Promise.all([server.close(), listing.close()]))

interface Answer {
  readonly status: number
  readonly body: string
}

async function asked(to: TestServer, method: string, path: string, host: string): Promise<Answer> {
  const headers = { host, origin: `http://${host}`, 'content-type': 'application/json' }
  const sent = request({ host: '127.0.0.1', port: new URL(to.url).port, path, method, headers, agent: false })
  sent.end(method === 'POST' ? JSON.stringify({ query: '{ layers { name } }' }) : undefined)
  const [response] = await once(sent, 'response')
  let body = ''
  for await (const chunk of response) body += chunk
  return { status: response.statusCode, body }
}

/** The response's status line; 101 where a WebSocket opens. */
async function upgraded(to: TestServer, host: string, path = '/graphql'): Promise<number> {
  const socket = new WebSocket(to.socketUrl.replace('/graphql', path), 'graphql-transport-ws', {
    headers: { host },
    origin: `http://${host}`,
  })
  const status = await Promise.race([
    once(socket, 'unexpected-response').then(([, response]) => response.statusCode as number),
    once(socket, 'upgrade').then(() => 101),
  ])
  socket.on('error', () => {})
  socket.terminate()
  return status
}

describe('on a loopback address', () => {
  it.each([
    ['GET', '/'],
    ['GET', '/map'],
    ['GET', '/map/client/index.js'],
    ['GET', '/graphiql'],
    ['GET', '/graphql'],
    ['POST', '/graphql'],
    ['OPTIONS', '/graphql'],
    ['GET', '/health'],
    ['GET', '/ready'],
    ['GET', '/metrics'],
    ['GET', '/download/places.geojsonl'],
    ['GET', '/elsewhere'],
  ])('%s %s under another name is refused with 421', async (method, path) => {
    const { status, body } = await asked(server, method, path, 'rebound.example')
    expect(status).toBe(421)
    expect(JSON.parse(body)).toMatchObject({ errors: [{ extensions: { code: 'BAD_INPUT', retry: false } }] })
    expect(body).not.toContain('places')
  })

  it('a WebSocket under another name is refused with 421, on every path', async () => {
    expect(await upgraded(server, 'rebound.example')).toBe(421)
    expect(await upgraded(server, 'rebound.example', '/elsewhere')).toBe(421)
  })

  it.each([
    'localhost',
    'LOCALHOST:4000',
    '127.0.0.1:1',
    '127.12.0.255',
    '[::1]',
    '[::1]:4000',
    'localhost:80',
    'localhost:',
    'localhost.',
    'localhost.:80',
  ])('%s is one of its names', async (host) => {
    expect((await asked(server, 'POST', '/graphql', host)).status).toBe(200)
    expect(await upgraded(server, host)).toBe(101)
  })

  it('a name that --hosts lists is taken, with any port, and no other', async () => {
    for (const host of ['maps.example', 'maps.example:8443']) {
      expect((await asked(listing, 'POST', '/graphql', host)).status).toBe(200)
      expect(await upgraded(listing, host)).toBe(101)
    }
    expect((await asked(listing, 'POST', '/graphql', 'evil.maps.example')).status).toBe(421)
  })

  it('a request of HTTP/1.0 without a name is answered: no browser sends one', async () => {
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1')
    socket.write('GET /health HTTP/1.0\r\n\r\n')
    let text = ''
    for await (const chunk of socket) text += chunk
    expect(text).toMatch(/^HTTP\/1\.1 200 OK/)
  })
})

describe('a name', () => {
  it.each([
    ['127.0.0.1', [], 'localhost', true],
    ['::1', [], '[::1]:4000', true],
    ['localhost', [], 'rebound.example', false],
    ['127.0.0.1', [], 'localhost.rebound.example', false],
    ['127.0.0.1', [], '127.0.0.1.rebound.example', false],
    ['127.0.0.1', [], '127.0.0.256', false],
    ['127.0.0.1', [], '128.0.0.1', false],
    ['127.0.0.1', [], '0.0.0.0', false],
    ['127.0.0.1', [], 'user@localhost', false],
    ['127.0.0.1', [], '', false],
    ['0.0.0.0', [], 'anything.example', true],
    ['0.0.0.0', ['maps.example'], 'anything.example', false],
    ['0.0.0.0', ['maps.example'], 'localhost:4000', true],
    ['0.0.0.0', ['Maps.Example'], 'maps.example', true],
    ['127.0.0.1', ['[2001:db8::1]'], '[2001:db8::1]:80', true],
  ])('on %s with %j: %s is %s', (address, listed, host, allowed) => {
    expect(new Hosts(address, listed).allows(host)).toBe(allowed)
  })
})
