/** Messages in pieces on a real socket, read by the client of another hand. */
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { writeTextFrame } from '../../../src/delivery/deliver.ts'

let server: WebSocketServer
/** The server's end of a connection, and the other end. */
let socket: Socket
let serving: WebSocket
let client: WebSocket
let received = 0

beforeAll(async () => {
  server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false })
  await once(server, 'listening')
  const connected = once(server, 'connection')
  const { port } = server.address() as { port: number }
  client = new WebSocket(`ws://127.0.0.1:${port}`, { perMessageDeflate: false })
  const upgraded = once(client, 'upgrade')
  const open = once(client, 'open')
  const [opened, request] = await connected
  const [response] = (await upgraded) as [IncomingMessage]
  await open
  response.socket.on('data', (bytes) => (received += bytes.length))
  serving = opened
  socket = request.socket
})
afterAll(() => {
  client.terminate()
  server.close()
})

const written = (pieces: readonly (Uint8Array | string)[]) =>
  new Promise<void>((resolve) => writeTextFrame(socket, pieces, resolve))

/** The header of an unmasked frame with this number of bytes: RFC 6455, 5.2. */
const headerBytes = (length: number) => (length <= 125 ? 2 : length <= 65_535 ? 4 : 10)

test.each([7, 8, 125, 126, 127, 65_535, 65_536, 65_537, 3_000_000])('%i bytes arrive as one frame', async (bytes) => {
  const length = bytes - 7
  const pieces = ['{"é":', Buffer.alloc(length, 'x'), '', '}']
  received = 0
  const arrived = once(client, 'message')
  await written(pieces)
  const [data, isBinary] = (await arrived) as [Buffer, boolean]
  expect(isBinary).toBe(false)
  expect(data.toString()).toBe(`{"é":${'x'.repeat(length)}}`)
  expect(received).toBe(headerBytes(bytes) + bytes)
})

test('none of the frames that the library sends comes in between', async () => {
  const messages: string[] = []
  let pings = 0
  client.on('message', (data) => messages.push(data.toString()))
  client.on('ping', () => pings++)
  const large = Buffer.alloc(1_000_000, 'y')
  const all = Array.from({ length: 50 }, (_, n) => {
    const whole = written([`${n}:`, large, '.'])
    serving.ping()
    serving.send(`small ${n}`)
    return whole
  })
  await Promise.all(all)
  while (messages.length < 100 || pings < 50) await once(client, messages.length < 100 ? 'message' : 'ping')
  expect(messages).toEqual(Array.from({ length: 50 }, (_, n) => [`${n}:${large}.`, `small ${n}`]).flat())
})

test('a socket that is gone keeps nobody waiting', async () => {
  socket.destroy()
  await written(['a', Buffer.from('b'), 'c'])
})
