import { type Client, type ClientOptions, createClient } from 'graphql-ws/client'

/** Milliseconds of silence before a ping, and from a ping to the end of a socket that does not answer it. */
const PING_MS = 10_000
const PONG_MS = 20_000

/** Milliseconds that a socket without operations stays open. */
const IDLE_MS = 10_000

const NO_ANSWER = 4408

/**
 * Returns a graphql-ws client that notices a dead connection and does not restart operations: its own retries would deliver from the
 * first feature again. Several streams can share it. `streamFeatures` resumes after a loss.
 *
 * @param url the GraphQL endpoint: http, https, ws or wss; on a web page also relative to it
 * @param options graphql-ws's own, such as `connectionParams`
 */
export function connect(url: string | URL, options: Partial<Omit<ClientOptions, 'url'>> = {}): Client {
  const client = createClient({
    retryAttempts: 0,
    lazyCloseTimeout: IDLE_MS,
    keepAlive: PING_MS,
    ...options,
    url: socketUrl(url),
  })
  endDeadSockets(client)
  return client
}

function socketUrl(url: string | URL): string {
  const absolute = new URL(url, globalThis.location?.href)
  absolute.protocol = absolute.protocol.replace('http', 'ws')
  return absolute.href
}

function endDeadSockets(client: Client): void {
  let timer: ReturnType<typeof setTimeout> | undefined
  let socket: { close(code: number, reason: string): void } | undefined
  client.on('opened', (opened) => {
    socket = opened as typeof socket
  })
  client.on('ping', (received) => {
    if (!received) timer = setTimeout(() => socket?.close(NO_ANSWER, 'No answer to a ping'), PONG_MS)
  })
  client.on('pong', () => clearTimeout(timer))
  client.on('closed', () => clearTimeout(timer))
}
