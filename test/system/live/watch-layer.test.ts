/** `watchLayer` keeps a collection equal to what a query returns, while connections are cut and the server is restarted. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { connect, type LayerWatch, watchLayer } from '../../../src/client/client.ts'
import { ask } from '../../support/graphql.ts'
import { CREATE, DELETE, point, UPSERT } from '../../support/live.ts'
import { Random } from '../../support/random.ts'
import { serve, type TestServer } from '../../support/server.ts'
import { Applied, byId, type Features } from '../../support/watched.ts'

let folder: string
let server: TestServer

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'geoduck-test-'))
  server = await serve([], { live: join(folder, 'live'), writes: true })
  await ask(server, CREATE, { name: 'cars', columns: [{ name: 'n', type: 'INTEGER' }] })
})
afterEach(async () => {
  await server.close()
  await rm(folder, { recursive: true })
})

const WHERE = { property: { name: 'n', gte: 50 } }

async function write(random: Random): Promise<void> {
  const keys = [...new Set(random.list(1 + random.integer(20), () => `k${random.integer(100)}`))]
  if (random.chance(0.3)) await ask(server, DELETE, { layer: 'cars', keys })
  else {
    const features = keys.map((key) => ({
      key,
      geometry: point(random.integer(180), 0),
      properties: { n: random.integer(100) },
    }))
    await ask(server, UPSERT, { layer: 'cars', features })
  }
}

async function queried(): Promise<Features> {
  const query = 'query ($where: FeatureFilter) { features(layer: "cars", where: $where) { geojson } }'
  const { data } = await ask<{ features: { geojson: { features: Features } } }>(server, query, { where: WHERE })
  return byId(data!.features.geojson.features)
}

async function inStep(watch: LayerWatch): Promise<void> {
  const expected = JSON.stringify(await queried())
  for (let tries = 0; JSON.stringify(byId(watch.features.values())) !== expected; tries++) {
    if (tries === 400) expect(byId(watch.features.values())).toEqual(JSON.parse(expected))
    await sleep(50)
  }
}

test('keeps step over cut connections and a restart, and its diffs add up to its features', async () => {
  const random = new Random()
  const applied = new Applied()
  for (let n = 0; n < 10; n++) await write(random)
  const url = `${server.url}/graphql`
  const client = connect(url)
  let isOpen = false
  client.on('connected', () => {
    isOpen = true
  })
  client.on('closed', () => {
    isOpen = false
  })
  const watch = watchLayer({ client, layer: 'cars', where: WHERE, onChange: applied.apply })
  await inStep(watch)
  for (let n = 0; n < 30; n++) {
    await write(random)
    if (isOpen && random.chance(0.2)) client.terminate()
    if (n === 15) {
      await server.close()
      server = await serve([], { live: join(folder, 'live'), writes: true, port: Number(new URL(url).port) })
    }
    if (random.chance(0.3)) await inStep(watch)
  }
  await inStep(watch)
  expect(applied.diffs.filter(({ removeAll }) => removeAll)).toHaveLength(1)
  watch.close()
  await watch.ended
  await client.dispose()
})

test('begins again with a server that has another store and another secret', async () => {
  await ask(server, UPSERT, { layer: 'cars', features: [{ key: 'a', properties: { n: 60 } }] })
  const other = { live: join(folder, 'other'), writes: true, cursorSecret: 'another secret for tests' }
  const prepared = await serve([], other)
  await ask(prepared, CREATE, { name: 'cars', columns: [{ name: 'n', type: 'INTEGER' }] })
  await ask(prepared, UPSERT, { layer: 'cars', features: [{ key: 'b', properties: { n: 70 } }] })
  await prepared.close()
  const url = `${server.url}/graphql`
  const seen: (readonly string[])[] = []
  const watch = watchLayer({ url, layer: 'cars', where: WHERE, onChange: (_, { features }) => seen.push([...features.keys()]) })
  await inStep(watch)
  await server.close()
  server = await serve([], { ...other, port: Number(new URL(url).port) })
  for (let tries = 0; !watch.features.has('b') && tries < 400; tries++) await sleep(50)
  expect([...watch.features.keys()]).toEqual(['b'])
  expect(seen.at(0)).toEqual(['a'])
  watch.close()
})

test('ends with the error that a retry cannot solve, and by an abort', async () => {
  const url = `${server.url}/graphql`
  await expect(watchLayer({ url, layer: 'nowhere' }).ended).rejects.toMatchObject({ code: 'LAYER_NOT_FOUND' })
  const stop = new AbortController()
  const watch = watchLayer({ url, layer: 'cars', signal: stop.signal })
  stop.abort()
  await watch.ended
})
