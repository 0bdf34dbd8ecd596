/**
 * Each abuse is a separate client: it starts, and continues until its process ends. What it sends does not depend on the answers, except for
 * a loop that waits for its answers; such a loop has a longest rate, so that a server that answers at once is not sent more.
 */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { WebSocket } from 'ws'
import { SQUARES, WIDE } from './data.ts'

/** The polite client's is 127.0.0.1. */
const localAddress = '127.0.0.2'

export interface Target {
  readonly host: string
  readonly port: number
}

/** Resolves when the attack is under way. */
type Abuse = (target: Target) => Promise<unknown>

const HEAVY = `query ($from: JSON!) {
  features(layer: "${SQUARES}", first: 1000, orderBy: [{ property: "name" }], where: { property: { name: "id", gte: $from } }) { count geojson }
}`
const UNREAD = `subscription { featureBatches(layer: "${SQUARES}", batchSize: 1024) { geojson arrow } }`
const HEALTH = `subscription { health(everyMs: 250) {
  ready queued rssBytes eventLoopDelayMs uptimeSeconds workers { lane state deaths pid } streams { running waiting parked }
} }`
const NEAR = `query ($where: FeatureFilter!) { features(layer: "${SQUARES}", first: 1, where: $where) { count } }`
const BOX = `query ($bbox: BBox!) { features(layer: "${SQUARES}", first: 10, where: { bbox: $bbox }) { count geojson } }`
const PAGE = `{ features(layer: "${WIDE}", first: 10000) { geojson } }`

export const ABUSES: Readonly<Record<string, Abuse>> = {
  '5 sockets x 256 heavy queries': (target) =>
    sockets(5, target, (socket) =>
      each(256, async (n) => {
        for (let round = 0; ; round++) {
          subscribe(socket, `${n}-${round}`, HEAVY, { from: String(n) })
          await Promise.all([answered(socket, `${n}-${round}`), sleep(1_000)])
        }
      }),
    ),
  '20 connections x 2,000 pipelined POSTs': (target) =>
    each(20, async (n) => {
      const requests = Array.from({ length: 2_000 }, (_, m) => post(BOX, { bbox: [m % 170, n, (m % 170) + 1, n + 1] })).join('')
      for (;;) {
        const socket = await connection(target)
        socket.resume().write(requests)
        await Promise.all([once(socket, 'close'), sleep(1_000)])
      }
    }),
  '8 sockets x 256 unread subscriptions': (target) =>
    sockets(8, target, (socket) => {
      socket.pause()
      for (let n = 0; n < 256; n++) subscribe(socket, String(n), UNREAD)
    }),
  '2,560 health(everyMs: 250)': (target) =>
    sockets(10, target, (socket) => {
      for (let n = 0; n < 256; n++) subscribe(socket, String(n), HEALTH)
    }),
  'pings of 1 MB': (target) =>
    sockets(4, target, (socket) => {
      socket.pause()
      void flood(socket, JSON.stringify({ type: 'ping', payload: { text: 'x'.repeat(1e6) } }))
    }),
  'ids of 1 MB': (target) =>
    sockets(4, target, (socket) => {
      for (let n = 0; n < 256; n++) subscribe(socket, String(n), 'subscription { health(everyMs: 60000) { ready } }')
      socket.pause()
      void flood(socket, JSON.stringify({ id: 'x'.repeat(1e6), type: 'subscribe', payload: { query: '{ __typename }' } }))
    }),
  '24 unread pages of 27 MB': (target) =>
    each(24, async () => {
      const socket = await connection(target)
      socket.pause().write(post(PAGE))
    }),
  '98 dWithin in a loop': (target) =>
    each(4, async () => {
      const socket = await connection(target)
      const request = post(NEAR, { where: { or: Array.from({ length: 98 }, (_, n) => within(n)) } })
      for (;;) {
        socket.write(request)
        await Promise.all([once(socket, 'data'), sleep(100)])
      }
    }),
}

/** Lines in 64 places, each too far from the others to share a projection with one. */
function within(n: number): object {
  const lines = Array.from({ length: 64 }, (_, m) => {
    const [x, y] = [(m % 16) * 20 - 170 + n / 100, Math.floor(m / 16) * 20 - 40]
    return [
      [x, y],
      [x + 0.1, y + 0.1],
    ]
  })
  return { dWithin: { geometry: { geojson: { type: 'MultiLineString', coordinates: lines } }, distance: 1000 } }
}

/** Abuses that run by themselves are not awaited. A broken connection starts again after a while. */
function each(count: number, go: (n: number) => unknown): Promise<unknown> {
  const keepOn = async (n: number) => {
    for (;;) {
      try {
        return await go(n)
      } catch {
        await sleep(500)
      }
    }
  }
  for (let n = 0; n < count; n++) void keepOn(n)
  return sleep(300)
}

function sockets(count: number, { host, port }: Target, use: (socket: WebSocket) => unknown): Promise<unknown> {
  return each(count, async () => {
    const socket = new WebSocket(`ws://${host}:${port}/graphql`, 'graphql-transport-ws', { localAddress })
    await once(socket, 'open')
    socket.on('error', () => {})
    socket.send('{"type":"connection_init"}')
    await once(socket, 'message')
    void use(socket)
    await once(socket, 'close')
    throw new Error('closed')
  })
}

function subscribe(socket: WebSocket, id: string, query: string, variables?: object): void {
  socket.send(JSON.stringify({ id, type: 'subscribe', payload: { query, variables } }))
}

/** Resolves at the first message of the operation. */
function answered(socket: WebSocket, id: string): Promise<void> {
  return new Promise((resolve) => {
    const look = (data: Buffer) => {
      if (!data.subarray(0, 64).includes(`"id":"${id}"`)) return
      socket.off('message', look)
      resolve()
    }
    socket.setMaxListeners(0).on('message', look)
  })
}

/** 25 per second, or as fast as the server accepts them. */
async function flood(socket: WebSocket, message: string): Promise<void> {
  while (socket.readyState === WebSocket.OPEN) {
    await Promise.all([new Promise<void>((sent) => socket.send(message, () => sent())), sleep(40)])
  }
}

async function connection(target: Target): Promise<Socket> {
  const socket = connect({ ...target, localAddress })
  await once(socket, 'connect')
  return socket.on('error', () => {})
}

function post(query: string, variables: object = {}): string {
  const body = JSON.stringify({ query, variables })
  return `POST /graphql HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
}
