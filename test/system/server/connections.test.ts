/** Connections that are opened and not used, or used a byte at a time. */
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { afterAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { Connections } from '../../../src/server/connections.ts'
import { httpServer } from '../../../src/server/http.ts'
import { ask } from '../../support/graphql.ts'
import { PLACES, serve, type TestServer } from '../../support/server.ts'

const closing: (() => unknown)[] = []
afterAll(() => Promise.all(closing.map((close) => close())))

/** With the default limits. */
let usual: Promise<TestServer> | null = null
const usualServer = () => (usual ??= start())

async function start(config: Parameters<typeof serve>[1] = {}): Promise<TestServer> {
  const server = await serve([PLACES], config)
  closing.push(() => server.close())
  return server
}

function opened(url: string): Socket {
  const { port, hostname } = new URL(url)
  const socket = connect(Number(port), hostname)
  socket.on('error', () => {})
  closing.push(() => socket.destroy())
  return socket
}

async function whole(socket: Socket): Promise<string> {
  let text = ''
  socket.on('data', (chunk) => {
    text += chunk
  })
  // A reset ends it too.
  await new Promise((resolve) => socket.once('close', resolve))
  return text
}

it('a client that closes its sending side is taken as gone: its operation and its connection end', async () => {
  const server = await usualServer()
  const socket = opened(server.url)
  const body = JSON.stringify({ query: 'subscription { health(everyMs: 60000) { ready } }' })
  const head = `POST /graphql HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\nContent-Type: application/json`
  socket.end(`${head}\r\nContent-Length: ${body.length}\r\n\r\n${body}`)
  expect(await whole(socket)).not.toContain('complete')
})

describe('an idle connection', () => {
  const REQUEST = 'GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n'
  const answer = async (socket: Socket) => {
    socket.write(REQUEST)
    const [chunk] = await once(socket, 'data')
    return String(chunk)
  }

  it('may be idle for longer than the head of a request may take', async () => {
    const times = { headersTimeout: 100, requestTimeout: 200, connectionsCheckingInterval: 10, keepAliveTimeout: 60_000 }
    const http = httpServer((_req, res) => res.end(), times).listen(0, '127.0.0.1')
    await once(http, 'listening')
    closing.push(() => http.close())
    const socket = opened(`http://127.0.0.1:${(http.address() as AddressInfo).port}`)
    expect(await answer(socket)).toMatch(/^HTTP\/1\.1 200/)
    await new Promise((resolve) => setTimeout(resolve, 600))
    expect(await answer(socket)).toMatch(/^HTTP\/1\.1 200/)
  })

  it('may be idle for 75 seconds, longer than those of proxies', async () => {
    const { url } = await usualServer()
    expect(await answer(opened(url))).toContain('Keep-Alive: timeout=75')
  })

  it('ends after the time of --keep-alive', async () => {
    const socket = opened((await start({ keepAliveSeconds: 1 })).url)
    expect(await answer(socket)).toContain('Keep-Alive: timeout=1')
    await once(socket, 'close')
  })
})

describe('a request that is sent a byte at a time', () => {
  const HEAD = 'POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n'

  async function slow(): Promise<{ http: Server; url: string }> {
    const times = { headersTimeout: 300, requestTimeout: 600, connectionsCheckingInterval: 50 }
    const http = httpServer((req, res) => void req.resume().on('end', () => res.end()), times).listen(0, '127.0.0.1')
    await once(http, 'listening')
    closing.push(() => http.close())
    return { http, url: `http://127.0.0.1:${(http.address() as AddressInfo).port}` }
  }

  it.each([
    ['in its head', ''],
    ['in its body', `${HEAD}\r\n`],
    ['before it', null],
  ])('ends with 408 in a bounded time: %s', async (_where, begun) => {
    const { url } = await slow()
    const socket = opened(url)
    const text = whole(socket)
    if (begun !== null) {
      socket.write(begun === '' ? HEAD : begun)
      const timer = setInterval(() => socket.write('a'), 20)
      socket.once('close', () => clearInterval(timer))
    }
    // If the client continues to send, a reset may overtake the answer.
    expect(await text).toMatch(begun === null ? /^HTTP\/1\.1 408/ : /^(HTTP\/1\.1 408|$)/)
  })
})

it('a response continues as long as its client reads a little of it, for any total time', async () => {
  const [stallMs, graceMs, bytes] = [2_500, 500, 30e6]
  const http = createServer((_req, res) => void res.end(Buffer.alloc(bytes))).listen(0, '127.0.0.1')
  const connections = new Connections(http, { mostOfAddress: null, openFiles: 1_024, stallMs, graceMs })
  await once(http, 'listening')
  closing.push(() => http.close())
  const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`
  const [slow, stalled] = [opened(url), opened(url)]
  const startedAt = performance.now()
  let had = 0
  slow.on('data', ({ length }) => {
    had += length
    slow.pause()
    setTimeout(() => slow.resume(), 20)
  })
  stalled.pause()
  for (const socket of [slow, stalled]) socket.write('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
  await once(slow, 'close')
  expect(had).toBeGreaterThan(bytes)
  expect(performance.now() - startedAt).toBeGreaterThan(2 * (stallMs + graceMs))
  // The one that takes nothing was cut off meanwhile.
  const rest = whole(stalled)
  stalled.resume()
  expect((await rest).length).toBeLessThan(bytes)
  connections.close()
})

describe('connections of one address', () => {
  it('are at most --max-connections; further ones are OVERLOADED until one ends', async () => {
    const server = await start({ maxConnections: 5 })
    const held = Array.from({ length: 5 }, () => opened(server.url))
    await Promise.all(held.map((socket) => once(socket, 'connect')))
    const refused = await whole(opened(server.url))
    expect(refused).toMatch(/^HTTP\/1\.1 503/)
    expect(JSON.parse(refused.split('\r\n\r\n')[1]!)).toMatchObject({ errors: [{ extensions: { code: 'OVERLOADED' } }] })
    for (const socket of held.slice(1)) socket.destroy()
    await expect.poll(() => ask(server, '{ __typename }').catch(() => null)).toEqual({ data: { __typename: 'Query' } })
  })

  it('that are idle, 2,000 of them, cost little memory, and a polite client is answered', async () => {
    const server = await usualServer()
    const before = process.memoryUsage.rss()
    const idle = Array.from({ length: 1_000 }, () => opened(server.url))
    const silent = Array.from({ length: 1_000 }, () => {
      const socket = new WebSocket(server.socketUrl, 'graphql-transport-ws')
      socket.on('error', () => {})
      return socket
    })
    const ends = silent.map(async (socket) => (await once(socket, 'close'))[0] as number)
    await Promise.all([...idle.map((socket) => once(socket, 'connect')), ...silent.map((socket) => once(socket, 'open'))])
    // Both ends of them are in this process.
    expect(process.memoryUsage.rss() - before).toBeLessThan(400e6)
    expect(await ask(server, '{ features(layer: "places", first: 1) { count } }')).toEqual({ data: { features: { count: 1 } } })
    expect(new Set(await Promise.all(ends))).toEqual(new Set([4408]))
    for (const socket of idle) socket.destroy()
  })
})

describe('a request that offers an upgrade', () => {
  const post = (upgrade: string, path = '/graphql') => {
    const body = '{"query":"{ __typename }"}'
    const head = [`POST ${path} HTTP/1.1`, 'Host: localhost', 'Content-Type: application/json', `Upgrade: ${upgrade}`]
    return `${[...head, 'Connection: Upgrade', `Content-Length: ${body.length}`].join('\r\n')}\r\n\r\n${body}`
  }

  it('to something else than a WebSocket is answered as a normal request', async () => {
    const socket = opened((await usualServer()).url)
    socket.write(post('h2c'))
    const [data] = await once(socket, 'data')
    expect(String(data)).toContain('{"data":{"__typename":"Query"}}')
    expect(String(data)).toMatch(/^HTTP\/1\.1 200 OK/)
  })

  it('that is refused loses its connection, also where the client keeps its half open', async () => {
    const { port, hostname } = new URL((await usualServer()).url)
    const socket = connect({ port: Number(port), host: hostname, allowHalfOpen: true })
    closing.push(() => socket.destroy())
    socket.write(post('websocket', '/elsewhere'))
    socket.resume()
    await once(socket, 'end')
    // The server has closed its end altogether: what is sent to it now is answered with a reset.
    const failed = once(socket, 'error')
    const timer = setInterval(() => socket.write('a'), 20)
    expect((await failed)[0]).toMatchObject({ code: expect.stringMatching(/ECONNRESET|EPIPE/) })
    clearInterval(timer)
  })
})
