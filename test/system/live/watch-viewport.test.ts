/** `watchViewport` keeps a collection equal to what a query of its box returns, while the box moves, connections are cut and the server is restarted. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { connect, type ViewportWatch, watchViewport } from '../../../src/client/client.ts'
import { ask } from '../../support/graphql.ts'
import { CREATE, DELETE, UPSERT } from '../../support/live.ts'
import { Random } from '../../support/random.ts'
import { serve, type TestServer } from '../../support/server.ts'
import { type Box, featureOf, randomBox } from '../../support/viewport.ts'
import { Applied, byId, type Features } from '../../support/watched.ts'

let folder: string
let server: TestServer
const open = (port = 0) => serve([], { live: join(folder, 'live'), writes: true, port })

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'geoduck-test-'))
  server = await open()
})
afterAll(async () => {
  await server.close()
  await rm(folder, { recursive: true })
})

const create = (name: string) => ask(server, CREATE, { name, columns: [{ name: 'n', type: 'INTEGER' }] })

async function queried(layer: string, bbox: Box): Promise<Features> {
  const query =
    'query ($layer: String!, $bbox: BBox!) { features(layer: $layer, where: { bbox: $bbox }, first: 1000) { geojson } }'
  const { data } = await ask<{ features: { geojson: { features: Features } } }>(server, query, { layer, bbox })
  return byId(data!.features.geojson.features)
}

/** Waits until the watch has what a query of the box returns. */
async function inStep(watch: ViewportWatch, layer: string, bbox: Box): Promise<void> {
  const expected = await queried(layer, bbox)
  const has = () => ({ bbox: watch.bbox, features: byId(watch.features.values()) })
  await expect.poll(has).toEqual({ bbox, features: expected })
}

test('keeps step over moves, commits, cut connections and a restart, and its diffs add up to its features', async () => {
  const random = new Random()
  const applied = new Applied()
  const write = async () => {
    const keys = [...new Set(random.list(1 + random.integer(20), () => `k${random.integer(100)}`))]
    if (random.chance(0.3)) await ask(server, DELETE, { layer: 'moved', keys })
    else {
      const features = keys.map((key) => featureOf(key, { box: randomBox(random, 20), n: random.integer(100) }))
      await ask(server, UPSERT, { layer: 'moved', features })
    }
  }
  await create('moved')
  for (let n = 0; n < 6; n++) await write()
  const url = `${server.url}/graphql`
  const client = connect(url)
  let isOpen = false
  client.on('connected', () => {
    isOpen = true
  })
  client.on('closed', () => {
    isOpen = false
  })
  let bbox: Box = [-50, -50, 0, 0]
  const watch = watchViewport({ client, layer: 'moved', bbox, onChange: applied.apply })
  for (let n = 0; n < 30; n++) {
    if (random.chance(0.5)) await write()
    // Several moves follow each other without a wait.
    for (let moves = 0; moves < 3; moves++) {
      bbox = randomBox(random, 80)
      watch.move(bbox)
    }
    if (isOpen && random.chance(0.2)) client.terminate()
    if (n === 15) {
      await server.close()
      server = await open(Number(new URL(url).port))
    }
    if (random.chance(0.3)) await inStep(watch, 'moved', bbox)
  }
  await inStep(watch, 'moved', bbox)
  expect(applied.diffs.filter(({ removeAll }) => removeAll)).toHaveLength(1)
  watch.close()
  await watch.ended
  await client.dispose()
})

test('has cells while its box has too many features, and features when it has few', async () => {
  await create('many')
  const features = Array.from({ length: 30 }, (_, n) => featureOf(`k${n}`, { box: [n, 0, n, 0], n }))
  await ask(server, UPSERT, { layer: 'many', features })
  const all: Box = [0, -1, 29, 1]
  const seen: (readonly [coarse: boolean | null, features: number])[] = []
  const watch = watchViewport({
    url: `${server.url}/graphql`,
    layer: 'many',
    bbox: all,
    maxFeatures: 10,
    onChange: (_, { cells, features: { size } }) => seen.push([cells?.coarse ?? null, size]),
  })
  await expect.poll(() => watch.cells?.count).toBe(30)
  expect(watch.cells!.geojson.features.reduce((sum, { properties }) => sum + properties.count, 0)).toBe(30)
  expect([watch.bbox, watch.features.size]).toEqual([all, 0])
  watch.move([0, -1, 5, 1])
  await inStep(watch, 'many', [0, -1, 5, 1])
  expect(watch.cells).toBe(null)
  watch.move(all)
  await expect.poll(() => watch.cells?.coarse).toBe(true)
  expect(seen).toEqual([
    [true, 0],
    [false, 0],
    [null, 6],
    [true, 0],
  ])
  watch.close()
})

test('ends with the error that a retry cannot solve, of the subscription or of a move, and by an abort', async () => {
  await create('ended')
  const url = `${server.url}/graphql`
  const bbox: Box = [0, 0, 1, 1]
  await expect(watchViewport({ url, layer: 'nowhere', bbox }).ended).rejects.toMatchObject({ code: 'LAYER_NOT_FOUND' })
  const wrong = watchViewport({ url, layer: 'ended', bbox })
  await expect.poll(() => wrong.bbox).toEqual(bbox)
  wrong.move([0, 1, 1, 0])
  await expect(wrong.ended).rejects.toMatchObject({ code: 'BAD_INPUT' })
  const stop = new AbortController()
  const watch = watchViewport({ url, layer: 'ended', bbox, signal: stop.signal })
  stop.abort()
  await watch.ended
})
