/** Serves GraphQL over WebSocket: accepts connections and ends them. */
import type { IncomingMessage, Server } from 'node:http'
import type { Socket } from 'node:net'
import { CloseCode, GRAPHQL_TRANSPORT_WS_PROTOCOL } from 'graphql-ws'
import { type ServerOptions, type WebSocket, WebSocketServer } from 'ws'
import type { Log } from '../config/logging.ts'
import { AwakeTimer, awakeNow, justWoke } from '../engines/awake.ts'
import { type ClientAddress, callerOf, type Hosts, MISDIRECTED_BODY, type Origins, readTarget } from './access.ts'
import type { ClientMemory } from './client-memory.ts'
import { ClientSocket } from './client-socket.ts'
import { refuse } from './connections.ts'
import { mostJsonParts } from './http-operation.ts'
import { INIT_TIMEOUT_MS, type RequestLimits } from './limits.ts'
import { type Operations, traceHeaders, traceOf } from './operations.ts'
import type { SocketProtocol } from './socket-protocol.ts'

const GOING_AWAY = 1001
/** The reason for clients of another subprotocol, such as subscriptions-transport-ws. A reason has at most 123 bytes. */
const OTHER_PROTOCOL =
  'Use the subprotocol graphql-transport-ws (package graphql-ws); subscriptions-transport-ws is not supported'
/** Milliseconds that a client has to answer the closing handshake before it is cut off. */
const CLOSE_MS = 1_000

export interface WebSocketOptions {
  readonly protocol: SocketProtocol
  readonly operations: Operations
  readonly origins: Origins
  readonly hosts: Hosts
  readonly basePath: string
  readonly memory: ClientMemory
  /** The name of this server. */
  readonly server: string
  readonly limits: Pick<RequestLimits, 'maxMessageBytes' | 'maxSocketOperations' | 'maxVertices'>
  readonly addressOf: ClientAddress
  readonly log: Log
}

export class WebSockets {
  readonly #options: WebSocketOptions
  readonly #server: WebSocketServer

  constructor(http: Server, options: WebSocketOptions) {
    this.#options = options
    const settings: ServerOptions & { readonly closeTimeout: number } = {
      noServer: true,
      maxPayload: options.limits.maxMessageBytes,
      // It costs 2.5 ms per 1,000 features (docs/speed.md), and ws does not write a batch's frame (text-frame.ts does).
      perMessageDeflate: false,
      // ClientSocket answers pings, because it counts the waiting bytes.
      autoPong: false,
      // One message per turn of the event loop: hundreds that arrive at once would make all other clients wait.
      allowSynchronousEvents: false,
      closeTimeout: CLOSE_MS,
      // Others are accepted too: without a subprotocol a browser would not show the code and reason with which they are closed.
      handleProtocols: (offered) =>
        offered.has(GRAPHQL_TRANSPORT_WS_PROTOCOL) ? GRAPHQL_TRANSPORT_WS_PROTOCOL : [...offered][0]!,
    }
    this.#server = new WebSocketServer(settings)
    this.#server.on('headers', (lines: string[], request: IncomingMessage) => {
      for (const [name, value] of [['x-geoduck-server', options.server] as const, ...traceHeaders(request)])
        lines.push(`${name}: ${value}`)
    })
    http.on('upgrade', (request, socket: Socket, head) => this.#upgrade(request, socket, head))
  }

  /** The number of open WebSockets. */
  get count(): number {
    return this.#server.clients.size
  }

  /** Accepts no further WebSockets and ends the open ones with 1001. */
  async close(): Promise<void> {
    this.#server.close()
    const open = [...this.#server.clients]
    await Promise.all(open.map(closed))
  }

  #upgrade(request: IncomingMessage, socket: Socket, head: Buffer): void {
    socket.on('error', () => socket.destroy())
    readTarget(request, this.#options.basePath)
    const refused = this.#refusal(request)
    if (refused) refuse(socket, ...refused, traceHeaders(request))
    else this.#server.handleUpgrade(request, socket, head, (ws) => this.#open(ws, request))
  }

  #refusal(request: IncomingMessage): [status: string, json: string] | null {
    const { hosts, origins, basePath } = this.#options
    if (!hosts.allows(request.headers.host)) return ['421 Misdirected Request', JSON.stringify(MISDIRECTED_BODY)]
    if (request.url?.split('?', 1)[0] !== '/graphql')
      return ['404 Not Found', JSON.stringify({ error: `WebSockets are at ${basePath}/graphql.` })]
    if (!origins.allow(request)) return ['403 Forbidden', '{"error":"Pages of this origin may not connect; see --origins."}']
    return null
  }

  #open(ws: WebSocket, request: IncomingMessage): void {
    const { protocol, operations, memory, limits, addressOf, log } = this.#options
    // ws closes such a socket itself, with a code for the client.
    ws.on('error', (error) => log.debug({ err: error }, 'A WebSocket failed'))
    if (ws.protocol !== GRAPHQL_TRANSPORT_WS_PROTOCOL) {
      ws.close(CloseCode.SubprotocolNotAcceptable, OTHER_PROTOCOL)
      return
    }
    keepAlive(ws, request.socket)
    const asker = callerOf(addressOf(request), request.socket.remotePort)
    const client = new ClientSocket(ws, request.socket, {
      authorization: request.headers.authorization,
      asker,
      trace: traceOf(request),
      operations,
      memory,
      most: limits.maxSocketOperations,
      mostJsonParts: mostJsonParts(limits),
      log,
    })
    const left = protocol.opened(client, client)
    const silent = new AwakeTimer(INIT_TIMEOUT_MS, () => {
      if (!client.acknowledged) ws.close(CloseCode.ConnectionInitialisationTimeout, 'Connection initialisation timeout')
    })
    ws.once('close', (code, reason) => {
      silent.clear()
      left(code, reason.toString()).catch((error: unknown) => log.error({ err: error }, 'A defect'))
    })
  }
}

/** Waits until the socket is closed. A client that does not answer the closing handshake is cut off after a second. */
async function closed(ws: WebSocket): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(() => ws.terminate(), CLOSE_MS)
  ws.once('close', resolve)
  if (ws.readyState === ws.CLOSED) resolve()
  ws.close(GOING_AWAY, 'The server is stopping')
  await promise
  clearTimeout(timer)
}

/** Milliseconds between pings, and for an answer after all data that was sent before the ping. */
const PING_MS = 12_000

/** The slowest reading speed. A ping waits after all data that was sent before it, and a slower client counts as gone. */
const SLOWEST_BYTES_PER_MS = 16

/**
 * Ends a socket whose client does not answer pings any more. The kernels' buffers hold about 5 MB, so a slow reader may not see
 * a ping for minutes. Its time to answer grows with the bytes sent before the ping.
 */
export function keepAlive(ws: WebSocket, socket: Socket, pingMs = PING_MS): void {
  let answeredAt = socket.bytesWritten
  let deadline: number | null = null
  ws.on('pong', () => {
    answeredAt = socket.bytesWritten
    deadline = null
  })
  const timer = setInterval(() => {
    if (deadline === null) {
      deadline = awakeNow() + pingMs + (socket.bytesWritten - answeredAt) / SLOWEST_BYTES_PER_MS
      ws.ping()
    } else if (awakeNow() >= deadline && !justWoke()) ws.terminate()
  }, pingMs)
  ws.once('close', () => clearInterval(timer))
}
