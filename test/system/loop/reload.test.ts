/**
 * A server with 1,000 layers, in a separate process, is introspected and gets other layers while 50 streams run. Its event loop must serve them
 * meanwhile.
 */
import { cp, mkdtemp, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getIntrospectionQuery } from 'graphql'
import { type Client, createClient } from 'graphql-ws'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { WebSocket } from 'ws'
import { fixture } from '../../fixtures/index.ts'
import { layer, MANY_LAYERS } from '../../fixtures/loop.ts'
import { inEngine } from '../../support/engine.ts'
import { ask } from '../../support/graphql.ts'
import { inOneOf } from '../../support/rounds.ts'
import { PLACES } from '../../support/server.ts'
import { type Look, ProbedServer } from './probed-server.ts'

/** Milliseconds of processor time without a return to the event loop: the 99th percentile, and the longest. */
const MOST = { p99: 50, longest: 100 }
const STREAMS = 50
const PATIENCE = { timeout: 110_000, interval: 250 }

let folder: string
let server: ProbedServer
let client: Client
/** Batches that the streams have received. */
let batches = 0
const ends: (() => void)[] = []

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'geoduck-test-'))
  await cp(await fixture('loop/many.duckdb'), join(folder, 'many.duckdb'))
  server = await ProbedServer.start([folder, PLACES])
  client = createClient({ url: `${server.url.replace('http', 'ws')}/graphql`, webSocketImpl: WebSocket })
  for (let n = 0; n < STREAMS; n++) stream()
  await vi.waitUntil(() => batches > STREAMS, PATIENCE)
}, 240_000)
afterAll(async () => {
  for (const end of ends) end()
  await client?.dispose()
  await server?.close()
  await rm(folder, { recursive: true })
})

/** A stream that begins again at its end. */
function stream(): void {
  const query = 'subscription { places(batchSize: 10) { features { name } } }'
  let isOver = false
  const begin = () => {
    if (isOver) return
    ends.push(client.subscribe({ query }, { next: () => void batches++, error: () => {}, complete: begin }))
  }
  ends.push(() => {
    isOver = true
  })
  begin()
}

/** The database with one more layer, and with one more column in another. */
async function changed(): Promise<void> {
  const next = join(folder, '.next')
  await cp(join(folder, 'many.duckdb'), next)
  await inEngine(':memory:', async (connection) => {
    for (const statement of [
      `ATTACH '${next}' AS db`,
      'USE db',
      `CREATE TABLE added AS FROM ${layer(0)}`,
      `ALTER TABLE ${layer(1)} ADD COLUMN more INTEGER`,
      'CHECKPOINT',
      'USE memory',
      'DETACH db',
    ])
      await connection.run(statement)
  })
  await rename(next, join(folder, 'many.duckdb'))
}

const answer = async (query: string) => JSON.stringify(await ask(server, query))

function expectShort(what: string, { p99, longest }: Look): void {
  console.log(`${what}: the 99th percentile of the holds is ${p99.toFixed(1)} ms, the longest ${longest.toFixed(1)} ms`)
  expect(p99).toBeLessThan(MOST.p99)
  expect(longest).toBeLessThan(MOST.longest)
}

test('introspection of 1,000 layers lets the event loop serve 50 streams', async () => {
  await inOneOf(3, async () => {
    await server.look()
    const before = batches
    const { data } = await ask<{ __schema: { types: { name: string }[] } }>(server, getIntrospectionQuery())
    const look = await server.look()
    expect(data!.__schema.types.filter(({ name }) => name.endsWith('Feature')).length).toBeGreaterThan(MANY_LAYERS)
    expect(batches).toBeGreaterThan(before)
    expectShort('introspection', look)
  })
})

test('a new version of 1,000 layers lets the event loop serve 50 streams, and each operation has the new schema', async () => {
  expect(await answer('{ added { count } }')).toContain('Cannot query field')
  await server.look()
  const before = batches
  await changed()
  await expect
    .poll(() => answer('{ added { features { name } } }'), PATIENCE)
    .toBe('{"data":{"added":{"features":[{"name":"a"}]}}}')
  const typed = '{ aLayerWithAName_0001 { features { more flag } } }'
  await expect
    .poll(() => answer(typed), PATIENCE)
    .toBe('{"data":{"aLayerWithAName_0001":{"features":[{"more":null,"flag":true}]}}}')
  expect(await answer('{ __type(name: "AddedFeature") { name } }')).toBe('{"data":{"__type":{"name":"AddedFeature"}}}')
  expectShort('reload', await server.look())
  expect(batches).toBeGreaterThan(before)
}, 240_000)
