/** The network between a client and a server, which a test can break. */
import { once } from 'node:events'
import { type AddressInfo, createServer, connect as dial, type Server, type Socket } from 'node:net'
import { pipeline } from 'node:stream'
import type { Served } from './graphql.ts'

export class Link {
  /** The GraphQL endpoint through it. */
  readonly url: string
  /** The server that new connections reach. */
  server: Served
  /** Connections that were made so far. */
  connections = 0
  /** Bytes received from the server. */
  bytes = 0
  /** Ascending numbers of bytes, at each of which every connection breaks. */
  cutAt: readonly number[] = []
  readonly #listener: Server
  readonly #sockets = new Set<Socket>()

  private constructor(listener: Server, server: Served) {
    this.#listener = listener
    this.server = server
    this.url = `http://127.0.0.1:${(listener.address() as AddressInfo).port}/graphql`
  }

  static async to(server: Served): Promise<Link> {
    const listener = createServer({ pauseOnConnect: true })
    listener.listen(0, '127.0.0.1')
    await once(listener, 'listening')
    const link = new Link(listener, server)
    listener.on('connection', (socket) => link.#join(socket, dial(Number(new URL(link.server.url).port), '127.0.0.1')))
    return link
  }

  /** Every connection breaks, without a farewell. */
  cut(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy()
  }

  /** Nothing more comes from the server, and it is not read any more. */
  async hold(ms: number): Promise<void> {
    for (const socket of this.#sockets) socket.pause()
    await new Promise((resolve) => setTimeout(resolve, ms))
    for (const socket of this.#sockets) socket.resume()
  }

  async close(): Promise<void> {
    this.#listener.close()
    this.cut()
    await once(this.#listener, 'close')
  }

  #join(client: Socket, server: Socket): void {
    this.connections++
    for (const socket of [client, server]) {
      this.#sockets.add(socket)
      socket.once('close', () => this.#sockets.delete(socket))
    }
    server.on('data', (chunk: Buffer) => {
      this.bytes += chunk.length
      const due = this.cutAt.filter((bytes) => this.bytes >= bytes)
      if (due.length === 0) return
      this.cutAt = this.cutAt.slice(due.length)
      this.cut()
    })
    // Its errors are what a test makes of it: each side sees the other's end.
    pipeline(client, server, client, () => {})
  }
}
