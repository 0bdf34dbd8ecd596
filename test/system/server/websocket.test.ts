/** The rules of docs/subscriptions.md that hold over a WebSocket. */
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { ask, post, quiet } from '../../support/graphql.ts'
import { PLACES, serve, type TestServer } from '../../support/server.ts'
import { type Message, RawSocket } from './raw-socket.ts'

const PLACES_COUNT = 7_343
const SLOW_STREAM = 'subscription { featureBatches(layer: "places", batchSize: 1) { sequence cursor } }'

interface BatchPayload {
  readonly data: { readonly featureBatches: Record<string, unknown> }
}

const batchOf = (message: Message) => (message.payload as BatchPayload).data.featureBatches
const errorsOf = (message: Message) => message.payload as { message: string; extensions: Record<string, unknown> }[]

let server: TestServer
let sockets: RawSocket[] = []

beforeAll(async () => {
  server = await serve([PLACES])
})
afterEach(async () => {
  for (const socket of sockets) socket.close()
  sockets = []
  await quiet(server)
})
afterAll(() => server.close())

async function open(): Promise<RawSocket> {
  const socket = await RawSocket.open(server.socketUrl)
  sockets.push(socket)
  return socket
}

function raw(...args: [protocol?: string, options?: { origin?: string }]): RawSocket {
  const socket = new RawSocket(server.socketUrl, ...args)
  sockets.push(socket)
  return socket
}

describe('results', () => {
  it('batches arrive in order, numbered from 0 without a gap', async () => {
    const socket = await open()
    socket.subscribe('a', 'subscription { featureBatches(layer: "places", batchSize: 500) { sequence count } }')
    const batches = (await socket.ended('a')).slice(0, -1).map(batchOf)
    expect(batches.map(({ sequence }) => sequence)).toEqual(Array.from({ length: 15 }, (_, i) => i))
  })

  it('complete means that every feature has arrived', async () => {
    const socket = await open()
    socket.subscribe('a', 'subscription { featureBatches(layer: "places", batchSize: 999) { count features { id } } }')
    const messages = await socket.ended('a')
    const batches = messages.slice(0, -1).map(batchOf)
    expect(messages.at(-1)).toEqual({ id: 'a', type: 'complete' })
    expect(new Set(batches.flatMap(({ features }) => (features as { id: string }[]).map(({ id }) => id))).size).toBe(PLACES_COUNT)
    expect(batches.reduce((sum, { count }) => sum + Number(count), 0)).toBe(PLACES_COUNT)
  })

  it('complete is the only message when nothing matches, or the limit is zero', async () => {
    const socket = await open()
    socket.subscribe('none', 'subscription { featureBatches(layer: "places", where: { bbox: [0, -89, 1, -88] }) { count } }')
    socket.subscribe('zero', 'subscription { featureBatches(layer: "places", limit: 0) { count } }')
    expect(await socket.ended('none')).toEqual([{ id: 'none', type: 'complete' }])
    expect(await socket.ended('zero')).toEqual([{ id: 'zero', type: 'complete' }])
  })

  it('a cursor continues exactly after its batch', async () => {
    const socket = await open()
    const query = `subscription ($after: Cursor) {
      featureBatches(layer: "places", batchSize: 300, limit: 900, after: $after) { features { id } cursor }
    }`
    socket.subscribe('a', query)
    const [first, ...rest] = (await socket.ended('a')).slice(0, -1).map(batchOf)
    socket.subscribe('b', query, { after: first!['cursor'] })
    const resumed = (await socket.ended('b')).slice(0, 2).map(batchOf)
    expect(rest).toHaveLength(2)
    expect(resumed.map(({ features }) => features)).toEqual(rest.map(({ features }) => features))
  })

  it('a client that pauses is not read ahead for', async () => {
    const socket = await open()
    socket.ws.pause()
    socket.subscribe(
      'a',
      'subscription { featureBatches(layer: "places", batchSize: 100) { sequence geojson arrow features { id geometry properties } } }',
    )
    // 19 MB: when the kernel's buffers are full, the stream releases its worker and waits for its client.
    await expect
      .poll(() => ask(server, '{ health { streams { running parked } } }'))
      .toEqual({
        data: { health: { streams: { running: 0, parked: 1 } } },
      })
    socket.ws.resume()
    const messages = await socket.ended('a')
    expect(messages).toHaveLength(75)
    expect(messages.at(-1)!.type).toBe('complete')
  })

  it('health comes again and again', async () => {
    const socket = await open()
    socket.subscribe('a', 'subscription { health(everyMs: 250) { ready } }')
    await socket.until(() => socket.of('a').length === 3)
    expect(socket.of('a')[2]!.payload).toEqual({ data: { health: { ready: true } } })
  })
})

describe('errors', () => {
  it.each([
    ['its syntax is wrong', 'subscription {', 'BAD_INPUT'],
    ['a field is unknown', 'subscription { featureBatches(layer: "places") { rows } }', 'BAD_INPUT'],
    ['its layer is unknown', 'subscription { featureBatches(layer: "palces") { count } }', 'LAYER_NOT_FOUND'],
    ['an argument is out of range', 'subscription { featureBatches(layer: "places", batchSize: 0) { count } }', 'BAD_INPUT'],
    ['a limit is negative', 'subscription { featureBatches(layer: "places", limit: -1) { count } }', 'BAD_INPUT'],
    ['health is wanted too often', 'subscription { health(everyMs: 249) { ready } }', 'BAD_INPUT'],
    ['a variable is missing', 'subscription ($layer: String!) { featureBatches(layer: $layer) { count } }', 'BAD_INPUT'],
    ['there are two operations and no name', 'query a { __typename } query b { __typename }', 'BAD_INPUT'],
  ])('an operation that cannot begin is answered with an error message: %s', async (_why, query, code) => {
    const socket = await open()
    socket.subscribe('a', query)
    const [message, ...rest] = await socket.ended('a')
    expect(rest).toEqual([])
    expect(message).toMatchObject({ type: 'error', payload: [{ extensions: { code, retry: false } }] })
  })

  it('a query that fails in a field is a next message with errors', async () => {
    const socket = await open()
    socket.subscribe('a', '{ features(layer: "places", first: 10001) { count } }')
    const [next, complete] = await socket.ended('a')
    const message =
      '`first` is from 1 to 10,000; it was 10001. Pass `pageInfo { endCursor }` as `after` for the next, or subscribe to `featureBatches`.'
    expect(next).toMatchObject({
      type: 'next',
      payload: { data: null, errors: [{ message, path: ['features'], extensions: { code: 'BAD_INPUT' } }] },
    })
    expect(complete!.type).toBe('complete')
  })

  it('the socket and its other operations continue after an error', async () => {
    const socket = await open()
    socket.subscribe('good', 'subscription { featureBatches(layer: "places", batchSize: 10) { count } }')
    await socket.until(({ id }) => id === 'good')
    socket.subscribe('bad', 'subscription { featureBatches(layer: "nowhere") { count } }')
    await socket.ended('bad')
    const messages = await socket.ended('good')
    expect(messages.at(-1)!.type).toBe('complete')
    expect(messages.slice(0, -1).reduce((sum, message) => sum + Number(batchOf(message)['count']), 0)).toBe(PLACES_COUNT)
  })

  const deep = (levels: number) => `{ ${'health { '.repeat(levels)}ready ${'}'.repeat(levels + 1)}`
  it.each([
    ['@skip at the root', 'subscription { featureBatches(layer: "places") @skip(if: true) { count } }', 'BAD_INPUT'],
    ['@include at the root', 'subscription { featureBatches(layer: "places") @include(if: false) { count } }', 'BAD_INPUT'],
    ['@skip by a variable', 'subscription ($no: Boolean = true) { health(everyMs: 250) @skip(if: $no) { ready } }', 'BAD_INPUT'],
    ['@skip of a fragment', 'subscription { ...F @skip(if: true) } fragment F on Subscription { health { ready } }', 'BAD_INPUT'],
    ['@skip in a fragment', 'subscription { ...F } fragment F on Subscription { health @skip(if: true) { ready } }', 'BAD_INPUT'],
    ['@skip of an inline one', 'subscription { ... @skip(if: true) { health { ready } } }', 'BAD_INPUT'],
    [
      'two roots in a fragment',
      'subscription { ...F } fragment F on Subscription { health { ready } b: health { ready } }',
      'BAD_INPUT',
    ],
    ['__typename as its root', 'subscription { __typename }', 'BAD_INPUT'],
    ['a fragment in itself', 'subscription { ...F } fragment F on Subscription { ...F }', 'BAD_INPUT'],
    ['only a fragment', 'fragment F on Query { __typename }', 'BAD_INPUT'],
    ['an empty document', '', 'BAD_INPUT'],
    ['many levels', deep(900), 'LIMIT_EXCEEDED'],
    ['a long document', `{ ${'__typename '.repeat(50_000)} }`, 'LIMIT_EXCEEDED'],
    ['deep lists', `{ features(layer: ${'['.repeat(1_500)}`, 'BAD_INPUT'],
    ['no operation of its name', { query: '{ __typename }', operationName: 'other' }, 'BAD_INPUT'],
    [
      'a variable of the wrong kind',
      { query: 'query ($n: Int) { features(layer: "places", first: $n) { count } }', variables: { n: {} } },
      'BAD_INPUT',
    ],
    [
      'a deep variable',
      {
        query: 'query ($w: FeatureFilter) { features(layer: "places", where: $w) { count } }',
        variables: JSON.parse(`{"w":${'{"not":'.repeat(1_000)}{}${'}'.repeat(1_000)}}`) as object,
      },
      'LIMIT_EXCEEDED',
    ],
  ])('a wrong operation has its own error on every wire, and the others continue: %s', async (_what, payload, code) => {
    const body = typeof payload === 'string' ? { query: payload } : payload
    const socket = await open()
    socket.subscribe('other', 'subscription { health(everyMs: 250) { ready } }')
    socket.send({ id: 'a', type: 'subscribe', payload: { ...body, extensions: { any: 1 } } })
    const messages = await socket.ended('a')
    expect(messages).toMatchObject([{ type: 'error', payload: [{ extensions: { code } }] }])
    const had = socket.of('other').length
    await socket.until(() => socket.of('other').length > had)
    for (const accept of ['application/json', 'text/event-stream']) {
      const text = await (await post(server, body, { accept })).text()
      expect([accept, text]).toEqual([accept, expect.stringContaining(`"code":"${code}"`)])
      expect(text).not.toContain('"data":{')
    }
  })

  it.each([
    ['no payload', { type: 'subscribe', id: 'a' }],
    ['no query', { type: 'subscribe', id: 'a', payload: {} }],
    ['a query that is no text', { type: 'subscribe', id: 'a', payload: { query: 5 } }],
    ['an operation name that is no text', { type: 'subscribe', id: 'a', payload: { query: '{ __typename }', operationName: 5 } }],
    ['variables that are no object', { type: 'subscribe', id: 'a', payload: { query: '{ __typename }', variables: [] } }],
    ['extensions that are no object', { type: 'subscribe', id: 'a', payload: { query: '{ __typename }', extensions: 'x' } }],
  ])('a subscribe message that is none by the protocol closes the socket with 4400: %s', async (_what, message) => {
    const socket = await open()
    socket.send(message)
    expect((await socket.closed).code).toBe(4400)
  })

  it('contain no path, no SQL and no stack', async () => {
    const socket = await open()
    const queries = [
      '{ features(layer: "../places") { count } }',
      '{ feature(layer: "places", id: "1; DROP TABLE x") { id } }',
      '{ features(layer: "places", after: "x") { count } }',
    ]
    for (const [i, query] of queries.entries()) socket.subscribe(String(i), query)
    await Promise.all(queries.map((_, i) => socket.ended(String(i))))
    expect(JSON.stringify(socket.messages)).not.toMatch(/SELECT|parquet|\/src\/|node_modules|at Object/)
  })
})

describe('ending', () => {
  it('complete from the client ends the operation at once', async () => {
    const socket = await open()
    let fastest = Number.POSITIVE_INFINITY
    for (const id of ['a', 'b', 'c', 'd', 'e']) {
      socket.subscribe(id, SLOW_STREAM)
      await socket.until((message) => message.id === id)
      const start = performance.now()
      socket.complete(id)
      // The answer to a ping on the same socket follows every message that was on its way.
      await socket.pong()
      const before = socket.of(id).length
      await quiet(server)
      fastest = Math.min(fastest, performance.now() - start)
      await socket.pong()
      expect(socket.of(id)).toHaveLength(before)
      expect(socket.of(id).every(({ type }) => type === 'next')).toBe(true)
    }
    expect(fastest).toBeLessThan(200)
  })

  it('complete from the client ends an operation that waits for a worker', async () => {
    const [busy, waiting] = [await open(), await open()]
    for (const id of ['a', 'b', 'c', 'd']) {
      busy.ws.pause()
      busy.subscribe(id, 'subscription { featureBatches(layer: "places", orderBy: [{ property: "name" }]) { geojson arrow } }')
    }
    waiting.subscribe('w', SLOW_STREAM)
    waiting.complete('w')
    busy.close()
    await quiet(server)
    expect(waiting.of('w').filter(({ type }) => type !== 'next')).toEqual([])
  })

  it('complete from the client also ends a query', async () => {
    const socket = await open()
    socket.subscribe('q', '{ features(layer: "places", first: 10000, orderBy: [{ property: "name" }]) { geojson totalCount } }')
    socket.complete('q')
    await quiet(server)
    socket.subscribe('r', '{ __typename }')
    await socket.ended('r')
    expect(socket.of('q')).toEqual([])
  })

  it('a socket that closes ends all of its operations', async () => {
    const socket = await open()
    for (const id of ['a', 'b', 'c', 'd']) socket.subscribe(id, SLOW_STREAM)
    await socket.until(({ id }) => id === 'd')
    socket.close()
    await quiet(server)
  })

  it('an id may be used again once the client has completed it', async () => {
    const socket = await open()
    const whole = 'subscription { featureBatches(layer: "places", batchSize: 100) { count } }'
    for (let round = 0; round < 20; round++) {
      socket.subscribe('a', SLOW_STREAM)
      if (round % 2) await socket.until(({ id }) => id === 'a')
      socket.complete('a')
    }
    socket.subscribe('a', whole)
    const messages = (await socket.ended('a')).filter(
      ({ type, payload }) => type !== 'next' || 'count' in batchOf({ type, payload }),
    )
    expect(messages.slice(0, -1).reduce((sum, message) => sum + Number(batchOf(message)['count']), 0)).toBe(PLACES_COUNT)
    expect(messages.at(-1)!.type).toBe('complete')
  })
})

describe('limits', () => {
  it('a socket that has not sent connection_init within 3 seconds is closed with 4408', async () => {
    const [silent, late] = [raw(), raw()]
    await Promise.all([once(silent.ws, 'open'), once(late.ws, 'open')])
    await sleep(2_000)
    late.send({ type: 'connection_init' })
    expect((await silent.closed).code).toBe(4408)
    await late.until(({ type }) => type === 'connection_ack')
  })

  it('a second connection_init closes the socket with 4429', async () => {
    const socket = await open()
    socket.send({ type: 'connection_init' })
    expect((await socket.closed).code).toBe(4429)
  })

  it('subscribe before connection_ack closes the socket with 4401', async () => {
    const socket = raw()
    await once(socket.ws, 'open')
    socket.subscribe('a', '{ __typename }')
    expect((await socket.closed).code).toBe(4401)
  })

  it('subscribe with an id that is in use closes the socket with 4409', async () => {
    const socket = await open()
    socket.subscribe('a', SLOW_STREAM)
    socket.subscribe('a', SLOW_STREAM)
    expect((await socket.closed).code).toBe(4409)
  })

  it.each([
    '{',
    '[]',
    'null',
    '1',
    '{"type":"subscribe"}',
    '{"type":"next","id":"a","payload":{}}',
    '{"type":"rubbish"}',
    '{"type":"complete","id":5}',
  ])('a message that is none closes the socket with 4400: %s', async (text) => {
    const socket = await open()
    socket.ws.send(text)
    expect((await socket.closed).code).toBe(4400)
  })

  it.each([
    ['a ping', { type: 'ping', payload: { x: 'x'.repeat(1_000) } }],
    ['a pong', { type: 'pong', payload: { x: 'x'.repeat(1_000) } }],
    ['a complete', { type: 'complete', id: 'a', x: 'x'.repeat(1_000) }],
    ['an id of 129 characters', { type: 'subscribe', id: 'i'.repeat(129), payload: { query: '{ __typename }' } }],
  ])('a long ping, pong, complete or id closes the socket with 4400: %s', async (_what, message) => {
    const socket = await open()
    socket.send({ type: 'ping', payload: { x: 'x'.repeat(900) } })
    await socket.until(({ type }) => type === 'pong')
    socket.subscribe('i'.repeat(128), '{ __typename }')
    await socket.ended('i'.repeat(128))
    socket.send(message)
    expect((await socket.closed).code).toBe(4400)
  })

  it('an id of 128 characters that is in use closes the socket with 4409 too', async () => {
    const socket = await open()
    for (let n = 0; n < 2; n++) socket.subscribe('i'.repeat(128), SLOW_STREAM)
    expect((await socket.closed).code).toBe(4409)
  })

  it.each([
    ['none', []],
    ['that of subscriptions-transport-ws', ['graphql-ws']],
    ['others', ['graphql-transport-ws2', 'graphql-ws']],
  ])('a subprotocol other than graphql-transport-ws closes the socket with 4406: %s', async (_what, protocols) => {
    const socket = new WebSocket(server.socketUrl, protocols)
    const [code, reason] = await once(socket, 'close')
    expect([code, String(reason)]).toEqual([4406, expect.stringMatching(/^Use the subprotocol graphql-transport-ws /)])
  })

  it('graphql-transport-ws is used if a client offers several', async () => {
    const socket = new WebSocket(server.socketUrl, ['graphql-ws', 'graphql-transport-ws'])
    await once(socket, 'open')
    expect(socket.protocol).toBe('graphql-transport-ws')
    socket.terminate()
  })

  it('a frame of more than 16 KB before connection_ack closes the socket with 1009', async () => {
    const socket = raw()
    await once(socket.ws, 'open')
    socket.send({ type: 'connection_init', payload: { padding: 'x'.repeat(16_384) } })
    expect((await socket.closed).code).toBe(1009)
  })

  it('a frame of more than 1 MB closes the socket with 1009', async () => {
    const socket = await open()
    const frame = (bytes: number) =>
      JSON.stringify({ id: 'a', type: 'subscribe', payload: { query: '{ __typename }', extensions: { x: '' } } }).replace(
        '""',
        `"${'x'.repeat(bytes)}"`,
      )
    const empty = frame(0).length
    socket.ws.send(frame(2 ** 20 - empty))
    await socket.ended('a')
    socket.ws.send(frame(2 ** 20 - empty + 1))
    expect((await socket.closed).code).toBe(1009)
  })

  it('a 257th simultaneous operation is refused with LIMIT_EXCEEDED, and the others continue', async () => {
    const socket = await open()
    for (let i = 0; i < 256; i++) socket.subscribe(`op${i}`, 'subscription { health(everyMs: 60000) { ready } }')
    socket.subscribe('one too many', '{ __typename }')
    const refused = await socket.ended('one too many')
    expect(errorsOf(refused[0]!)[0]!.extensions).toEqual({ code: 'LIMIT_EXCEEDED', retry: false })
    await Promise.all(Array.from({ length: 256 }, (_, i) => socket.until(({ id }) => id === `op${i}`)))
    socket.complete('op0')
    await expect
      .poll(async () => {
        socket.subscribe('again', '{ __typename }')
        return (await socket.ended('again')).at(-1)!.type
      })
      .toBe('complete')
  })

  it('a page of another origin is refused with 403', async () => {
    const refused = raw('graphql-transport-ws', { origin: 'https://elsewhere.example' })
    const [error] = await once(refused.ws, 'error')
    expect((error as Error).message).toContain('403')
    const local = raw('graphql-transport-ws', { origin: 'http://localhost:5173' })
    await once(local.ws, 'open')
  })

  it('another path is not found', async () => {
    const socket = new WebSocket(server.socketUrl.replace('/graphql', '/other'))
    const [error] = await once(socket, 'error')
    expect((error as Error).message).toContain('404')
  })
})
