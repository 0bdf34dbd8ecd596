/** A client sees the gathering for its query: in the report, the explanation and the health of the engine. */
import { join } from 'node:path'
import { createClient } from 'graphql-ws'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { WebSocket } from 'ws'
import { fixture } from '../../fixtures/index.ts'
import { ask } from '../../support/graphql.ts'
import { CREATE } from '../../support/live.ts'
import { serve, type TestServer } from '../../support/server.ts'
import { type SharedSpark, sharedSpark } from '../../support/shared-spark.ts'

let spark: SharedSpark
let server: TestServer

beforeAll(async () => {
  spark = await sharedSpark()
  process.env['GEODUCK_TEST_SPARK'] = spark.token
  const limits = { maxRows: 1e6, maxBytes: 1e9, keepSeconds: 600, concurrency: 2 }
  const engine = {
    name: 'big',
    kind: 'spark-connect',
    url: `sc://${spark.address}`,
    token: '$GEODUCK_TEST_SPARK',
    ...limits,
  } as const
  const path = join(await fixture('spark'), 'points')
  server = await serve([], {
    live: join(spark.folder, 'live'),
    writes: true,
    engines: [{ ...engine, resultSets: join(spark.folder, 'results') }],
    layers: [
      { name: 'gathered', path, key: 'id', engine: 'big' },
      { name: 'direct', path, key: 'id' },
    ],
  })
  await vi.waitUntil(async () => (await states()) === 'READY READY', { timeout: 60_000, interval: 100 })
})

afterAll(async () => {
  await server?.close()
  await spark?.leave()
})

async function states(): Promise<string> {
  const { data } = await ask<{ layers: { state: string }[] }>(server, '{ layers { state } }')
  return data!.layers.map(({ state }) => state).join(' ')
}

async function answer(query: string): Promise<unknown> {
  const { data, errors } = await ask(server, query)
  expect(errors).toBeUndefined()
  return data
}

const WHERE = 'where: { bbox: [-20, -20, 20, 20] }'
const EXECUTION = 'execution { engine gatheredRows gatherMs notNarrowed }'

it('a page reports its gathering, and a page of files has none', async () => {
  const { direct, gathered } = (await answer(`{
    direct: features(layer: "direct", ${WHERE}, first: 5) { totalCount features { id } ${EXECUTION} }
    gathered: features(layer: "gathered", ${WHERE}, first: 5) { totalCount features { id } ${EXECUTION} }
  }`)) as Record<string, { totalCount: string; execution: Record<string, unknown> }>
  expect(direct!.execution).toEqual({ engine: null, gatheredRows: null, gatherMs: null, notNarrowed: null })
  expect(gathered!.execution).toMatchObject({ engine: 'big', gatherMs: expect.any(Number), notNarrowed: [] })
  expect(Number(gathered!.totalCount)).toBeGreaterThan(5)
  expect(gathered!.totalCount).toBe(direct!.totalCount)
})

it('an explanation has what would be gathered, and gathers nothing', async () => {
  const before = await answer('{ health { engines { resultSets } } }')
  const explain = (layer: string) =>
    answer(
      `{ features(layer: "${layer}", where: { bbox: [1, 2, 3, 4] }) { explain { gathering { engine condition notNarrowed } } } }`,
    )
  expect(await explain('direct')).toEqual({ features: { explain: { gathering: null } } })
  expect(await explain('gathered')).toEqual({
    features: {
      explain: { gathering: { engine: 'big', condition: expect.stringMatching(/^\(.*bbox.* <= \?.*\)$/), notNarrowed: [] } },
    },
  })
  expect(await answer('{ health { engines { resultSets } } }')).toEqual(before)
})

it('health and metrics have the engine', async () => {
  expect(await answer('{ health { engines { name kind version state gatherings resultSets bytes } } }')).toEqual({
    health: {
      engines: [
        {
          name: 'big',
          kind: 'SPARK_CONNECT',
          version: expect.stringMatching(/^4\./),
          state: 'READY',
          gatherings: 0,
          resultSets: expect.any(Number),
          bytes: expect.stringMatching(/^\d+$/),
        },
      ],
    },
  })
  const metrics = await (await fetch(`${server.url}/metrics`)).text()
  expect(metrics).toContain('geoduck_engine_ready{engine="big"} 1\n')
  expect(metrics).toContain('geoduck_engine_gatherings{engine="big"} 0\n')
  expect(metrics).toMatch(/geoduck_engine_result_set_bytes\{engine="big"\} [1-9]/)
})

it('a layer whose rows Spark gathers cannot be a layer of fences, and the error names both', async () => {
  expect((await ask(server, CREATE, { name: 'objects', columns: [] })).errors).toBeUndefined()
  const client = createClient({ url: server.socketUrl, webSocketImpl: WebSocket, retryAttempts: 0 })
  const query = 'subscription { fences(objects: "objects", fences: { layer: "gathered" }) { __typename } }'
  const errors: unknown = await client
    .iterate({ query })
    .next()
    .catch((error: unknown) => error)
  await client.dispose()
  expect(errors).toMatchObject([
    {
      message: '`fences.layer`: engine big gathers the rows of "gathered"; name a layer of files, or a live one.',
      extensions: { code: 'UNSUPPORTED' },
    },
  ])
})
