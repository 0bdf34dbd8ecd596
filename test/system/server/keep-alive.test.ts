import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { keepAlive } from '../../../src/server/websocket.ts'

const PING_MS = 50

const http = createServer()
const server = new WebSocketServer({ server: http })
server.on('connection', (ws, request) => keepAlive(ws, request.socket, PING_MS))

beforeAll(async () => {
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
})
afterAll(() => {
  for (const ws of server.clients) ws.terminate()
  http.close()
})

async function connect(autoPong: boolean): Promise<WebSocket> {
  const ws = new WebSocket(`ws://127.0.0.1:${(http.address() as AddressInfo).port}`, { autoPong })
  await once(ws, 'open')
  return ws
}

it('a client that answers no ping is cut off', async () => {
  const ws = await connect(false)
  const startedAt = performance.now()
  const [code] = await once(ws, 'close')
  expect(code).toBe(1006)
  expect(performance.now() - startedAt).toBeGreaterThan(1.5 * PING_MS)
})

it('a client that answers pings stays', async () => {
  const ws = await connect(true)
  await new Promise((resolve) => setTimeout(resolve, 8 * PING_MS))
  expect(ws.readyState).toBe(WebSocket.OPEN)
  ws.terminate()
})

it('a client that reads slowly is given the time for what was sent before the ping', async () => {
  const ws = await connect(true)
  ws.pause()
  const [accepted] = [...server.clients].slice(-1)
  // 16 bytes per millisecond: 16 KB are worth a second.
  accepted!.send(Buffer.alloc(16_384))
  await new Promise((resolve) => setTimeout(resolve, 8 * PING_MS))
  expect(accepted!.readyState).toBe(WebSocket.OPEN)
  ws.resume()
  await new Promise((resolve) => setTimeout(resolve, 4 * PING_MS))
  expect(accepted!.readyState).toBe(WebSocket.OPEN)
  ws.terminate()
})
