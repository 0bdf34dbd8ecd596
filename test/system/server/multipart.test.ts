/** The rules of docs/subscriptions.md that hold for multipart subscriptions. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { ExecutionResult } from 'graphql'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { sendEvents } from '../../../src/delivery/events.ts'
import { Operation } from '../../../src/delivery/operation.ts'
import { type Answer, ask, quiet } from '../../support/graphql.ts'
import { PLACES, serve, type TestServer } from '../../support/server.ts'
import { ACCEPT_PARTS, openParts, payloadsOf } from './parts.ts'

let server: TestServer
beforeAll(async () => {
  server = await serve([PLACES])
})
afterEach(() => quiet(server))
afterAll(() => server.close())

const STREAM = 'subscription { featureBatches(layer: "places", batchSize: 1000) { sequence count geojson } }'

it('a subscription comes as parts with payloads, then the last boundary', async () => {
  const parts = await openParts(server, STREAM, {}, { accept: ACCEPT_PARTS })
  expect(parts.response.headers.get('content-type')).toBe('multipart/mixed;boundary="graphql";subscriptionSpec=1.0')
  const payloads = (await payloadsOf(parts)) as Answer<{ featureBatches: { sequence: number; count: number } }>[]
  expect(payloads.map(({ data }) => data!.featureBatches.sequence)).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
  expect(payloads.reduce((sum, { data }) => sum + data!.featureBatches.count, 0)).toBe(7_343)
})

it.each([
  ['an unknown layer', 'subscription { featureBatches(layer: "palces") { count } }', 'LAYER_NOT_FOUND'],
  ['a syntax error', 'subscription {', 'BAD_INPUT'],
])('an error is a last payload with errors and without data: %s', async (_what, query, code) => {
  const payloads = await payloadsOf(await openParts(server, query))
  expect(payloads).toMatchObject([{ errors: [{ extensions: { code } }] }])
  expect(payloads[0]).not.toHaveProperty('data')
})

it('an operation that cannot begin is answered as JSON if the client takes that too', async () => {
  const { response } = await openParts(
    server,
    'subscription { featureBatches(layer: "palces") { count } }',
    {},
    { accept: ACCEPT_PARTS },
  )
  expect(response.headers.get('content-type')).toBe('application/graphql-response+json; charset=utf-8')
  expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'LAYER_NOT_FOUND' } }] })
})

it('a query can also be requested as parts', async () => {
  const payloads = await payloadsOf(await openParts(server, '{ features(layer: "places", first: 2) { features { id } } }'))
  expect(payloads).toMatchObject([{ data: { features: { features: [{}, {}] } } }])
})

it('a stream that is left ends its operation', async () => {
  const left = new AbortController()
  const query = 'subscription { featureBatches(layer: "places", batchSize: 1) { sequence } }'
  const { all } = await openParts(server, query, {}, { signal: left.signal })
  await all.next()
  left.abort()
  await quiet(server)
})

it('a client that pauses is not read ahead for', async () => {
  const query =
    'subscription { featureBatches(layer: "places", batchSize: 100) { count geojson arrow features { id geometry properties } } }'
  const parts = await openParts(server, query)
  await expect
    .poll(() => ask(server, '{ health { streams { running parked } } }'))
    .toEqual({ data: { health: { streams: { running: 0, parked: 1 } } } })
  expect(await payloadsOf(parts)).toHaveLength(74)
})

it('multipart streams begin with a heartbeat, and carry one again and again', async () => {
  const { promise: silence, resolve: speak } = Promise.withResolvers<ExecutionResult>()
  const http = createServer((_req, res) => {
    const { signal } = new AbortController()
    const operation = new Operation({ id: 'a', client: 'b', signal, unchanged: async () => true, onDefect: () => {} })
    const results = (async function* () {
      yield await silence
    })()
    void sendEvents(results, res, operation, 'multipart/mixed', 20)
  }).listen(0, '127.0.0.1')
  await once(http, 'listening')
  const { all } = await openParts({ url: `http://127.0.0.1:${(http.address() as AddressInfo).port}` }, '')
  const seen: object[] = []
  for await (const part of all) {
    seen.push(part)
    if (seen.length === 3) speak({ data: {} })
  }
  http.close()
  expect(seen.slice(0, 3)).toEqual([{}, {}, {}])
  expect(seen.filter((part) => 'payload' in part)).toEqual([{ payload: { data: {} } }])
})
