/** From listening to the last closed socket. Servers take seconds to start, so few of them test everything. */
import { describe, expect, it } from 'vitest'
import { ROOT } from '../../support/environment.ts'
import { ask, post } from '../../support/graphql.ts'
import { launch } from '../../support/launched.ts'
import { PLACES, serve, startListening } from '../../support/server.ts'
import { SPATIAL_EXTENSION } from '../../support/spatial-extension.ts'
import { EventSource } from './event-source.ts'
import { RawSocket } from './raw-socket.ts'

const STREAM = 'subscription ($after: Cursor) { featureBatches(layer: "places", batchSize: 10, after: $after) { count cursor } }'

interface Batches {
  readonly data: { readonly featureBatches: { readonly count: number; readonly cursor: string } }
}

const rowsOf = (socket: RawSocket) =>
  socket
    .of('stream')
    .filter(({ type }) => type === 'next')
    .reduce((sum, { payload }) => sum + (payload as Batches).data.featureBatches.count, 0)

describe('a server that starts', () => {
  it('listens at once, says that it is not ready yet, and can be stopped then', async () => {
    const server = await startListening([PLACES])
    const outcome = server.ready.catch(() => {})
    expect((await fetch(`${server.url}/health`)).status).toBe(200)
    const ready = await fetch(`${server.url}/ready`)
    const answer = await ask(server, '{ features(layer: "places") { count } }')
    expect(ready.status).toBe(503)
    expect(answer).toMatchObject({ data: null, errors: [{ extensions: { code: 'LAYER_NOT_READY', retry: true } }] })
    expect(await ask(server, '{ health { ready workers { pid } } }')).toEqual({ data: { health: { ready: false, workers: [] } } })
    await expect(startListening([PLACES], { port: Number(new URL(server.url).port) })).rejects.toThrow('EADDRINUSE')
    const startedAt = performance.now()
    await Promise.all([server.close(), server.close()])
    expect(performance.now() - startedAt).toBeLessThan(10_000)
    await outcome
  })

  it('fails when nothing can be served, and says why', async () => {
    const server = await startListening(['/nowhere/at.all'])
    await expect(server.ready).rejects.toThrow(/^No layer can be served\.\n {2}at\.all: /)
    await server.close()
  })
})

describe('a server that stops', () => {
  it('ends each operation with SHUTTING_DOWN and its cursor, then the socket with 1001; another server continues from there', async () => {
    const server = await serve([PLACES])
    const socket = await RawSocket.open(server.socketUrl)
    const events = await EventSource.open(server, STREAM)
    socket.subscribe('stream', STREAM)
    await Promise.all([socket.until(({ id }) => id === 'stream'), events.next()])
    const startedAt = performance.now()
    await server.close()
    expect(performance.now() - startedAt).toBeLessThan(10_000)

    expect((await socket.closed).code).toBe(1001)
    const stream = socket.of('stream')
    const { cursor } = (stream.at(-2)!.payload as Batches).data.featureBatches
    expect(stream.at(-1)).toMatchObject({
      type: 'error',
      payload: [{ extensions: { code: 'SHUTTING_DOWN', retry: true, cursor } }],
    })
    const [error, complete] = (await events.all()).slice(-2)
    expect(error).toMatchObject({ event: 'next', data: { errors: [{ extensions: { code: 'SHUTTING_DOWN' } }] } })
    expect(complete!.event).toBe('complete')
    await expect(ask(server, '{ __typename }')).rejects.toThrow()

    const other = await serve([PLACES], { host: '::1' })
    expect(other.url).toMatch(/^http:\/\/\[::1\]:\d+$/)
    const resumed = await RawSocket.open(other.socketUrl)
    resumed.subscribe('stream', STREAM, { after: cursor })
    await resumed.ended('stream')
    expect(rowsOf(socket) + rowsOf(resumed)).toBe(7_343)
    await other.close()
  })

  it('sends no end of a health subscription before it closes its connection, so that clients subscribe again', async () => {
    const server = await serve([PLACES])
    const [socket, other] = await Promise.all([RawSocket.open(server.socketUrl), RawSocket.open(server.socketUrl)])
    const health = 'subscription { health(everyMs: 60000) { ready } }'
    const events = await EventSource.open(server, health)
    socket.subscribe('health', health)
    other.subscribe('completed', health)
    await Promise.all([socket.until(({ id }) => id === 'health'), other.until(({ id }) => id === 'completed'), events.next()])
    other.complete('completed')
    await other.pong()
    const closing = server.close()
    socket.subscribe('late', health)
    await closing
    for (const one of [socket, other]) expect((await one.closed).code).toBe(1001)
    expect(socket.messages.slice(1).map(({ id, type }) => [id, type])).toEqual([['health', 'next']])
    expect(other.of('completed').map(({ type }) => type)).toEqual(['next'])
    // The body of the response is whole, so that it is no error for a client without retries.
    expect(await events.all()).toEqual([])
  })
})

describe('a server that drains', () => {
  const program = (drain: string) =>
    launch(process.execPath, ['src/main.ts', PLACES, '--port', '0', '--workers', '1', '--drain', drain], {
      cwd: ROOT,
      environment: { GEODUCK_SPATIAL_EXTENSION: SPATIAL_EXTENSION },
    })

  it('is not ready from SIGTERM on, but serves everything until the time is over, and a second signal ends it', async () => {
    const draining = program('3600')
    const [, url] = await draining.line(/^ready (.+)$/)
    const server = { url: url! }
    const before = await RawSocket.open(`${url!.replace('http', 'ws')}/graphql`)
    process.kill(draining.pid, 'SIGTERM')
    const ready = async () => (await fetch(`${url}/ready`)).status
    await expect.poll(ready).toBe(503)
    expect((await fetch(`${url}/health`)).status).toBe(200)
    const answered = await post(server, { query: '{ features(layer: "places", first: 2) { count } }' })
    expect(answered.headers.get('connection')).toBe('close')
    expect(await answered.json()).toEqual({ data: { features: { count: 2 } } })
    expect(await ask(server, '{ health { ready } }')).toEqual({ data: { health: { ready: false } } })
    const after = await RawSocket.open(`${url!.replace('http', 'ws')}/graphql`)
    for (const socket of [before, after]) {
      socket.subscribe('stream', STREAM)
      expect((await socket.ended('stream')).at(-1)!.type).toBe('complete')
    }
    process.kill(draining.pid, 'SIGTERM')
    expect(await draining.ended).toBe(1)
  })

  it('stops in order after that time, and without it after SIGINT', async () => {
    for (const [drain, signal] of [
      ['0.2', 'SIGTERM'],
      ['3600', 'SIGINT'],
    ] as const) {
      const draining = program(drain)
      await draining.line(/^ready/)
      process.kill(draining.pid, signal)
      expect(await draining.ended).toBe(0)
    }
  })
})
