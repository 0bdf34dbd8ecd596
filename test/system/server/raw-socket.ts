/** A WebSocket without a client library: what the protocol's rules are tested with. */
import { once } from 'node:events'
import { WebSocket } from 'ws'

export interface Message {
  readonly type: string
  readonly id?: string
  readonly payload?: unknown
}

export class RawSocket {
  readonly ws: WebSocket
  readonly messages: Message[] = []
  /** Resolves to code and reason. */
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>
  #wake = Promise.withResolvers<void>()

  constructor(
    url: string,
    protocol = 'graphql-transport-ws',
    options: {
      readonly origin?: string
      readonly autoPong?: boolean
      readonly maxPayload?: number
      readonly headers?: Readonly<Record<string, string>>
    } = {},
  ) {
    this.ws = new WebSocket(url, protocol, options)
    this.ws.on('message', (data: Buffer, isBinary) => {
      if (isBinary) throw new Error('A binary frame')
      this.messages.push(JSON.parse(data.toString()) as Message)
      this.#wake.resolve()
      this.#wake = Promise.withResolvers()
    })
    const { promise, resolve } = Promise.withResolvers<{ readonly code: number; readonly reason: string }>()
    this.closed = promise
    this.ws.once('close', (code, reason) => {
      resolve({ code, reason: reason.toString() })
      this.#wake.resolve()
    })
  }

  static async open(url: string, options = {}): Promise<RawSocket> {
    const socket = new RawSocket(url, undefined, options)
    await once(socket.ws, 'open')
    socket.send({ type: 'connection_init' })
    await socket.until(({ type }) => type === 'connection_ack')
    return socket
  }

  send(message: object): void {
    this.ws.send(JSON.stringify(message))
  }

  subscribe(id: string, query: string, variables?: object): void {
    this.send({ id, type: 'subscribe', payload: { query, variables } })
  }

  complete(id: string): void {
    this.send({ id, type: 'complete' })
  }

  /** The first message that matches, of all received and future ones. */
  async until(fits: (message: Message) => boolean): Promise<Message> {
    for (;;) {
      const message = this.messages.find(fits)
      if (message) return message
      if (this.ws.readyState >= WebSocket.CLOSING) throw new Error('The socket closed before that message came')
      await this.#wake.promise
    }
  }

  /** Waits for the answer to a ping, which the server sends after all that it has sent before. */
  async pong(): Promise<void> {
    const had = new Set(this.messages)
    this.send({ type: 'ping' })
    await this.until((message) => message.type === 'pong' && !had.has(message))
  }

  /** The messages of an operation, after its end. */
  async ended(id: string): Promise<readonly Message[]> {
    await this.until((message) => message.id === id && (message.type === 'complete' || message.type === 'error'))
    return this.of(id)
  }

  of(id: string): readonly Message[] {
    return this.messages.filter((message) => message.id === id)
  }

  close(): void {
    this.ws.terminate()
  }
}
