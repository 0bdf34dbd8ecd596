/** Clients of the soak: GraphQL by POST, and subscriptions over a separate WebSocket. */
import WebSocket from 'ws'

interface GraphQLError {
  readonly message: string
  readonly extensions: { readonly code?: string; readonly cursor?: string; readonly retryAfter?: number }
}

export class Refused extends Error {
  readonly code: string
  readonly cursor: string | null

  constructor({ message, extensions }: GraphQLError) {
    super(`${extensions.code}: ${message}`)
    this.code = extensions.code ?? 'NONE'
    this.cursor = extensions.cursor ?? null
    if (this.code === 'OVERLOADED' && !(extensions.retryAfter && extensions.retryAfter > 0))
      throw new Error('OVERLOADED without retryAfter')
  }
}

export async function query<Data>(url: string, document: string, variables: object = {}): Promise<Data> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query: document, variables }),
  })
  const { data, errors } = (await response.json()) as { data?: Data; errors?: GraphQLError[] }
  if (errors?.[0]) throw new Refused(errors[0])
  return data as Data
}

export interface Batch {
  readonly cursor: string
  readonly features: readonly { readonly key: string }[]
}

const STREAM = `subscription ($layer: String!, $where: FeatureFilter, $orderBy: [FeatureOrder!], $after: Cursor, $batchSize: Int) {
  featureBatches(layer: $layer, where: $where, orderBy: $orderBy, after: $after, batchSize: $batchSize) { cursor features { key } } }`

/**
 * Calls `onBatch` for each batch, which may pause by taking its time: the socket is not read meanwhile. Resolves with true when the stream is
 * complete, with false when `onBatch` said false and the socket was dropped. @throws Refused
 */
export function subscribe(
  url: string,
  variables: object,
  onBatch: (batch: Batch) => Promise<boolean> | boolean,
): Promise<boolean> {
  const { promise, resolve, reject } = Promise.withResolvers<boolean>()
  const socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws')
  let dropped = false
  const take = async (data: Buffer) => {
    // Batches that arrived just before the socket was dropped are requested again.
    if (dropped) return
    const message = JSON.parse(data.toString())
    if (message.type === 'connection_ack')
      socket.send(JSON.stringify({ id: 'a', type: 'subscribe', payload: { query: STREAM, variables } }))
    else if (message.type === 'complete') resolve(true)
    else if (message.type === 'error') reject(new Refused(message.payload[0]))
    else if (message.type === 'next') {
      socket.pause()
      dropped = !(await onBatch(message.payload.data.featureBatches))
      if (dropped) resolve(false)
      socket.resume()
    }
  }
  // One after the other: a batch that is being looked at is not overtaken.
  let last = Promise.resolve()
  socket.on('message', (data: Buffer) => {
    last = last.then(() => take(data)).catch(reject)
  })
  socket.on('open', () => socket.send(JSON.stringify({ type: 'connection_init' })))
  socket.on('error', reject)
  socket.on('close', (code) => reject(new Error(`the socket closed with ${code}`)))
  return promise.finally(() => socket.terminate())
}
