import { describe, expect, it } from 'vitest'
import { ask, post } from '../support/graphql.ts'
import { PLACES, serve, startListening } from '../support/server.ts'
import { EventSource } from './event-source.ts'
import { RawSocket } from './raw-socket.ts'

const STREAM = 'subscription ($after: Cursor) { featureBatches(layer: "places", batchSize: 10, after: $after) { count cursor } }'

interface Batches {
  readonly data: { readonly featureBatches: { readonly count: number; readonly cursor: string } }
}

describe('a server that stops', () => {
  it('ends each operation with SHUTTING_DOWN and its cursor, then the socket with 1001', async () => {
    const server = await serve([PLACES])
    const socket = await RawSocket.open(server.socketUrl)
    const events = await EventSource.open(server, STREAM)
    socket.subscribe('stream', STREAM)
    socket.subscribe('health', 'subscription { health(everyMs: 60000) { ready } }')
    await Promise.all([socket.until(({ id }) => id === 'stream'), socket.until(({ id }) => id === 'health'), events.next()])
    const startedAt = performance.now()
    await server.close()
    expect(performance.now() - startedAt).toBeLessThan(10_000)

    expect((await socket.closed).code).toBe(1001)
    const stream = socket.of('stream')
    const last = (stream.at(-2)!.payload as Batches).data.featureBatches
    expect(stream.at(-1)).toMatchObject({
      type: 'error',
      payload: [{ extensions: { code: 'SHUTTING_DOWN', retry: true, cursor: last.cursor } }],
    })
    expect(socket.of('health').at(-1)).toMatchObject({
      type: 'error',
      payload: [{ extensions: { code: 'SHUTTING_DOWN', retry: true } }],
    })
    const [error, complete] = (await events.all()).slice(-2)
    expect(error).toMatchObject({ event: 'next', data: { errors: [{ extensions: { code: 'SHUTTING_DOWN' } }] } })
    expect(complete!.event).toBe('complete')
    await expect(ask(server, '{ __typename }')).rejects.toThrow()
  })

  it('gives cursors from which another server goes on', async () => {
    const first = await serve([PLACES])
    const socket = await RawSocket.open(first.socketUrl)
    socket.subscribe('a', STREAM)
    await socket.until(({ id }) => id === 'a')
    await first.close()
    const sent = socket
      .of('a')
      .slice(0, -1)
      .reduce((sum, { payload }) => sum + (payload as Batches).data.featureBatches.count, 0)
    const [{ extensions }] = socket.of('a').at(-1)!.payload as [{ extensions: { cursor: string } }]

    const second = await serve([PLACES])
    const resumed = await RawSocket.open(second.socketUrl)
    resumed.subscribe('a', STREAM, { after: extensions.cursor })
    const rest = (await resumed.ended('a'))
      .slice(0, -1)
      .reduce((sum, { payload }) => sum + (payload as Batches).data.featureBatches.count, 0)
    expect(sent + rest).toBe(7_343)
    await second.close()
  })

  it('does so while it starts, too', async () => {
    const server = await startListening([PLACES])
    server.ready.catch(() => {})
    const startedAt = performance.now()
    await server.close()
    expect(performance.now() - startedAt).toBeLessThan(10_000)
  })

  it('is closed once, however often it is told', async () => {
    const server = await serve([PLACES])
    await Promise.all([server.close(), server.close()])
    await server.close()
  })
})

describe('a server that starts', () => {
  it('listens at once and says that it is not ready yet', async () => {
    const server = await startListening([PLACES])
    try {
      expect((await fetch(`${server.url}/health`)).status).toBe(200)
      const ready = await fetch(`${server.url}/ready`)
      const answer = await ask(server, '{ features(layer: "places") { count } }')
      expect(ready.status).toBe(503)
      expect(answer).toMatchObject({ data: null, errors: [{ extensions: { code: 'LAYER_NOT_READY', retry: true } }] })
      expect(await ask(server, '{ health { ready workers { pid } } }')).toEqual({
        data: { health: { ready: false, workers: [] } },
      })
      await server.ready
      expect((await fetch(`${server.url}/ready`)).status).toBe(200)
    } finally {
      await server.close()
    }
  })

  it('fails when nothing can be served, and says why', async () => {
    const server = await startListening([`${PLACES}.not`, '/nowhere/at.all'])
    await expect(server.ready).rejects.toThrow('No layer can be served.')
    await server.close()
  })

  it('fails when its port is taken', async () => {
    const server = await startListening([PLACES])
    await expect(startListening([PLACES], { port: Number(new URL(server.url).port) })).rejects.toThrow('EADDRINUSE')
    await server.ready
    await server.close()
  })
})

it('serves a host that is an IPv6 address', async () => {
  const server = await serve([PLACES], { host: '::1' })
  expect(server.url).toMatch(/^http:\/\/\[::1\]:\d+$/)
  expect((await post(server, { query: '{ __typename }' })).status).toBe(200)
  await server.close()
})
