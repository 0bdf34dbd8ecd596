import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ask } from '../../support/graphql.ts'
import { PLACES, serve, type TestServer } from '../../support/server.ts'
import { EventSource } from './event-source.ts'
import { RawSocket } from './raw-socket.ts'

let server: TestServer
beforeAll(async () => {
  server = await serve([PLACES])
})
afterAll(() => server.close())

async function scrape(): Promise<string> {
  return await (await fetch(`${server.url}/metrics`)).text()
}

/** The sum over the samples of a name whose labels hold this text. */
async function value(name: string, labels = ''): Promise<number> {
  const samples = (await scrape()).split('\n').filter((line) => line.startsWith(name) && /^[{ ]/.test(line.slice(name.length)))
  return samples.filter((line) => line.includes(labels)).reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
}

describe('/metrics', () => {
  it('is the text that Prometheus reads: each name has its help and type, each sample is a number', async () => {
    const response = await fetch(`${server.url}/metrics`)
    expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/)
    const typed = new Set<string>()
    for (const line of (await response.text()).split('\n').filter((text) => text !== '')) {
      const [, what, name] = /^# (HELP|TYPE) (\w+) .+$/.exec(line) ?? []
      if (what === 'TYPE') typed.add(name!)
      if (what !== undefined) continue
      expect(line).toMatch(/^[a-z_]\w*(\{(\w+="[^"\\\n]*",?)*\})? (-?\d+(\.\d+)?(e[+-]?\d+)?|NaN|\+Inf)$/i)
      expect(typed).toContain(
        line
          .split(/[{ ]/)[0]!
          .replace(/_(bucket|sum|count)$/, '')
          .replace(/^$/, ''),
      )
    }
    for (const name of ['process_cpu_user_seconds_total', 'nodejs_eventloop_lag_p99_seconds', 'geoduck_workers']) {
      expect(typed).toContain(name)
    }
  })

  it('counts operations by kind, outcome and code', async () => {
    const total = (labels: string) => value('geoduck_operations_total', labels)
    const [complete, failed] = [await total('kind="query",outcome="complete"'), await total('code="LAYER_NOT_FOUND"')]
    await ask(server, '{ layers { name } }')
    await ask(server, '{ features(layer: "nowhere") { count } }')
    await ask(server, '{ nothing }')
    await expect.poll(() => total('kind="query",outcome="complete"')).toBe(complete + 1)
    await expect.poll(() => total('kind="query",outcome="failed",code="LAYER_NOT_FOUND"')).toBe(failed + 1)
    await expect.poll(() => total('kind="request",outcome="failed",code="BAD_INPUT"')).toBe(1)
    expect(await value('geoduck_operation_seconds_count', 'kind="query"')).toBeGreaterThanOrEqual(complete + failed + 2)
  })

  it('counts rows and bytes as they leave, and streams by what they do', async () => {
    const rows = await value('geoduck_rows_total', 'kind="subscription"')
    const socket = await RawSocket.open(server.socketUrl)
    socket.subscribe(
      'a',
      'subscription { featureBatches(layer: "places", batchSize: 10) { count geojson arrow features { id geometry properties } } }',
    )
    socket.ws.pause()
    await expect.poll(() => value('geoduck_rows_total', 'kind="subscription"')).toBeGreaterThan(rows)
    await expect.poll(() => value('geoduck_streams', 'state="parked"')).toBe(1)
    expect(await value('geoduck_operations_open', 'kind="subscription"')).toBe(1)
    expect(await value('geoduck_sockets')).toBe(1)
    socket.ws.resume()
    await socket.ended('a')
    const received = socket
      .of('a')
      .reduce((sum, { payload }) => sum + (payload ? Buffer.byteLength(JSON.stringify(payload)) : 0), 0)
    socket.close()
    await expect.poll(() => value('geoduck_sockets')).toBe(0)
    expect(await value('geoduck_rows_total', 'kind="subscription"')).toBe(rows + 7_343)
    // JSON.stringify may write numbers otherwise than the server does.
    expect((await value('geoduck_bytes_total', 'kind="subscription"')) / received).toBeCloseTo(1, 1)
    expect(await value('geoduck_first_batch_seconds_count', 'kind="subscription"')).toBeGreaterThan(0)
  })

  it('counts what a client has left as cancelled', async () => {
    const source = await EventSource.open(server, 'subscription { featureBatches(layer: "places", batchSize: 1) { count } }')
    await source.next()
    source.leave()
    await expect.poll(() => value('geoduck_operations_total', 'outcome="cancelled"')).toBe(1)
  })

  it('counts the deaths of workers', async () => {
    const { data } = await ask<{ health: { workers: { pid: number }[] } }>(server, '{ health { workers { pid } } }')
    process.kill(data!.health.workers[0]!.pid, 'SIGKILL')
    await expect.poll(() => value('geoduck_worker_deaths_total', 'lane="normal"')).toBe(1)
    // Nothing waits for the second worker of the normal lane, or for that of the serial lane.
    await expect.poll(() => value('geoduck_workers', 'state="idle"')).toBe(1)
    expect(await value('geoduck_workers', 'state="asleep"')).toBe(2)
    expect(await value('geoduck_worker_resident_bytes')).toBeGreaterThan(10e6)
  })

  it('has no series for each client, name or layer that is made up', async () => {
    const before = (await scrape()).split('\n').length
    for (let n = 0; n < 20; n++) await ask(server, `query made_up_${n} { features(layer: "made up ${n}") { count } }`)
    await sleep(50)
    expect((await scrape()).split('\n').length).toBeLessThan(before + 40)
    expect(await scrape()).not.toContain('made')
  })
})
