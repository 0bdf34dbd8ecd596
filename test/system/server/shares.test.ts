/** Limits of an address besides the workers: open operations, starts, events of `health`. */
import { afterEach, expect, test } from 'vitest'
import { HealthSubscribers } from '../../../src/graphql/health-events.ts'
import { OperationStarts } from '../../../src/server/operations.ts'
import { ask, post } from '../../support/graphql.ts'
import { PLACES, serve, type TestServer } from '../../support/server.ts'
import { RawSocket } from './raw-socket.ts'

const QUIET = 'subscription { health(everyMs: 60000) { ready } }'
const OVERLOADED = { code: 'OVERLOADED', retry: true, retryAfter: 1 }

let server: TestServer | null = null
const sockets: RawSocket[] = []
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.close()
  await server?.close()
  server = null
})

/** The number of subscriptions that continue, of those on a new connection. */
async function opened(to: TestServer, count: number, from?: string): Promise<{ socket: RawSocket; going: number }> {
  const socket = await RawSocket.open(to.socketUrl, from === undefined ? {} : { headers: { 'x-forwarded-for': from } })
  sockets.push(socket)
  for (let n = 0; n < count; n++) socket.subscribe(String(n), QUIET)
  for (let n = 0; n < count; n++) await socket.until(({ id }) => id === String(n))
  const refused = socket.messages.filter(({ type }) => type === 'error')
  for (const { payload } of refused) expect(payload).toMatchObject([{ extensions: OVERLOADED }])
  return { socket, going: count - refused.length }
}

test('an address has so many operations at a time, of which a connection takes no more than are left for others', async () => {
  server = await serve([PLACES], { maxAddressOperations: 16, trustProxy: 1 })
  const first = await opened(server, 10, '192.0.2.1')
  const second = await opened(server, 10, '192.0.2.1')
  const third = await opened(server, 10, '192.0.2.1')
  expect([first.going, second.going, third.going]).toEqual([8, 4, 2])
  // Another address has as many.
  expect((await opened(server, 10, '192.0.2.2')).going).toBe(8)
  const response = await post(server, { query: QUIET }, { accept: 'text/event-stream', 'x-forwarded-for': '192.0.2.1' })
  await opened(server, 1, '192.0.2.1')
  const refused = await post(server, { query: '{ __typename }' }, { 'x-forwarded-for': '192.0.2.1' })
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1'])
  expect(await refused.json()).toMatchObject({ errors: [{ extensions: OVERLOADED }] })
  const download = await fetch(`${server.url}/download/places.geojsonl`, { headers: { 'x-forwarded-for': '192.0.2.1' } })
  expect([download.status, download.headers.get('retry-after')]).toEqual([503, '1'])
  await download.text()
  // Ended operations free their places.
  await response.body?.cancel()
  first.socket.close()
  await expect.poll(async () => (await opened(server!, 3, '192.0.2.1')).going).toBe(3)
})

test('operations that arrive together start one of each address at a time', async () => {
  const starts = new OperationStarts()
  const started: string[] = []
  const all = ['a', 'a', 'a', 'b', 'a', 'b', 'c'].map(async (address, n) => {
    await starts.next(address)
    started.push(`${address}${n}`)
  })
  const turns: number[] = []
  while (started.length < all.length) {
    await new Promise((resolve) => setImmediate(resolve))
    turns.push(started.length)
  }
  await Promise.all(all)
  expect(started).toEqual(['a0', 'b3', 'c6', 'a1', 'b5', 'a2', 'a4'])
  expect(turns).toEqual([5, 6, 7])
})

test('a thousand subscriptions of `health` share 200 events per second, and those of another address receive all of theirs', async () => {
  const subscribers = new HealthSubscribers()
  for (let n = 0; n < 1_000; n++) subscribers.join('a')
  subscribers.join('b')
  expect([subscribers.leastMs('a'), subscribers.leastMs('b')]).toEqual([5_000, 5])
  for (let n = 0; n < 1_000; n++) subscribers.leave('a')
  expect(subscribers.leastMs('a')).toBe(0)

  server = await serve([PLACES], { trustProxy: 1 })
  const counts = (messages: readonly { readonly type: string }[]) => messages.filter(({ type }) => type === 'next').length
  const open = async (count: number, from: string) => {
    const socket = await RawSocket.open(server!.socketUrl, { headers: { 'x-forwarded-for': from } })
    sockets.push(socket)
    for (let n = 0; n < count; n++) socket.subscribe(String(n), 'subscription { health(everyMs: 250) { uptimeSeconds } }')
    for (let n = 0; n < count; n++) await socket.until(({ id }) => id === String(n))
    return socket
  }
  const greedy = [await open(256, '192.0.2.1'), await open(256, '192.0.2.1')]
  const modest = await open(2, '192.0.2.2')
  const before = [...greedy, modest].map(({ messages }) => counts(messages))
  const began = performance.now()
  await expect.poll(() => counts(modest.messages) - before[2]!).toBeGreaterThanOrEqual(12)
  const seconds = (performance.now() - began) / 1_000
  const events = counts(greedy[0]!.messages) + counts(greedy[1]!.messages) - before[0]! - before[1]!
  // 512 subscriptions would send 2,048 per second.
  expect(events / seconds).toBeLessThan(300)
  const times = (socket: RawSocket) =>
    socket.messages.flatMap(({ payload }) => {
      const { data } = (payload ?? {}) as { data?: { health: { uptimeSeconds: number } } }
      return data ? [data.health.uptimeSeconds] : []
    })
  // One reading every 250 ms at most serves them all.
  const readings = new Set([...greedy, modest].flatMap((socket, n) => times(socket).slice(before[n])))
  expect(readings.size).toBeLessThanOrEqual(4 * seconds + 3)
})

test('a query has a new reading of `health`, which concurrent queries share', async () => {
  server = await serve([PLACES])
  const uptime = async () =>
    (await ask<{ health: { uptimeSeconds: number } }>(server!, '{ health { uptimeSeconds } }')).data!.health.uptimeSeconds
  const together = await Promise.all(Array.from({ length: 20 }, uptime))
  await new Promise((resolve) => setTimeout(resolve, 60))
  expect(await uptime()).toBeGreaterThan(Math.max(...together))
  expect(new Set(together).size).toBeLessThan(20)
})
