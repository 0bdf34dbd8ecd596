/** Clients of a server whose files come, go and change under it. */
import { cp, mkdtemp, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { createClient } from 'graphql-ws'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { WebSocket } from 'ws'
import { fixture } from '../../fixtures/index.ts'
import { ask, type PageInfo } from '../../support/graphql.ts'
import { serve, type TestServer } from '../../support/server.ts'
import { SPATIAL_EXTENSION } from '../../support/spatial-extension.ts'

const ROWS = 200_000
/** All workers by others took 13 to 30 s where forty processes waited for two processors. */
const ROLL_MS = 110_000
vi.setConfig({ testTimeout: 2.5 * ROLL_MS, hookTimeout: ROLL_MS })
const fifty = await fixture('geoparquet/key-id.parquet')
const many = await fixture('geoparquet/points-1.1-covering.parquet')

let folder: string
let server: TestServer
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'geoduck-test-'))
  const duckdb = await DuckDBInstance.create()
  const connection = await duckdb.connect()
  await connection.run(`LOAD '${SPATIAL_EXTENSION}'`)
  const rows = `SELECT i AS id, ST_Point(i % 90, i % 80) AS geometry FROM range(${ROWS}) r(i)`
  await connection.run(`COPY (${rows}) TO '${join(folder, 'wide.parquet')}' (FORMAT parquet, ROW_GROUP_SIZE 10000)`)
  connection.closeSync()
  duckdb.closeSync()
  await cp(fifty, join(folder, 'a.parquet'))
  server = await serve([folder], { watch: true })
})
afterAll(async () => {
  await server.close()
  await rm(folder, { recursive: true })
})

async function replace(file: string, by: string): Promise<void> {
  await cp(by, join(folder, '.new'))
  await rename(join(folder, '.new'), file)
}

async function pids(): Promise<string[]> {
  const { data } = await ask<{ health: { workers: { pid: number | null }[] } }>(server, '{ health { workers { pid } } }')
  return (data?.health.workers ?? []).flatMap(({ pid }) => (pid === null ? [] : [String(pid)]))
}

const layers = async (): Promise<string[]> =>
  (await ask<{ layers: { name: string }[] }>(server, '{ layers { name } }')).data!.layers.map(({ name }) => name)

const until = (read: () => Promise<unknown>, value: unknown): Promise<void> =>
  expect.poll(read, { timeout: ROLL_MS, interval: 100 }).toEqual(value)

interface Batches {
  readonly featureBatches: { readonly features: readonly { readonly id: string }[] }
}

test('a stream that runs while workers are replaced continues, with every feature once', async () => {
  const client = createClient({ url: server.socketUrl, webSocketImpl: WebSocket })
  const before = await pids()
  const query = 'subscription { featureBatches(layer: "wide", batchSize: 1000) { features { id } } }'
  const ids: string[] = []
  let batches = 0
  for await (const { data } of client.iterate<Batches>({ query })) {
    ids.push(...data!.featureBatches.features.map(({ id }) => id))
    // The stream is not at its end before every worker that began it is gone.
    if (++batches !== 20) continue
    await cp(many, join(folder, 'b.parquet'))
    await until(layers, ['a', 'b', 'wide'])
    await until(async () => (await pids()).some((pid) => before.includes(pid)), false)
  }
  await client.dispose()
  expect(ids).toHaveLength(ROWS)
  expect(new Set(ids).size).toBe(ROWS)
})

test('an added file can be queried without a restart; after its removal, its layer is LAYER_NOT_FOUND', async () => {
  const query = '{ features(layer: "c", first: 10000) { count } }'
  const count = async () => (await ask<{ features: { count: number } }>(server, query)).data?.features.count
  await cp(many, join(folder, 'c.parquet'))
  await until(count, 5000)
  await rm(join(folder, 'c.parquet'))
  await until(async () => (await ask(server, query)).errors?.[0]?.extensions['code'], 'LAYER_NOT_FOUND')
})

test('a cursor of a file that has other columns now is CURSOR_EXPIRED, and the schema of its layer is another', async () => {
  const columns = async () =>
    (await ask<{ layer: { columns: { name: string }[] } }>(server, '{ layer(name: "a") { columns { name } } }')).data!.layer
      .columns
  const { data } = await ask<{ features: { pageInfo: PageInfo } }>(
    server,
    '{ features(layer: "a", first: 10) { pageInfo { endCursor } } }',
  )
  const before = await columns()
  await replace(join(folder, 'a.parquet'), many)
  await until(async () => JSON.stringify(await columns()) !== JSON.stringify(before), true)
  const query = 'query($after: Cursor) { features(layer: "a", first: 10, after: $after) { count } }'
  const { errors } = await ask(server, query, { after: data!.features.pageInfo.endCursor })
  expect(errors?.[0]?.extensions['code']).toBe('CURSOR_EXPIRED')
})

test('a stream whose file is removed under it is whole or ends with an error, never short and complete', async () => {
  await cp(join(folder, 'wide.parquet'), join(folder, 'goes.parquet'))
  await until(async () => (await layers()).includes('goes'), true)
  const client = createClient({ url: server.socketUrl, webSocketImpl: WebSocket, retryAttempts: 0 })
  const query = 'subscription { featureBatches(layer: "goes", batchSize: 1000) { features { id } } }'
  const ids = new Set<string>()
  let batches = 0
  let failure: unknown = null
  try {
    for await (const { data, errors } of client.iterate<Batches>({ query })) {
      if (errors) failure = errors
      for (const { id } of data?.featureBatches.features ?? []) ids.add(id)
      if (++batches !== 20) continue
      await rm(join(folder, 'goes.parquet'))
      await until(async () => (await layers()).includes('goes'), false)
    }
  } catch (error) {
    failure = error
  }
  await client.dispose()
  expect(ids.size).toBeGreaterThanOrEqual(20_000)
  if (failure === null) expect(ids.size).toBe(ROWS)
  else expect(JSON.stringify(failure)).toMatch(/SOURCE_UNREADABLE|CURSOR_EXPIRED/)
})
