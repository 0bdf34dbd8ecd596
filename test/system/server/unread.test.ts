/** Clients that do not read their responses: their held memory is limited, and in the end they are cut off. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { ask, quiet } from '../../support/graphql.ts'
import { PLACES, serve, type TestServer } from '../../support/server.ts'
import { RawSocket } from './raw-socket.ts'

const LIMIT = 32e6
const ENCODINGS = 'geojson arrow features { id geometry properties }'
const WHOLE = `features(layer: "places", first: 7343) { count ${ENCODINGS} }`
/** 14 MB: more than the kernels' buffers take. */
const PAGE = `{ a: ${WHOLE} b: ${WHOLE} }`
const PAGE_BYTES = 14e6
const STREAM = `subscription { featureBatches(layer: "places", batchSize: 1000) { count ${ENCODINGS} } }`
/** Maximum bytes of a batch of 1,000 places in each encoding. */
const BATCH = 4e6

const servers: TestServer[] = []
const sockets: { close(): void }[] = []
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.close()
})
afterAll(() => Promise.all(servers.map((server) => server.close())))

async function start(config: Parameters<typeof serve>[1]): Promise<TestServer> {
  const server = await serve([PLACES], config)
  servers.push(server)
  return server
}

/** With the default limits. */
const usual = start({})

async function open(server: TestServer): Promise<RawSocket> {
  const socket = await RawSocket.open(server.socketUrl)
  sockets.push(socket)
  return socket
}

/** A POST on a new connection, whose response is not read. */
function unread(server: TestServer, query: string, accept = 'application/json'): Socket {
  const { port, hostname } = new URL(server.url)
  const socket = connect(Number(port), hostname)
  sockets.push({ close: () => socket.destroy() })
  const body = JSON.stringify({ query })
  const head = ['POST /graphql HTTP/1.1', 'Host: localhost', `Accept: ${accept}`, 'Content-Type: application/json']
  socket.on('error', () => {})
  socket.pause()
  socket.write(`${[...head, `Content-Length: ${body.length}`].join('\r\n')}\r\n\r\n${body}`)
  return socket
}

/** Bytes that wait in the server's memory, by its metrics. */
async function waiting(server: TestServer): Promise<number> {
  const text = await (await fetch(`${server.url}/metrics`)).text()
  return Number(/^geoduck_unread_bytes (\S+)$/m.exec(text)![1])
}

/** Most that waited at any time until `until` resolves. */
async function mostWaiting(server: TestServer, until: Promise<unknown>): Promise<number> {
  let most = 0
  let over = false
  void until.finally(() => {
    over = true
  })
  while (!over) most = Math.max(most, await waiting(server))
  return most
}

describe('a WebSocket that is not read', () => {
  it('a client that leaves its answers unread is not read from, and is answered in full when it reads again', async () => {
    const socket = await open(await usual)
    const message = JSON.stringify({ type: 'ping', payload: { x: 'p'.repeat(900) } })
    const count = Math.ceil(30e6 / message.length)
    socket.ws.pause()
    for (let n = 0; n < count; n++) socket.ws.send(message)
    let before = Number.POSITIVE_INFINITY
    // Unread data beyond the buffers of both kernels stays here.
    await expect
      .poll(
        () => {
          const stands = socket.ws.bufferedAmount === before
          before = socket.ws.bufferedAmount
          return stands
        },
        { interval: 500 },
      )
      .toBe(true)
    expect(socket.ws.bufferedAmount).toBeGreaterThan(5e6)
    socket.ws.resume()
    await expect.poll(() => socket.messages.length).toBe(count + 1)
  })

  it('has one of its pings answered at a time, the last of them too', async () => {
    const socket = await open(await usual)
    const pongs: string[] = []
    socket.ws.on('pong', (data: Buffer) => pongs.push(data.toString()))
    for (let n = 0; n < 1_000; n++) socket.ws.ping(String(n))
    await expect.poll(() => pongs.at(-1)).toBe('999')
  })

  it('holds no more than its share for all of its operations together, and a polite one beside it is whole', async () => {
    const server = await start({ unreadBytes: LIMIT })
    const hostile = await open(server)
    hostile.ws.pause()
    for (let n = 0; n < 64; n++) hostile.subscribe(String(n), STREAM)
    const polite = await open(server)
    polite.subscribe('a', STREAM)
    const most = await mostWaiting(server, polite.ended('a'))
    expect((await polite.ended('a')).at(-1)!.type).toBe('complete')
    // A sixteenth each, and what the two turns that run may bring beyond it.
    expect(most).toBeLessThan(2 * (LIMIT / 16) + 4 * BATCH)
    hostile.close()
    await quiet(server)
    await expect.poll(() => waiting(server)).toBe(0)
  })

  it('that reads again has all of its streams, however little room there is', async () => {
    const server = await start({ unreadBytes: 1e6 })
    const socket = await open(server)
    socket.ws.pause()
    const ids = Array.from({ length: 24 }, (_, n) => String(n))
    for (const id of ids) socket.subscribe(id, STREAM)
    await sleep(1_000)
    socket.ws.resume()
    const ends = await Promise.all(ids.map((id) => socket.ended(id)))
    for (const messages of ends) expect([messages.length, messages.at(-1)!.type]).toEqual([9, 'complete'])
    await expect.poll(() => waiting(server)).toBe(0)
  })

  it('has a message that does not arrive whole counted, and is closed with 1013 when its address has too much of that', async () => {
    const server = await start({ unreadBytes: 1e6 })
    const [filler, socket] = [await open(server), await open(server)]
    // The head of a masked frame of a million bytes, then a little less than half of it.
    const head = Buffer.from([0x81, 0xff, 0, 0, 0, 0, 0, 0x0f, 0x42, 0x40, 0, 0, 0, 0])
    for (const { ws } of [filler, socket]) {
      const raw = (ws as unknown as { _socket: Socket })._socket
      raw.write(head)
      raw.write(Buffer.alloc(450_000))
    }
    expect((await Promise.race([filler.closed, socket.closed])).code).toBe(1013)
    await expect.poll(() => waiting(server)).toBeGreaterThan(0)
    filler.close()
    socket.close()
    await expect.poll(() => waiting(server)).toBe(0)
  })
})

describe('requests that are not sent whole', () => {
  it('hold no more than the share of their address, and what is small is answered beside them', async () => {
    const server = await start({ unreadBytes: 8e6 })
    const { port, hostname } = new URL(server.url)
    const head = 'POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 999999\r\n\r\n'
    for (let n = 0; n < 12; n++) {
      const socket = connect(Number(port), hostname)
      sockets.push({ close: () => socket.destroy() })
      socket.on('error', () => {})
      socket.write(head + 'x'.repeat(900_000))
    }
    await expect.poll(() => waiting(server)).toBeGreaterThan(3e6)
    expect(await ask(server, '{ __typename }')).toEqual({ data: { __typename: 'Query' } })
    expect(await waiting(server)).toBeLessThan(5.1e6)
    for (const socket of sockets.splice(0)) socket.close()
    await expect.poll(() => waiting(server)).toBe(0)
  })
})

describe('responses that are not read', () => {
  it('hold no more than the share of their address; the others of it are OVERLOADED after a while', async () => {
    const server = await start({ unreadBytes: LIMIT, queueSeconds: 1 })
    const pages: Socket[] = []
    for (let before = 0; before < LIMIT / 2; before = await waiting(server)) {
      pages.push(unread(server, PAGE))
      await expect.poll(() => waiting(server)).toBeGreaterThan(before + PAGE_BYTES / 4)
    }
    const { errors } = await ask(server, PAGE)
    expect(errors).toMatchObject([{ extensions: { code: 'OVERLOADED', retryAfter: 1 } }])
    expect(await waiting(server)).toBeLessThan(LIMIT / 2 + 2 * PAGE_BYTES)
    // Small requests are still answered.
    expect(await ask(server, '{ features(layer: "places", first: 10) { count } }')).toEqual({ data: { features: { count: 10 } } })
    for (const socket of pages) socket.destroy()
    await expect.poll(async () => (await ask(server, PAGE)).errors).toBeUndefined()
  })

  it.each([
    ['a page', PAGE, 'application/json'],
    ['an event stream', STREAM, 'text/event-stream'],
  ])('%s ends with its connection after the stall timeout, and its memory is free', async (_what, query, accept) => {
    const server = await start({ stallSeconds: 0.5 })
    // An event stream notices the client's pauses after the kernels' buffers are full.
    const socket = unread(server, query.replace('batchSize: 1000', 'batchSize: 7343'), accept)
    const startedAt = performance.now()
    await expect.poll(() => waiting(server)).toBeGreaterThan(0)
    // Its end is seen by who reads.
    await expect.poll(() => waiting(server)).toBe(0)
    expect(performance.now() - startedAt).toBeGreaterThan(500)
    socket.resume()
    await once(socket, 'close')
    await quiet(server)
  })
})
