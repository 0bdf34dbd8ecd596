/** Clients that want to know when a layer is added, replaced or removed. */
import { cp, mkdtemp, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from 'graphql-ws'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { WebSocket } from 'ws'
import { fixture } from '../../fixtures/index.ts'
import { ask, post } from '../../support/graphql.ts'
import { serve, type TestServer } from '../../support/server.ts'

vi.setConfig({ testTimeout: 110_000, hookTimeout: 110_000 })
const points = await fixture('geoparquet/key-id.parquet')
const others = await fixture('geoparquet/points-1.1-covering.parquet')

interface Changed {
  readonly layerChanged: { kind: string; name: string; layer: { fingerprint: string; state: string } | null }
}
const FIELDS = '{ kind name layer { fingerprint state } }'

let folder: string
let server: TestServer
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'geoduck-test-'))
  await cp(points, join(folder, 'a.parquet'))
  await cp(points, join(folder, 'still.parquet'))
  server = await serve([folder], { watch: true })
})
afterAll(async () => {
  await server.close()
  await rm(folder, { recursive: true })
})

async function put(name: string, content: string): Promise<void> {
  await cp(content, join(folder, '.new'))
  await rename(join(folder, '.new'), join(folder, name))
}

const fingerprintOf = async (name: string) => {
  const { data } = await ask<{ layer: { fingerprint: string } | null }>(server, `{ layer(name: "${name}") { fingerprint } }`)
  return data!.layer?.fingerprint
}

/** A subscription that has begun. CHECKED events are left out: a check takes any time. */
async function subscribe(args = '') {
  const client = createClient({ url: server.socketUrl, webSocketImpl: WebSocket })
  const events = client.iterate<Changed>({ query: `subscription { layerChanged${args} ${FIELDS} }` })
  const first = events.next()
  // A server answers the operations of a connection in order.
  await client.iterate({ query: '{ health { version } }' }).next()
  let isFirst = true
  return {
    async next(): Promise<Changed['layerChanged']> {
      for (;;) {
        const { value } = await (isFirst ? first : events.next())
        isFirst = false
        const change = value?.data?.layerChanged
        if (!change) throw new Error(JSON.stringify(value))
        if (change.kind !== 'CHECKED') return change
      }
    },
    close: () => client.dispose(),
  }
}

test('a replaced file is one event with the new fingerprint, and its data can be read then', async () => {
  const changes = await subscribe('(layer: "a")')
  const before = await fingerprintOf('a')
  await put('a.parquet', others)
  const { kind, name, layer } = await changes.next()
  expect([kind, name]).toEqual(['NEW_VERSION', 'a'])
  expect(layer!.fingerprint).not.toBe(before)
  const { data } = await ask<{ features: { totalCount: string } }>(server, '{ features(layer: "a") { totalCount } }')
  expect(Number(data!.features.totalCount)).toBe(5_000)
  await changes.close()
})

test('an added file and a removed file are events of a subscription to all layers', async () => {
  const changes = await subscribe()
  await put('new.parquet', points)
  expect(await changes.next()).toMatchObject({ kind: 'ADDED', name: 'new', layer: { fingerprint: await fingerprintOf('new') } })
  await rm(join(folder, 'new.parquet'))
  expect(await changes.next()).toEqual({ kind: 'REMOVED', name: 'new', layer: null })
  await changes.close()
})

test('a subscription to one layer gets no event of another, and gets its own after a removal', async () => {
  await put('comes.parquet', points)
  await expect.poll(() => fingerprintOf('comes')).toBeTypeOf('string')
  const changes = await subscribe('(layer: "comes")')
  await put('other.parquet', points)
  await expect.poll(() => fingerprintOf('other')).toBeTypeOf('string')
  await rm(join(folder, 'comes.parquet'))
  expect(await changes.next()).toMatchObject({ kind: 'REMOVED', name: 'comes' })
  await put('comes.parquet', points)
  expect(await changes.next()).toMatchObject({ kind: 'ADDED', name: 'comes' })
  await changes.close()
})

test('a client that connects again with the fingerprint that it has gets an event at once if it is old, and none if it is not', async () => {
  const old = await subscribe('(layer: "still", fingerprint: "0123456789abcdef")')
  const { layer, ...change } = await old.next()
  expect(change).toEqual({ kind: 'NEW_VERSION', name: 'still' })
  expect(layer!.fingerprint).toBe(await fingerprintOf('still'))
  await old.close()
  const current = await subscribe(`(layer: "still", fingerprint: "${layer!.fingerprint}")`)
  await put('still.parquet', others)
  expect((await current.next()).layer!.fingerprint).not.toBe(layer!.fingerprint)
  await current.close()
})

test.each([
  ['(layer: "nowhere")', 'LAYER_NOT_FOUND'],
  ['(fingerprint: "0123456789abcdef")', 'BAD_INPUT'],
])('layerChanged%s is %s', async (args, code) => {
  const response = await post(
    server,
    { query: `subscription { layerChanged${args} ${FIELDS} }` },
    { accept: 'text/event-stream' },
  )
  expect(await response.text()).toContain(`"code":"${code}"`)
})
