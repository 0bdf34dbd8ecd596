/** The ways on which a client gets features, each read to its end and judged by the same rule. */
import { EventSource } from '../server/event-source.ts'
import { RawSocket } from '../server/raw-socket.ts'
import { type Answer, ask, post } from '../support/graphql.ts'
import type { TestServer } from '../support/server.ts'

/** What a client has when its operation is over: complete, or an error's code. */
export interface Outcome {
  readonly ids: readonly string[]
  readonly end: 'COMPLETE' | string
}

export interface Request {
  readonly layer: string
  /** Makes the question another one, so that no other's faults are held against it; every feature still matches. */
  readonly number: number
  readonly onBatch?: (rows: number) => unknown
  readonly batchSize?: number
}

type Wire = (server: TestServer, request: Request) => Promise<Outcome>

interface Batch {
  readonly features: readonly { readonly id: string }[]
}

const FIELDS = 'features { id }'
const variables = ({ layer, number }: Request) => ({ layer, where: { property: { name: 'id', gte: String(-1 - number) } } })
const subscription = ({ batchSize = 2_048 }: Request) =>
  `subscription ($layer: String!, $where: FeatureFilter) { featureBatches(layer: $layer, where: $where, batchSize: ${batchSize}) { ${FIELDS} } }`
const page = (rows: number, fields: string) =>
  `query ($layer: String!, $where: FeatureFilter) { features(layer: $layer, where: $where, first: ${rows}) { hasMore ${fields} } }`

const codeOf = (errors: Answer['errors']) => String(errors?.[0]?.extensions['code'])
const idsOf = (batch: Batch) => batch.features.map(({ id }) => id)

const webSocket: Wire = async (server, request) => {
  const socket = await RawSocket.open(server.socketUrl)
  try {
    const ids: string[] = []
    socket.subscribe('a', subscription(request), variables(request))
    for (let at = 0; ; at++) {
      await socket.until(() => socket.of('a').length > at)
      const { type, payload } = socket.of('a')[at]!
      if (type === 'complete') return { ids, end: 'COMPLETE' }
      if (type === 'error') return { ids, end: codeOf(payload as Answer['errors']) }
      ids.push(...idsOf((payload as { data: { featureBatches: Batch } }).data.featureBatches))
      await request.onBatch?.(ids.length)
    }
  } finally {
    socket.close()
  }
}

/** An error is a `next` with `errors`: the `complete` behind it only ends the stream. */
const events: Wire = async (server, request) => {
  const source = await EventSource.open(server, subscription(request), variables(request))
  const ids: string[] = []
  let end: string | null = null
  for (;;) {
    const event = await source.next()
    if (event === undefined) return { ids, end: 'BROKEN' }
    if (event.event === 'complete') return { ids, end: end ?? 'COMPLETE' }
    if (event.data?.errors) end = codeOf(event.data.errors)
    else ids.push(...idsOf((event.data!.data as { featureBatches: Batch }).featureBatches))
    await request.onBatch?.(ids.length)
  }
}

const onePage =
  (rows: number): Wire =>
  async (server, request) => {
    // A page that tells how it came to be is held until it has.
    const query = page(rows, `${FIELDS} execution { attempts }`)
    const { data, errors } = await ask<{ features: Batch & { hasMore: boolean } }>(server, query, variables(request))
    if (errors || !data) return { ids: [], end: codeOf(errors) }
    return { ids: idsOf(data.features), end: data.features.hasMore ? 'MORE' : 'COMPLETE' }
  }

/** A failure behind its first byte is a response that breaks off, which `fetch` rejects. */
const flowingPage =
  (rows: number): Wire =>
  async (server, request) => {
    const response = await post(server, { query: page(rows, FIELDS), variables: variables(request) })
    const text = await response.text().catch(() => null)
    if (text === null) return { ids: [], end: 'BROKEN' }
    const { data, errors } = JSON.parse(text) as Answer<{ features: Batch & { hasMore: boolean } }>
    if (errors || !data) return { ids: [], end: codeOf(errors) }
    return { ids: idsOf(data.features), end: data.features.hasMore ? 'MORE' : 'COMPLETE' }
  }

/** `rows`: what a page must be allowed to hold for all of them to be in it. */
export const wires = (rows: number): Readonly<Record<string, Wire>> => ({
  WebSocket: webSocket,
  'Server-Sent Events': events,
  page: onePage(rows),
  'page that flows': flowingPage(rows),
})
