/**
 * A server that is suspended for longer than every limit it has, and goes on: its clocks stood still meanwhile, so that nobody's operation ends
 * by them. First the server process alone, then its workers too.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import WebSocket from 'ws'
import { GRID_ROWS, grid } from '../faults/grid.ts'
import { ROOT } from '../support/environment.ts'
import { ask, type Served } from '../support/graphql.ts'
import { descendants, type Launched, launch } from '../support/launched.ts'
import { EventSource } from './event-source.ts'
import { RawSocket } from './raw-socket.ts'

const LIMIT_S = 2
/** Beyond every limit, that of `connection_init` among them. */
const SUSPENDED_MS = 4_000

let launched: Launched
let server: Served
beforeAll(async () => {
  const limits = ['--deadline', '--stall-timeout', '--queue-timeout'].flatMap((flag) => [flag, String(LIMIT_S)])
  const size = ['--workers', '1', '--threads', '1', '--memory-limit', '500MB', '--page-rows', String(GRID_ROWS)]
  const args = ['src/main.ts', await grid(), '--port', '0', ...limits, ...size, '--page-bytes', '500MB', '--log-level', 'silent']
  launched = launch(process.execPath, args, { cwd: ROOT })
  server = { url: (await launched.line(/^ready (http:\/\/127\.0\.0\.1:\d+)$/))[1]! }
}, 120_000)
afterAll(async () => {
  process.kill(launched.pid, 'SIGTERM')
  await launched.ended
})

const LAYER = `grid-${GRID_ROWS}`
/** Takes a second of the one worker, the others wait for it. */
const page = (number: number) =>
  `{ features(layer: "${LAYER}", first: ${GRID_ROWS}, deadline: ${LIMIT_S}, where: { property: { name: "id", gte: "${-number}" } }) { count geojson } }`
const STREAM = `subscription { featureBatches(layer: "${LAYER}") { count } }`

async function suspend(pids: readonly number[]): Promise<void> {
  for (const pid of pids) process.kill(pid, 'SIGSTOP')
  await delay(SUSPENDED_MS)
  for (const pid of pids) process.kill(pid, 'SIGCONT')
}

interface CountPage {
  readonly features: { readonly count: number }
}

describe.each([
  ['alone', () => [launched.pid]],
  ['with its workers', () => [launched.pid, ...descendants(launched.pid)]],
] as const)('a server that is suspended %s', (_, pids) => {
  it('ends no page, no stream, no waiting operation and no connection by its clocks', async () => {
    const socketUrl = `${server.url.replace('http', 'ws')}/graphql`
    const socket = await RawSocket.open(socketUrl)
    // It has said nothing yet when the server stops, and says it while nobody listens.
    const silent = new WebSocket(socketUrl, 'graphql-transport-ws')
    await new Promise((resolve) => silent.once('open', resolve))
    // A kept connection, and a request on it that nobody reads for longer than it is kept.
    await ask(server, '{ __typename }')

    const unread = await EventSource.open(server, STREAM)
    socket.subscribe('stream', STREAM)
    await socket.until(() => socket.of('stream').length > 0)
    const pages = [1, 2].map((number) => ask<CountPage>(server, page(number)))
    await delay(100)
    const stopped = suspend(pids())
    await delay(SUSPENDED_MS / 2)
    silent.send(JSON.stringify({ type: 'connection_init' }))
    const late = ask<CountPage>(server, `{ features(layer: "${LAYER}", first: 1) { count } }`)
    await stopped

    for (const answer of await Promise.all(pages)) expect(answer).toMatchObject({ data: { features: { count: GRID_ROWS } } })
    expect(await late).toEqual({ data: { features: { count: 1 } } })
    const messages = await socket.ended('stream')
    expect(messages.at(-1)!.type).toBe('complete')
    const events = await unread.all()
    expect(events.at(-1)!.event).toBe('complete')
    const counts = events.flatMap(({ data }) => (data?.data?.['featureBatches'] as { count: number } | undefined)?.count ?? [])
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(GRID_ROWS)
    expect(silent.readyState).toBe(WebSocket.OPEN)
    silent.close()
    socket.close()
  })
})
