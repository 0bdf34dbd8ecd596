/** Many clients at once over real sockets: none waits for another who reads as fast as he can, nor for one who does not read at all. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ask, quiet } from '../../support/graphql.ts'
import { squares } from '../../support/pool.ts'
import { inOneOf } from '../../support/rounds.ts'
import { serve, type TestServer } from '../../support/server.ts'
import { type Message, RawSocket } from './raw-socket.ts'

const CLIENTS = 200
const STREAM = 'subscription { featureBatches(layer: "squares-200000", batchSize: 1024) { sequence } }'
const HEAVY = 'subscription { featureBatches(layer: "squares-200000", batchSize: 1024) { geojson arrow } }'

let server: TestServer
beforeAll(async () => {
  server = await serve([await squares()])
})
afterAll(() => server.close())

/** Most batches that anybody had had when the last one got his first. */
async function mostAtTheLastFirst(sockets: readonly RawSocket[], ids: readonly string[]): Promise<number> {
  const had = new Map<string, number>()
  const all = Promise.withResolvers<number>()
  for (const [place, socket] of sockets.entries()) {
    socket.ws.on('message', (data: Buffer) => {
      const message = JSON.parse(data.toString()) as Message
      const client = `${place} ${message.id}`
      if (message.type !== 'next') return
      had.set(client, (had.get(client) ?? 0) + 1)
      if (had.size === CLIENTS) all.resolve(Math.max(...had.values()))
    })
    for (const id of ids) socket.subscribe(id, STREAM)
  }
  return await all.promise
}

describe('200 subscriptions on 2 workers, all read as fast as can be', () => {
  it.each([
    ['on one socket', 1],
    ['on 200 sockets', CLIENTS],
  ])('%s: each has its first batch before anyone has had many', async (_, count) => {
    const ids = Array.from({ length: CLIENTS / count }, (__, n) => `s${n}`)
    // Usually it is 2 to 6. A worker that has no processor for some time holds up the one that it serves.
    await inOneOf(3, async () => {
      const sockets = await Promise.all(Array.from({ length: count }, () => RawSocket.open(server.socketUrl)))
      const most = await mostAtTheLastFirst(sockets, ids)
      for (const socket of sockets) socket.close()
      await quiet(server)
      expect(most).toBeLessThan(20)
    })
  })
})

describe('50 clients that do not read', () => {
  it('cost others at most half again of what a box takes', { timeout: 600_000 }, async () => {
    const alone = await serve([await squares()])
    const stalled = await Promise.all(Array.from({ length: 50 }, () => RawSocket.open(server.socketUrl)))
    try {
      for (const socket of stalled) {
        socket.ws.pause()
        socket.subscribe('a', HEAVY)
      }
      const streams = async () => (await ask(server, '{ health { streams { running waiting parked } } }')).data
      await expect.poll(streams, { timeout: 120_000 }).toEqual({ health: { streams: { running: 0, waiting: 0, parked: 50 } } })
      await inOneOf(5, async () => {
        const times = { with: [] as number[], without: [] as number[] }
        // They alternate, so that other load of the machine affects both.
        for (let n = 0; n < 150; n++) {
          times.with.push(await boxMs(server, n))
          times.without.push(await boxMs(alone, n))
        }
        console.log(`p95 of a box: ${p95(times.without).toFixed(1)} ms, with 50 stalled clients ${p95(times.with).toFixed(1)} ms`)
        expect(p95(times.with)).toBeLessThan(1.5 * p95(times.without) + 2)
      })
    } finally {
      for (const socket of stalled) socket.close()
      await alone.close()
    }
  })
})

async function boxMs(on: TestServer, n: number): Promise<number> {
  const bbox = [(n % 100) * 3 - 170, (n % 50) * 2 - 60, (n % 100) * 3 - 169, (n % 50) * 2 - 58]
  const began = performance.now()
  const { errors } = await ask(
    on,
    'query ($bbox: BBox) { features(layer: "squares-200000", where: { bbox: $bbox }) { count } }',
    { bbox },
  )
  expect(errors).toBeUndefined()
  return performance.now() - began
}

function p95(times: readonly number[]): number {
  return [...times].sort((a, b) => a - b)[Math.floor(0.95 * times.length)] ?? 0
}
