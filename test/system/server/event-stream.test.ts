/** The rules of docs/subscriptions.md that hold for Server-Sent Events. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { ExecutionResult } from 'graphql'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { sendEvents } from '../../../src/delivery/events.ts'
import { Operation } from '../../../src/delivery/operation.ts'
import { ask, quiet } from '../../support/graphql.ts'
import { PLACES, serve, type TestServer } from '../../support/server.ts'
import { EventSource } from './event-source.ts'

let server: TestServer
beforeAll(async () => {
  server = await serve([PLACES])
})
afterEach(() => quiet(server))
afterAll(() => server.close())

type BatchData = { readonly featureBatches: { readonly sequence: number; readonly count: number } }

it('a subscription comes as next events, then complete', async () => {
  const source = await EventSource.open(
    server,
    'subscription { featureBatches(layer: "places", batchSize: 1000) { sequence count geojson } }',
  )
  expect(source.response.headers.get('content-type')).toBe('text/event-stream')
  const events = await source.all()
  expect(events.map(({ event }) => event)).toEqual([...Array.from({ length: 8 }, () => 'next'), 'complete'])
  const batches = events.slice(0, -1).map(({ data }) => (data!.data as BatchData).featureBatches)
  expect(batches.map(({ sequence }) => sequence)).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
  expect(batches.reduce((sum, { count }) => sum + count, 0)).toBe(7_343)
})

it.each([
  ['an unknown layer', 'subscription { featureBatches(layer: "palces") { count } }', 'LAYER_NOT_FOUND'],
  ['a syntax error', 'subscription {', 'BAD_INPUT'],
  ['a wrong argument', 'subscription { featureBatches(layer: "places", batchSize: 0) { count } }', 'BAD_INPUT'],
])('an error is a next event with errors and without data: %s', async (_what, query, code) => {
  const [next, complete] = await (await EventSource.open(server, query)).all()
  expect(next).toMatchObject({ event: 'next', data: { errors: [{ extensions: { code } }] } })
  expect(next!.data).not.toHaveProperty('data')
  expect(complete).toEqual({ event: 'complete', data: null })
})

it('a query can also be requested as an event stream', async () => {
  const source = await EventSource.open(server, '{ features(layer: "places", first: 2) { features { id } } }')
  expect(await source.all()).toMatchObject([
    { event: 'next', data: { data: { features: { features: [{}, {}] } } } },
    { event: 'complete' },
  ])
})

it('a stream that is left ends its operation', async () => {
  const sources = await Promise.all(
    Array.from({ length: 4 }, () =>
      EventSource.open(server, 'subscription { featureBatches(layer: "places", batchSize: 1) { sequence } }'),
    ),
  )
  await Promise.all(sources.map((source) => source.next()))
  for (const source of sources) source.leave()
  await quiet(server)
})

it('a client that pauses is not read ahead for', async () => {
  const query =
    'subscription { featureBatches(layer: "places", batchSize: 100) { count geojson arrow features { id geometry properties } } }'
  const source = await EventSource.open(server, query)
  await expect
    .poll(() => ask(server, '{ health { streams { running parked } } }'))
    .toEqual({
      data: { health: { streams: { running: 0, parked: 1 } } },
    })
  const events = await source.all()
  expect(events.at(-1)!.event).toBe('complete')
  expect(events).toHaveLength(75)
})

it('a client that does not accept events receives an error that names the wires of subscriptions', async () => {
  const response = await fetch(`${server.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: JSON.stringify({ query: 'subscription { featureBatches(layer: "places") { count } }' }),
  })
  expect(response.status).toBe(406)
  expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'BAD_INPUT' } }] })
})

it('event streams begin with a comment, and carry one again and again', async () => {
  const { promise: silence, resolve: speak } = Promise.withResolvers<ExecutionResult>()
  const http = createServer((_req, res) => {
    const { signal } = new AbortController()
    const operation = new Operation({ id: 'a', client: 'b', signal, unchanged: async () => true, onDefect: () => {} })
    void sendEvents(
      (async function* () {
        yield await silence
      })(),
      res,
      operation,
      'text/event-stream',
      20,
    )
  }).listen(0, '127.0.0.1')
  await once(http, 'listening')
  let text = ''
  for await (const chunk of (await fetch(`http://127.0.0.1:${(http.address() as AddressInfo).port}`)).body!) {
    text += Buffer.from(chunk).toString()
    if (text === ':\n\n:\n\n:\n\n') speak({ data: {} })
  }
  http.close()
  expect(text).toMatch(/^(:\n\n){3,}event: next\ndata: \{"data":\{\}\}\n\n(:\n\n)*event: complete\ndata:\n\n$/)
})
