/** GraphQL over WebSocket: which connections are taken, and how they end. */
import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'
import { GRAPHQL_TRANSPORT_WS_PROTOCOL } from 'graphql-ws'
import { type WebSocket, WebSocketServer } from 'ws'
import { askerOf } from './asker.ts'
import type { ClientAddress } from './client-address.ts'
import { ClientSocket } from './client-socket.ts'
import { keepAlive } from './keep-alive.ts'
import type { RequestLimits } from './limits.ts'
import type { Log } from './logging.ts'
import type { Operations } from './operations.ts'
import { originAllowed } from './origins.ts'
import { mostJsonParts } from './parse-json.ts'
import type { SocketProtocol } from './socket-protocol.ts'

const GOING_AWAY = 1001

export interface WebSocketOptions {
  readonly protocol: SocketProtocol
  readonly operations: Operations
  readonly origins: readonly string[]
  readonly limits: Pick<RequestLimits, 'maxFrameBytes' | 'maxSocketOperations' | 'maxVertices'>
  readonly addressOf: ClientAddress
  readonly log: Log
}

export class WebSockets {
  readonly #options: WebSocketOptions
  readonly #server: WebSocketServer

  constructor(http: Server, options: WebSocketOptions) {
    this.#options = options
    this.#server = new WebSocketServer({
      noServer: true,
      maxPayload: options.limits.maxFrameBytes,
      // It costs 2.5 ms a 1,000 features (docs/speed.md), and a batch's frame is written past ws (text-frame.ts).
      perMessageDeflate: false,
      handleProtocols: (offered) => (offered.has(GRAPHQL_TRANSPORT_WS_PROTOCOL) ? GRAPHQL_TRANSPORT_WS_PROTOCOL : false),
    })
    http.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head))
  }

  /** That are open. */
  get count(): number {
    return this.#server.clients.size
  }

  /** No further ones are taken; those that are open end with 1001. */
  async close(): Promise<void> {
    this.#server.close()
    const open = [...this.#server.clients]
    await Promise.all(open.map(closed))
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => socket.destroy())
    const { origin, host } = request.headers
    if (request.url?.split('?', 1)[0] !== '/graphql') deny(socket, '404 Not Found')
    else if (!originAllowed(origin, host, this.#options.origins)) deny(socket, '403 Forbidden')
    else this.#server.handleUpgrade(request, socket, head, (ws) => this.#open(ws, request))
  }

  #open(ws: WebSocket, request: IncomingMessage): void {
    const { protocol, operations, limits, addressOf, log } = this.#options
    // ws closes such a socket itself; the code tells the client why.
    ws.on('error', (error) => log.debug({ err: error }, 'A WebSocket failed'))
    keepAlive(ws, request.socket)
    const asker = askerOf(addressOf(request), request.socket.remotePort)
    const client = new ClientSocket(ws, request.socket, { asker, operations, most: limits.maxSocketOperations, mostJsonParts: mostJsonParts(limits), log })
    const left = protocol.opened(client, client)
    ws.once('close', (code, reason) => {
      left(code, reason.toString()).catch((error: unknown) => log.error({ err: error }, 'A defect'))
    })
  }
}

/** A client that does not answer the closing handshake is cut off after a second. */
async function closed(ws: WebSocket): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(() => ws.terminate(), 1_000)
  ws.once('close', resolve)
  if (ws.readyState === ws.CLOSED) resolve()
  ws.close(GOING_AWAY, 'The server is stopping')
  await promise
  clearTimeout(timer)
}

function deny(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
}
