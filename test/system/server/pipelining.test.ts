/** Requests that a client sends without waiting for the responses before them. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ask, quiet } from '../../support/graphql.ts'
import { squares } from '../../support/pool.ts'
import { serve, type TestServer } from '../../support/server.ts'

let server: TestServer
beforeAll(async () => {
  server = await serve([await squares()])
})
afterAll(() => server.close())

const SORTED = '{ features(layer: "squares-200000", first: 1000, orderBy: [{ property: "name" }]) { geojson } }'

function request(query: string, accept = 'application/json'): string {
  const body = JSON.stringify({ query })
  return `POST /graphql HTTP/1.1\r\nhost: 127.0.0.1\r\naccept: ${accept}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`
}

async function connection(): Promise<Socket> {
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1')
  await once(socket, 'connect')
  return socket.on('error', () => {})
}

/** Everything that arrives until the connection ends, or `enough` is true. */
async function read(socket: Socket, enough?: (text: string) => boolean): Promise<string> {
  let text = ''
  try {
    for await (const piece of socket) {
      text += piece
      if (enough?.(text)) break
    }
  } catch {
    // It was reset, with what it had sent unread.
  }
  return text
}

const count = (text: string, part: string) => text.split(part).length - 1

async function busyWorkers(): Promise<number> {
  const { data } = await ask<{ health: { workers: { state: string }[]; queued: number } }>(
    server,
    '{ health { queued workers { state } } }',
  )
  const { queued, workers } = data!.health
  return queued + workers.filter(({ state }) => state === 'BUSY').length
}

test('all are answered, in the order in which they were sent', async () => {
  const socket = await connection()
  const names = Array.from({ length: 1_000 }, (_, n) => `n${n}`)
  const text = read(socket, (all) => all.includes('"n999":"Query"'))
  // As fast as they are taken, in pieces that end anywhere.
  const bytes = names.map((name) => request(`{ ${name}: __typename }`)).join('')
  for (let at = 0; at < bytes.length; at += 10_007) {
    if (!socket.write(bytes.slice(at, at + 10_007))) await once(socket, 'drain')
  }
  expect([...(await text).matchAll(/"(n\d+)":"Query"/g)].map(([, name]) => name)).toEqual(names)
})

test('one request of a connection is in work at a time', async () => {
  const socket = await connection()
  socket.write(request(SORTED).repeat(30))
  const most = { busy: 0 }
  const text = read(socket, (all) => count(all, 'HTTP/1.1 200') === 6)
  for (let looks = 0; looks < 15; looks++) {
    most.busy = Math.max(most.busy, await busyWorkers())
    await sleep(10)
  }
  await text
  expect(most.busy).toBe(1)
  socket.destroy()
  await quiet(server)
})

test('requests beyond 512 that wait are refused after the responses before them, and the connection ends', async () => {
  const socket = await connection()
  socket.write('GET /health HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n'.repeat(1_000))
  const text = await read(socket)
  expect(count(text, '"alive"')).toBe(513)
  expect(count(text, 'HTTP/1.1 503')).toBe(1)
  expect(text).toMatch(/"code":"OVERLOADED","retry":true,"retryAfter":1\}\}\]\}$/)
})

test('requests that wait are not read: the client can send no more than the system holds', async () => {
  const socket = await connection()
  socket.resume().write(request('subscription { health(everyMs: 60000) { ready } }', 'text/event-stream'))
  const filler = request(`{ __typename } #${'x'.repeat(900_000)}`)
  let taken = 0
  for (let n = 0; n < 60; n++) socket.write(filler, () => taken++)
  await sleep(1_000)
  expect(taken).toBeLessThan(20)
  socket.destroy()
})

test('a body that nobody reads is taken for a second after its response, then the connection ends', async () => {
  const socket = await connection()
  const text = read(socket)
  socket.write('POST /graphql HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: text/plain\r\ncontent-length: 1000000000000\r\n\r\n')
  const drip = setInterval(() => socket.write('x'.repeat(1_000)), 20)
  const began = performance.now()
  expect(await text).toContain('HTTP/1.1 415')
  clearInterval(drip)
  expect(performance.now() - began).toBeGreaterThan(900)
})

test('a client that goes away leaves nothing of what it had pipelined', async () => {
  const socket = await connection()
  socket.write(request(SORTED).repeat(50))
  await expect.poll(busyWorkers).toBe(1)
  socket.destroy()
  await quiet(server)
})
