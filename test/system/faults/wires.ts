/** The ways on which a client gets features, each read to its end and judged by the same rule. */

import { type Answer, ask, post } from '../../support/graphql.ts'
import type { TestServer } from '../../support/server.ts'
import { EventSource } from '../server/event-source.ts'
import { RawSocket } from '../server/raw-socket.ts'

/** The result of an operation for a client: complete, or an error's code. */
export interface Outcome {
  readonly ids: readonly string[]
  readonly end: 'COMPLETE' | string
  /** The cursor of an error. */
  readonly message?: string
  readonly cursor?: unknown
}

export interface Request {
  readonly layer: string
  /** Makes the question another one, so that no other's faults are held against it; every feature still matches. */
  readonly number: number
  /** Only features whose `id` is no less. @default all */
  readonly from?: number
  /** Properties of a feature besides its id. A download has all of them. */
  readonly field?: string
  /** Seconds. */
  readonly deadline?: number
}

export type Wire = (server: TestServer, request: Request) => Promise<Outcome>

interface Batch {
  readonly features: readonly { readonly key: string }[]
}

const where = ({ number, from }: Request) => ({ property: { name: 'id', gte: String(from ?? -1 - number) } })
const variables = (request: Request) => ({
  layer: request.layer,
  where: where(request),
  deadline: request.deadline,
})
const VARIABLES = '$layer: String!, $where: FeatureFilter, $deadline: Float'
const ARGUMENTS = 'layer: $layer, where: $where, deadline: $deadline'
const features = ({ field = '' }: Request) => `features { key ${field} }`
const subscription = (request: Request) =>
  `subscription (${VARIABLES}) { featureBatches(${ARGUMENTS}, batchSize: 2048) { ${features(request)} } }`
const page = (rows: number, request: Request, more = '') =>
  `query (${VARIABLES}) { features(${ARGUMENTS}, first: ${rows}) { pageInfo { hasNextPage } ${features(request)} ${more} } }`

const keysOf = (batch: Batch) => batch.features.map(({ key }) => key)

function failed(ids: readonly string[], errors: Answer['errors']): Outcome {
  const { message, extensions } = errors![0]!
  return { ids, end: String(extensions['code']), message, cursor: extensions['cursor'] }
}

const webSocket: Wire = async (server, request) => {
  const socket = await RawSocket.open(server.socketUrl)
  try {
    const ids: string[] = []
    socket.subscribe('a', subscription(request), variables(request))
    for (let at = 0; ; at++) {
      await socket.until(() => socket.of('a').length > at)
      const { type, payload } = socket.of('a')[at]!
      if (type === 'complete') return { ids, end: 'COMPLETE' }
      if (type === 'error') return failed(ids, payload as Answer['errors'])
      ids.push(...keysOf((payload as { data: { featureBatches: Batch } }).data.featureBatches))
    }
  } finally {
    socket.close()
  }
}

/** An error is a `next` with `errors`: the `complete` after it only ends the stream. */
const events: Wire = async (server, request) => {
  const source = await EventSource.open(server, subscription(request), variables(request))
  const ids: string[] = []
  let end: Outcome | null = null
  for (;;) {
    const event = await source.next()
    if (event === undefined) return { ids, end: 'BROKEN' }
    if (event.event === 'complete') return end ?? { ids, end: 'COMPLETE' }
    if (event.data?.errors) end = failed(ids, event.data.errors)
    else ids.push(...keysOf((event.data!.data as { featureBatches: Batch }).featureBatches))
  }
}

const onePage =
  (rows: number): Wire =>
  async (server, request) => {
    // A page with `execution` is held until its end.
    const query = page(rows, request, 'execution { attempts }')
    const { data, errors } = await ask<{ features: Batch & { pageInfo: { hasNextPage: boolean } } }>(
      server,
      query,
      variables(request),
    )
    if (errors || !data) return failed([], errors)
    return { ids: keysOf(data.features), end: data.features.pageInfo.hasNextPage ? 'MORE' : 'COMPLETE' }
  }

/** A failure after its first byte breaks the response, which `fetch` rejects. */
const flowingPage =
  (rows: number): Wire =>
  async (server, request) => {
    const response = await post(server, { query: page(rows, request), variables: variables(request) })
    const text = await response.text().catch(() => null)
    if (text === null) return { ids: [], end: 'BROKEN' }
    const { data, errors } = JSON.parse(text) as Answer<{ features: Batch & { pageInfo: { hasNextPage: boolean } } }>
    if (errors || !data) return failed([], errors)
    return { ids: keysOf(data.features), end: data.features.pageInfo.hasNextPage ? 'MORE' : 'COMPLETE' }
  }

/** A broken download shows it twice: the body is cut off, and its last line is the error without its last character. */
const download: Wire = async (server, request) => {
  const given = { where: JSON.stringify(where(request)), ...(request.deadline ? { deadline: String(request.deadline) } : {}) }
  const response = await fetch(`${server.url}/download/${request.layer}.geojsonl?${new URLSearchParams(given)}`)
  let text = ''
  let cut = !response.ok
  try {
    for await (const piece of response.body!.pipeThrough(new TextDecoderStream())) text += piece
  } catch {
    cut = true
  }
  const lines = text.split('\n')
  const last = lines.pop()!
  const ids = lines.map((line) => (JSON.parse(line) as { id: string }).id)
  if (cut !== (last !== '')) return { ids, end: 'BROKEN' }
  return cut ? failed(ids, (JSON.parse(response.ok ? `${last}}` : last) as Answer).errors) : { ids, end: 'COMPLETE' }
}

/** `rows`: what a page must be allowed to hold for all of them to be in it. */
export const wires = (rows: number): Readonly<Record<string, Wire>> => ({
  WebSocket: webSocket,
  'Server-Sent Events': events,
  page: onePage(rows),
  'page that flows': flowingPage(rows),
  download,
})
