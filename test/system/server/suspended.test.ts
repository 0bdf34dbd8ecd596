/**
 * A server that is suspended for longer than all its limits, and continues: its clocks stood still meanwhile, so that no operation ends
 * by them. First the server process alone, then its workers too. What is under way takes no processor's time, so that a busy machine does not
 * make it late.
 */
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { ROOT } from '../../support/environment.ts'
import { GRID_ROWS, grid } from '../../support/faults/grid.ts'
import { Orders } from '../../support/faults/order.ts'
import { ask, type Served } from '../../support/graphql.ts'
import { descendants, type Launched, launch } from '../../support/launched.ts'
import { EventSource } from './event-source.ts'
import { RawSocket } from './raw-socket.ts'

const LIMIT_S = 8
/** Beyond every limit, and what a client that does not read has after its own: 5 s. */
const SUSPENDED_MS = 14_000

const orders = new Orders()
let launched: Launched
let server: Served
beforeAll(async () => {
  const config = { workers: 1, threads: 1, deadlineSeconds: LIMIT_S, stallSeconds: LIMIT_S, queueSeconds: LIMIT_S }
  const environment = { ORDERS: orders.file, CONFIG: JSON.stringify(config) }
  launched = launch(process.execPath, ['test/support/faulty-server.ts', await grid()], { cwd: ROOT, environment })
  server = { url: (await launched.line(/^ready (.*)$/))[1]! }
})
afterAll(async () => {
  orders.end()
  process.kill(launched.pid, 'SIGTERM')
  await launched.ended
})

const LAYER = `grid-${GRID_ROWS}`
/** A result of about 12 MB, which is more than the kernel's buffers hold. */
const ROWS = 40_000
const STREAM = `subscription { featureBatches(layer: "${LAYER}", limit: ${ROWS}) { count geojson } }`

interface Counted {
  readonly count: number
}

const page = (first: number) => ask<{ features: Counted }>(server, `{ features(layer: "${LAYER}", first: ${first}) { count } }`)
const counted = (count: number) => ({ data: { features: { count } } })
const parked = async () => {
  const { data } = await ask<{ health: { streams: { parked: number } } }>(server, '{ health { streams { parked } } }')
  return data!.health.streams.parked
}
const total = (batches: readonly (Counted | undefined)[]) => batches.reduce((sum, batch) => sum + (batch?.count ?? 0), 0)

async function suspend(pids: readonly number[], meanwhile: () => void): Promise<void> {
  for (const pid of pids) process.kill(pid, 'SIGSTOP')
  await delay(SUSPENDED_MS / 2)
  meanwhile()
  await delay(SUSPENDED_MS / 2)
  for (const pid of pids) process.kill(pid, 'SIGCONT')
}

describe.each([
  ['alone', () => [launched.pid]],
  ['with its workers', () => [launched.pid, ...descendants(launched.pid)]],
] as const)('a server that is suspended %s', (_, pids) => {
  it('ends no page, no stream, no waiting operation and no connection by its clocks', async () => {
    const socketUrl = `${server.url.replace('http', 'ws')}/graphql`
    // Two clients that do not read, one on each wire.
    const socket = await RawSocket.open(socketUrl)
    socket.subscribe('a', STREAM)
    await socket.until(({ type }) => type === 'next')
    socket.ws.pause()
    const events = await EventSource.open(server, STREAM)
    await expect.poll(parked).toBe(2)
    // A page at work, and one that waits for the only worker.
    orders.give({ fault: 'HOLD', at: 1, of: '11' })
    const working = page(10)
    await expect.poll(() => orders.held().length, { interval: 5 }).toBe(1)
    const waiting = page(20)
    const silent = new WebSocket(socketUrl, 'graphql-transport-ws')
    await once(silent, 'open')
    // Data that is sent while the server is suspended: the first message on a socket, and a request on a kept connection.
    let late: ReturnType<typeof page> | undefined
    await suspend(pids(), () => {
      silent.send(JSON.stringify({ type: 'connection_init' }))
      late = page(1)
    })
    orders.end()
    // Both read on at once: from here on the clocks run.
    socket.ws.resume()
    const reading = events.all()

    expect(await working).toEqual(counted(10))
    expect(await waiting).toEqual(counted(20))
    expect(await late).toEqual(counted(1))
    const messages = await socket.ended('a')
    expect(messages.at(-1)!.type).toBe('complete')
    type Payload = { data: { featureBatches: Counted } } | undefined
    expect(total(messages.map(({ payload }) => (payload as Payload)?.data.featureBatches))).toBe(ROWS)
    const all = await reading
    expect(all.at(-1)!.event).toBe('complete')
    expect(all.flatMap(({ data }) => data?.errors ?? [])).toEqual([])
    expect(total(all.map(({ data }) => data?.data?.['featureBatches'] as Counted | undefined))).toBe(ROWS)
    expect(silent.readyState).toBe(WebSocket.OPEN)
    silent.close()
    socket.close()
  })
})
