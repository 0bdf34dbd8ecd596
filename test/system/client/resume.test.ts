/** A stream resumes after its last batch, for every end of an operation, and yields each feature once. */
import { copyFile, mkdtemp, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from 'graphql-ws'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { clientError, streamFeatures } from '../../../src/client/client.ts'
import { ROOT } from '../../support/environment.ts'
import { ask } from '../../support/graphql.ts'
import { Link } from '../../support/link.ts'
import { PLACES, serve, type TestServer } from '../../support/server.ts'
import { idsOf, watch } from './collect.ts'

const OBSERVATIONS = join(ROOT, '.geoduck/demo/observations.parquet')

let server: TestServer
let link: Link

async function start(...args: Parameters<typeof serve>): Promise<void> {
  server = await serve(...args)
  link = await Link.to(server)
}

afterEach(async () => {
  await link.close()
  await server.close()
})

describe('a lost connection', () => {
  beforeEach(() => start([PLACES]))

  it('resumes after every loss', async () => {
    const { states, ids } = watch({ url: link.url, layer: 'places', batchSize: 10 })
    const got = await ids(({ sequence }) => [100, 300, 600].includes(sequence) && link.cut())
    expect(got).toEqual(await idsOf(server, 'places'))
    const errors = states.flatMap((state) => (state.state === 'waiting' ? [state.error.code] : []))
    expect(errors).toEqual(['OFFLINE', 'OFFLINE', 'OFFLINE'])
    expect(link.connections).toBe(4)
  })

  it('resumes in a sorted result with a limit', async () => {
    const question = { layer: 'places', orderBy: [{ property: 'name' }], limit: 3000, batchSize: 10 }
    const whole = await watch({ ...question, url: `${server.url}/graphql` }).ids()
    const got = await watch({ ...question, url: link.url }).ids(({ sequence }) => sequence === 120 && link.cut())
    expect(got).toEqual(whole)
    expect(got).toHaveLength(3000)
  })

  it('resumes once, also with a client that restarts operations itself', async () => {
    const client = createClient({ url: link.url.replace('http', 'ws'), retryAttempts: 5, retryWait: async () => {} })
    const got: string[] = []
    for await (const { features, sequence } of streamFeatures({
      client,
      layer: 'places',
      encoding: 'features',
      properties: [],
      batchSize: 10,
    })) {
      got.push(...features.map(({ id }) => id))
      if (sequence === 100) link.cut()
    }
    expect(got).toEqual(await idsOf(server, 'places'))
    await client.dispose()
  })

  it('that must not resume ends with an error, whose cursor is the position to resume from', async () => {
    const { stream } = watch({ url: link.url, layer: 'places', batchSize: 10, retry: () => false })
    const got: string[] = []
    const reading = (async () => {
      for await (const { features, sequence } of stream) {
        got.push(...features.map(({ id }) => id))
        if (sequence === 100) link.cut()
      }
    })()
    const error = await reading.then(() => null, clientError)
    expect(error).toMatchObject({ code: 'OFFLINE' })
    const rest = await watch({ url: link.url, layer: 'places', after: error!.cursor }).ids()
    expect([...got, ...rest]).toEqual(await idsOf(server, 'places'))
  })
})

it('a stream continues at its position when the server stops and starts again', async () => {
  await start([PLACES])
  const port = Number(new URL(server.url).port)
  const { states, ids } = watch({ url: `${server.url}/graphql`, layer: 'places', batchSize: 10 })
  const got = await ids(async ({ sequence }) => {
    if (sequence !== 20) return
    await server.close()
    server = await serve([PLACES], { port })
  })
  expect(got).toEqual(await idsOf(server, 'places'))
  expect(states.some((state) => state.state === 'waiting' && state.error.code === 'SHUTTING_DOWN')).toBe(true)
})

it('a worker process that dies in mid-stream costs no feature', async () => {
  await start([PLACES])
  const { ids } = watch({ url: link.url, layer: 'places', batchSize: 10 })
  const got = await ids(async ({ sequence }) => {
    if (sequence !== 20) return
    const { data } = await ask<{ health: { workers: { pid: number | null }[] } }>(server, '{ health { workers { pid } } }')
    for (const { pid } of data!.health.workers) if (pid !== null) process.kill(pid, 'SIGKILL')
  })
  expect(got).toEqual(await idsOf(server, 'places'))
})

it('changed data ends it with CURSOR_EXPIRED, from which nothing can resume', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'geoduck-client-'))
  const [file, other] = [join(folder, 'places.parquet'), join(folder, 'other')]
  await Promise.all([copyFile(PLACES, file), copyFile(OBSERVATIONS, other)])
  await start([file])
  const { ids } = watch({ url: link.url, layer: 'places', batchSize: 10 })
  const reading = ids(async ({ sequence }) => {
    if (sequence !== 20) return
    await rename(other, file)
    link.cut()
  })
  expect(await reading.then(() => null, clientError)).toMatchObject({ code: 'CURSOR_EXPIRED', retry: false, cursor: null })
  await rm(folder, { recursive: true })
})

it('a stream resumes after the last batch when it ends with SLOW_CONSUMER', async () => {
  await start([OBSERVATIONS], { stallSeconds: 1 })
  const { states, ids } = watch({
    url: link.url,
    layer: 'observations',
    properties: ['species', 'class', 'observed_at'],
    readAhead: 1000,
  })
  let held = false
  const got = await ids(async () => {
    if (held) return
    held = true
    await link.hold(5_000)
  })
  expect(got.length).toBe(200_000)
  expect(new Set(got).size).toBe(200_000)
  const codes = states.flatMap((state) => (state.state === 'waiting' ? [state.error.code] : []))
  expect(codes).toEqual(['SLOW_CONSUMER'])
})

it('OVERLOADED is waited out', async () => {
  await start([PLACES, OBSERVATIONS], { workers: 1, queueLength: 1, queueSeconds: 4 })
  const url = `${server.url}/graphql`
  const sorted = (layer: string, property: string) => watch({ url, layer, orderBy: [{ property }], batchSize: 1000 })
  // Its sort has the only worker for longer than three clients take to come, and one of them may wait.
  const long = sorted('observations', 'species').ids()
  await expect
    .poll(() => ask(server, '{ health { streams { running } } }'), { interval: 10 })
    .toMatchObject({ data: { health: { streams: { running: 1 } } } })
  const crowd = Array.from({ length: 3 }, () => sorted('places', 'name'))
  const results = await Promise.all(crowd.map(({ ids }) => ids()))
  for (const got of results) expect(new Set(got).size).toBe(7_343)
  expect(new Set(await long).size).toBe(200_000)
  const codes = new Set(
    crowd.flatMap(({ states }) => states.flatMap((state) => (state.state === 'waiting' ? [state.error.code] : []))),
  )
  expect([...codes]).toEqual(['OVERLOADED'])
})
