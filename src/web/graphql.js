// @ts-check
/** Sends all requests to the server: queries by POST, subscriptions over one WebSocket. */
/** @import { GeoduckClientError } from 'geoduck/client' */
import { clientError, connect } from 'geoduck/client'
import { askForToken, authorization } from './token.js'

/** Relative to the page, so that a proxy may serve both under a prefix. */
const endpoint = new URL('../graphql', import.meta.url)

/** The close code of a socket that was opened without the token. */
const FORBIDDEN = 4403

export const client = connect(endpoint, { connectionParams: authorization })
client.on('closed', (event) => {
  if (/** @type {CloseEvent} */ (event).code === FORBIDDEN) askForToken()
})

/**
 * @param {string} query
 * @param {Record<string, unknown>} [variables]
 * @returns {Promise<any>} the answer's data
 * @throws {GeoduckClientError}
 */
export async function ask(query, variables = {}) {
  /** @type {{ data?: unknown, errors?: unknown[] }} */
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
    throw clientError(cause)
  }
  if (answer.errors) {
    const error = clientError(answer.errors)
    if (error.code === 'UNAUTHENTICATED') askForToken()
    throw error
  }
  return answer.data
}

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
 * @param {{ next: (data: Data) => void, error: (reason: GeoduckClientError) => void, complete: () => void }} sink
 *   nothing is called after it was cancelled
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
        end(() => sink.error(clientError(errors)))
        stop()
      },
      error: (reason) => end(() => sink.error(clientError(reason))),
      complete: () => end(sink.complete),
    },
  )
  return () => end(stop)
}
