// @ts-check
/** The one way to the server: queries by POST, subscriptions over one WebSocket. */
import { createClient } from './graphql-ws/client.js'
import { askForToken, authorization } from './token.js'

/** Beside the page, so that a proxy may serve both under a prefix. */
const endpoint = new URL('../graphql', import.meta.url)
const socketUrl = new URL(endpoint)
socketUrl.protocol = endpoint.protocol === 'https:' ? 'wss:' : 'ws:'

/** The close code of a socket that was opened without the token. */
const FORBIDDEN = 4403

/** A socket that answers no ping for this long is gone, whatever the network says. */
const PONG_MS = 20_000

/** What went wrong, for people: `code` is the server's, or OFFLINE when no answer came. */
export class RequestError extends Error {
  /** @param {string} code @param {string} message @param {{ retry?: boolean, retryAfter?: number }} [details] */
  constructor(code, message, details = {}) {
    super(message)
    this.code = code
    /** Whether asking again as it stands may help. */
    this.retry = details.retry ?? false
    /** Seconds. */
    this.retryAfter = details.retryAfter ?? null
  }
}

/** @typedef {{ message: string, extensions?: { code?: string, retry?: boolean, retryAfter?: number } | undefined }} WireError */

/**
 * GraphQL errors, a CloseEvent, or whatever the network threw.
 * @param {unknown} reason
 * @returns {RequestError}
 */
export function requestError(reason) {
  if (reason instanceof RequestError) return reason
  if (Array.isArray(reason)) {
    const [first] = /** @type {WireError[]} */ (reason)
    const extensions = first?.extensions ?? {}
    if (extensions.code === 'UNAUTHENTICATED') askForToken()
    return new RequestError(extensions.code ?? 'BAD_INPUT', first?.message ?? 'The server refused the request.', extensions)
  }
  return new RequestError('OFFLINE', 'The connection to the server is lost.')
}

/**
 * @param {string} query
 * @param {Record<string, unknown>} [variables]
 * @returns {Promise<any>} the answer's data
 * @throws {RequestError}
 */
export async function ask(query, variables = {}) {
  /** @type {{ data?: unknown, errors?: WireError[] }} */
  let answer
  try {
    const headers = {
      'content-type': 'application/json',
      accept: 'application/graphql-response+json, application/json',
      ...authorization(),
    }
    const response = await fetch(endpoint, { method: 'POST', headers, body: JSON.stringify({ query, variables }) })
    answer = await response.json()
  } catch (cause) {
    throw requestError(cause)
  }
  if (answer.errors) throw requestError(answer.errors)
  return answer.data
}

/** @type {ReturnType<typeof setTimeout> | undefined} */
let pongTimer
/** @type {WebSocket | undefined} */
let socket

/** Lost operations are taken up again by whoever asked, behind the last batch: the client's own retry would start them over. */
const client = createClient({
  url: socketUrl.href,
  connectionParams: authorization,
  retryAttempts: 0,
  lazyCloseTimeout: 10_000,
  keepAlive: 10_000,
})
client.on('opened', (opened) => {
  socket = /** @type {WebSocket} */ (opened)
})
client.on('ping', (received) => {
  if (!received) pongTimer = setTimeout(() => socket?.close(4408, 'No answer to a ping'), PONG_MS)
})
client.on('pong', () => clearTimeout(pongTimer))
client.on('closed', (event) => {
  clearTimeout(pongTimer)
  if (/** @type {CloseEvent} */ (event).code === FORBIDDEN) askForToken()
})

/** @param {(state: 'connected' | 'connecting' | 'closed') => void} listener */
export function onConnection(listener) {
  client.on('connecting', () => listener('connecting'))
  client.on('connected', () => listener('connected'))
  client.on('closed', () => listener('closed'))
}

/**
 * @template Data
 * @param {string} query
 * @param {Record<string, unknown>} variables
 * @param {{ next: (data: Data) => void, error: (reason: RequestError) => void, complete: () => void }} sink
 *   nothing is called any more once it has been cancelled
 * @returns {() => void} cancels
 */
export function subscribe(query, variables, sink) {
  let over = false
  const end = (/** @type {() => void} */ tell) => {
    if (over) return
    over = true
    tell()
  }
  const stop = client.subscribe(
    { query, variables },
    {
      next: ({ data, errors }) => {
        if (over) return
        if (!errors) return sink.next(/** @type {Data} */ (data))
        end(() => sink.error(requestError(errors)))
        stop()
      },
      error: (reason) => end(() => sink.error(requestError(reason))),
      complete: () => end(sink.complete),
    },
  )
  return () => end(stop)
}
