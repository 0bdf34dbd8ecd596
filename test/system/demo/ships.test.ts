/** The live layer of the demo: its ships move along coasts while somebody watches, and a click stops them. */
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type LayerWatch, watchLayer } from '../../../src/client/client.ts'
import { ROOT } from '../../support/environment.ts'
import { ask } from '../../support/graphql.ts'
import { launch } from '../../support/launched.ts'
import { processesOf, UPSERT } from '../../support/live.ts'
import { python } from '../../support/python.ts'
import { serveDemo, type TestServer } from '../../support/server.ts'

let folder: string
let server: TestServer
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'geoduck-test-'))
  server = await serveDemo({ tempDirectory: folder })
})
afterAll(async () => {
  await server.close()
  await rm(folder, { recursive: true })
})

const writers = () => processesOf(process.pid, 'ships/sail.ts').length
/** The latest time of each ship. A ship never goes back. */
const latest = new Map<unknown, string>()
const open = () =>
  watchLayer({
    url: `${server.url}/graphql`,
    layer: 'ships',
    onChange: ({ add }) => {
      for (const { id, properties } of add) {
        const at = String(properties!['at'])
        if (at < (latest.get(id) ?? '')) backwards.push(id)
        latest.set(id, at)
      }
    },
  })
const backwards: unknown[] = []
const fingerprint = async () =>
  (await ask<{ layer: object }>(server, '{ layer(name: "ships") { fingerprint featureCount } }')).data!.layer
const told = async (how = '', init: RequestInit = {}) => (await fetch(`${server.url}/map/demo${how}`, init)).json()
const press = (what: string) => told(`?writer=${what}`, { method: 'POST' })

/** The ships' time of each ship. */
const times = ({ features }: LayerWatch) =>
  new Map([...features].map(([key, { properties }]) => [key, String(properties!['at'])] as const))
/** Resolves when each ship has moved. */
async function moved(watch: LayerWatch): Promise<void> {
  await expect.poll(() => watch.features.size).toBe(2_000)
  const before = times(watch)
  await expect.poll(() => [...times(watch)].filter(([key, at]) => at > before.get(key)!).length).toBe(2_000)
}

test('2,000 ships are there when the server is ready, and nobody moves them', async () => {
  const before = await fingerprint()
  expect(before).toMatchObject({ featureCount: '2000' })
  expect(await told()).toMatchObject({ layer: 'ships', writer: 'WAITING' })
  expect(writers()).toBe(0)
  expect(await fingerprint()).toEqual(before)
})

test('the writer runs while somebody watches, and continues from where it was', async () => {
  const watch = open()
  await moved(watch)
  expect(writers()).toBe(1)
  expect(await told()).toMatchObject({ writer: 'RUNNING' })
  watch.close()
  await expect.poll(() => told()).toMatchObject({ writer: 'WAITING' })
  expect(writers()).toBe(0)
  const before = await fingerprint()
  expect(await fingerprint()).toEqual(before)
  const again = open()
  await moved(again)
  again.close()
  expect(backwards).toEqual([])
})

test('a click stops the writer for everybody, and another one starts it', async () => {
  const watch = open()
  await moved(watch)
  expect(await press('stop')).toMatchObject({ writer: 'STOPPED' })
  await expect.poll(writers).toBe(0)
  const before = await fingerprint()
  const another = open()
  await expect.poll(() => another.features.size).toBe(2_000)
  expect(await fingerprint()).toEqual(before)
  expect(writers()).toBe(0)
  await press('start')
  await Promise.all([moved(watch), moved(another)])
  watch.close()
  another.close()
})

test('no other client writes, and no page of another origin stops the writer', async () => {
  const { errors } = await ask(server, UPSERT, { layer: 'ships', features: [{ key: 'ship 1' }] })
  expect(errors).toMatchObject([{ extensions: { code: 'FORBIDDEN' } }])
  const response = await fetch(`${server.url}/map/demo?writer=stop`, {
    method: 'POST',
    headers: { origin: 'http://example.com' },
  })
  expect(response.status).toBe(403)
  expect(await told()).not.toMatchObject({ writer: 'STOPPED' })
})

test('each ship is on a coast after 1,000 steps, and on the globe', async () => {
  const { featureOf, fleet } = await import('../../../scripts/ships/fleet.ts')
  const places = fleet().map((ship) => featureOf(ship, 1_000).geometry.geojson.coordinates)
  const farthest = await python<number>(
    `
import geopandas, json, shapely, sys
countries = geopandas.read_parquet(sys.argv[1])
parts = shapely.get_parts(shapely.boundary(countries.geometry.values))
tree = shapely.STRtree(parts)
points = shapely.points(json.load(sys.stdin))
assert (abs(shapely.get_x(points)) <= 180).all()
print(json.dumps(tree.query_nearest(points, return_distance=True, all_matches=False)[1].max()))`,
    [join(ROOT, '.geoduck/demo/countries.parquet')],
    JSON.stringify(places),
  )
  expect(farthest).toBeLessThan(0.001)
})

test('npm start shows the ships, and leaves no file when it ends', async () => {
  const own = await mkdtemp(join(tmpdir(), 'geoduck-test-'))
  const launched = launch('npm', ['start', '--', '--port', '0', '--temp-directory', own], { cwd: ROOT })
  try {
    await launched.line(/^ready /)
    expect(launched.lines.map((line) => line.trim())).toContain('layer     ships, Point, 2,000 features')
  } finally {
    process.kill(launched.pid, 'SIGTERM')
  }
  expect(await launched.ended).toBe(0)
  expect(await readdir(own)).toEqual([])
  await rm(own, { recursive: true })
})
