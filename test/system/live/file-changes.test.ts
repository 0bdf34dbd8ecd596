/** `changes` of files: a snapshot, and a new snapshot after a file without a key is replaced. */
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from 'graphql-ws'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { WebSocket } from 'ws'
import { watchLayer } from '../../../src/client/client.ts'
import { inEngine } from '../../support/engine.ts'
import { ask, checked } from '../../support/graphql.ts'
import { serve, type TestServer } from '../../support/server.ts'

vi.setConfig({ testTimeout: 110_000, hookTimeout: 110_000 })

let folder: string
let server: TestServer
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'geoduck-test-'))
  await mkdir(join(folder, 'files'))
  for (const file of ['a.parquet', 'left.parquet', 'other.parquet']) await put(file, { one: 1, two: 2 })
  await put('read.geojson', { one: 1, two: 2 })
  server = await serve([join(folder, 'files')], { watch: true })
})
afterAll(async () => {
  await server.close()
  await rm(folder, { recursive: true })
})

type Numbers = Readonly<Record<string, number>>

/** Puts a file in the place of the one before, with a point per number. */
async function put(name: string, numbers: Numbers, column = 'n'): Promise<void> {
  const file = join(folder, 'new')
  await rm(file, { force: true })
  const all = Object.entries(numbers)
  if (name.endsWith('.geojson')) {
    const features = all.map(([id, n]) => ({
      type: 'Feature',
      geometry: { type: 'Point', coordinates: [n, 0] },
      properties: { name: id, n },
    }))
    await writeFile(file, JSON.stringify({ type: 'FeatureCollection', features }))
  } else {
    const rows = all.map(([key, n]) => `('${key}', ${n}, ST_Point(${n}, 0))`)
    const values = `SELECT * FROM (VALUES ${rows}) AS t(name, ${column}, geometry)`
    await inEngine(':memory:', (connection) => connection.run(`COPY (${values}) TO '${file}' (FORMAT PARQUET)`))
  }
  await rename(file, join(folder, 'files', name))
}

interface Event {
  readonly __typename: string
  readonly token: string
  readonly version?: string
  readonly features?: readonly { readonly properties: { readonly name: string; readonly n: number } }[]
}

const QUERY = `subscription ($layer: String!, $since: Cursor, $where: FeatureFilter) {
  changes(layer: $layer, since: $since, where: $where, batchSize: 2) {
    __typename
    ... on Reset { token }
    ... on SnapshotBatch { token version features { properties } }
    ... on UpToDate { token version }
    ... on ChangeBatch { token version }
    ... on Heartbeat { token version }
  }
}`

class Changes {
  readonly #client = createClient({ url: server.socketUrl, webSocketImpl: WebSocket, retryAttempts: 0 })
  readonly #events: AsyncIterator<{ data?: { changes: Event } | null; errors?: readonly object[] }>

  constructor(variables: object) {
    this.#events = this.#client.iterate<{ changes: Event }>({ query: QUERY, variables: { ...variables } }) as never
  }

  /** The next event but a heartbeat, which comes after any time. */
  async next(): Promise<Event> {
    for (;;) {
      const { value } = await this.#events.next()
      if (!value?.data) throw new Error(JSON.stringify(value))
      if (value.data.changes.__typename !== 'Heartbeat') return value.data.changes
    }
  }

  /** Returns the types of all events up to `UpToDate`, the numbers in them, and the last event. */
  async snapshot() {
    const events: Event[] = []
    do events.push(await this.next())
    while (events.at(-1)!.__typename !== 'UpToDate')
    const features = events.flatMap(({ features = [] }) => features)
    const numbers = Object.fromEntries(features.map(({ properties: { name, n } }) => [name, n]))
    return { types: events.map(({ __typename }) => __typename), features, numbers, last: events.at(-1)! }
  }

  async close(): Promise<void> {
    await this.#client.dispose()
  }
}

const layerOf = async (name: string) => {
  const { data } = await ask<{ layer: { fingerprint: string; state: string; key: object } | null }>(
    server,
    'query ($name: String!) { layer(name: $name) { fingerprint state key { kind column } } }',
    { name },
  )
  return data!.layer
}

test('when a file without a key is replaced, Reset and a snapshot follow', async () => {
  const [layer, file] = ['a', 'a.parquet']
  await checked(server)
  const changes = new Changes({ layer })
  const first = await changes.snapshot()
  expect([first.types, first.numbers]).toEqual([['Reset', 'SnapshotBatch', 'UpToDate'], { one: 1, two: 2 }])
  const again = new Changes({ layer, since: first.last.token })
  expect((await again.snapshot()).types).toEqual(['UpToDate'])
  await again.close()
  const before = await layerOf(layer)
  await put(file, { two: 3, three: 4, four: 5 })
  await expect.poll(async () => (await layerOf(layer))!.fingerprint, { timeout: 60_000 }).not.toBe(before!.fingerprint)
  await checked(server)
  const second = await changes.snapshot()
  expect(second.types).toEqual(['Reset', 'SnapshotBatch', 'SnapshotBatch', 'UpToDate'])
  expect(second.numbers).toEqual({ two: 3, three: 4, four: 5 })
  expect(second.last.version).not.toBe(first.last.version)
  await changes.close()
  const old = new Changes({ layer, since: first.last.token })
  expect((await old.snapshot()).numbers).toEqual(second.numbers)
  await old.close()
})

test('a version has the ids that a query returns: they name the data, or the key that a check has found', async () => {
  for (const layer of ['a', 'read']) {
    const file = layer === 'a' ? 'a.parquet' : 'read.geojson'
    await checked(server)
    const client = createClient({ url: server.socketUrl, webSocketImpl: WebSocket })
    const query = `subscription { changes(layer: "${layer}") { ... on Reset { __typename } ... on SnapshotBatch { features { id } }
        ... on ChangeBatch { added { features { id } } removed } } }`
    const ids: string[] = []
    void (async () => {
      type Ids = readonly { readonly id: string }[]
      type Part = { changes: { __typename?: string; features?: Ids; added?: { features: Ids }; removed?: readonly string[] } }
      for await (const { data } of client.iterate<Part>({ query })) {
        const { __typename, features = [], added, removed = [] } = data!.changes
        const kept = __typename === 'Reset' ? [] : ids.filter((id) => !removed.some((key) => id === `${layer}:${key}`))
        ids.splice(0, Number.POSITIVE_INFINITY, ...kept, ...[...features, ...(added?.features ?? [])].map(({ id }) => id))
      }
    })()
    const queried = async () => {
      const { data } = await ask<{ features: { features: { id: string }[] } }>(
        server,
        `{ features(layer: "${layer}") { features { id } } }`,
      )
      return data?.features.features.map(({ id }) => id)
    }
    // After the check, the key does not change.
    await expect.poll(() => [...ids], { timeout: 60_000 }).toEqual(await queried())
    const before = await layerOf(layer)
    await put(file, { five: 5, six: 6 })
    await expect.poll(async () => (await layerOf(layer))!.fingerprint, { timeout: 60_000 }).not.toBe(before!.fingerprint)
    await checked(server)
    await expect.poll(() => [...ids], { timeout: 60_000 }).toEqual(await queried())
    expect(ids).toHaveLength(2)
    await client.dispose()
  }
})

test('another file of the folder, and a filter, change nothing', async () => {
  const changes = new Changes({ layer: 'other', where: { property: { name: 'n', gte: 2 } } })
  expect((await changes.snapshot()).numbers).toEqual({ two: 2 })
  await put('left.parquet', { one: 7 })
  await put('other.parquet', { two: 9, three: 1 })
  expect((await changes.snapshot()).numbers).toEqual({ two: 9 })
  await changes.close()
})

test('a file with other columns is read with these, and one that is gone is LAYER_NOT_FOUND', async () => {
  await put('left.parquet', { one: 1 })
  const changes = new Changes({ layer: 'left' })
  await changes.snapshot()
  await put('left.parquet', { one: 1 }, 'm')
  const snapshots = async (): Promise<unknown> => (await changes.snapshot()).features
  await expect.poll(snapshots, { timeout: 60_000 }).toEqual([{ properties: { name: 'one', m: 1 } }])
  await rm(join(folder, 'files/left.parquet'))
  await expect(changes.next()).rejects.toMatchObject([{ extensions: { code: 'LAYER_NOT_FOUND' } }])
  await changes.close()
})

test('watchLayer of geoduck-client follows a file', async () => {
  await put('a.parquet', { one: 1 })
  const watch = watchLayer({ url: server.socketUrl, layer: 'a' })
  const numbers = () => [...watch.features.values()].map(({ properties }) => (properties as { n: number }).n).toSorted()
  await expect.poll(numbers, { timeout: 60_000 }).toEqual([1])
  await put('a.parquet', { one: 5, two: 6 })
  await expect.poll(numbers, { timeout: 60_000 }).toEqual([5, 6])
  watch.close()
})

test('typed columns of a file are in `changes` by a fragment of its type', async () => {
  const fields = 'features { ... on OtherFeature { name n } }'
  type Features = { readonly features?: readonly { readonly name: string }[] }
  await checked(server)
  const { data } = await ask<{ features: Features }>(server, `{ features(layer: "other") { ${fields} } }`)
  const client = createClient({ url: server.socketUrl, webSocketImpl: WebSocket })
  const query = `subscription { changes(layer: "other") { __typename ... on SnapshotBatch { ${fields} } } }`
  const seen: unknown[] = []
  for await (const event of client.iterate<{ changes: Features & { readonly __typename: string } }>({ query })) {
    seen.push(...(event.data!.changes.features ?? []))
    if (event.data!.changes.__typename === 'UpToDate') break
  }
  await client.dispose()
  expect(seen).toEqual(data!.features.features)
  expect(seen).toContainEqual({ name: expect.any(String), n: expect.any(Number) })
})
