/** Layers whose rows Spark gathers, in the catalogue of a server: described as the same files without Spark, proven, and followed. */
import { copyFile, mkdtemp, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createClient } from 'graphql-ws'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Config } from '../../../src/config/config.ts'
import { resolveConfig } from '../../../src/config/resolve.ts'
import { freePort } from '../../support/free-port.ts'
import { ask } from '../../support/graphql.ts'
import { Link } from '../../support/link.ts'
import { python } from '../../support/python.ts'
import { configured, serve, type TestServer } from '../../support/server.ts'
import { type SharedSpark, sharedSpark } from '../../support/shared-spark.ts'

const PATIENCE = { interval: 100 }

let folder: string
let spark: SharedSpark
const servers: TestServer[] = []

beforeAll(async () => {
  spark = await sharedSpark()
  ;({ folder } = spark)
  process.env['SPARK_LAYERS_TOKEN'] = spark.token
  await python(MAKE, [folder])
})

afterAll(async () => {
  for (const server of servers) await server.close()
  await spark?.leave()
})

/** Two parts of one layer, with columns that Spark has, has in a wider type, and does not have; and files with a wrong key. */
const MAKE = `
import sys, os, uuid, json
import geopandas as gpd, numpy as np, pyarrow as pa, pyarrow.parquet as pq, shapely
folder = sys.argv[1]
os.makedirs(folder + "/sea")
def frame(first, rows):
    n = np.arange(first, first + rows)
    return gpd.GeoDataFrame({
        "id": n, "name": [f"buoy {i % 7}" if i % 5 else None for i in n], "depth": n / 8.0,
        "small": (n % 200).astype("uint8"), "large": n.astype("uint64"), "seen": np.datetime64("2026-01-01T00:00:00", "us") + n,
        "tags": [[f"t{i % 3}"] for i in n],
    }, geometry=shapely.points(n / 10.0, -n / 20.0), crs="EPSG:3857")
for part, first in enumerate([0, 600]):
    frame(first, 600).to_parquet(f"{folder}/sea/part-{part}.parquet", write_covering_bbox=True, schema_version="1.1.0")
frame(0, 20).to_parquet(folder + "/native.parquet", geometry_encoding="geoarrow", schema_version="1.1.0")
frame(0, 300).to_parquet(folder + "/moving.parquet", write_covering_bbox=True, schema_version="1.1.0")
frame(0, 400).to_parquet(folder + "/moved.parquet", write_covering_bbox=True, schema_version="1.1.0")
pq.write_table(pa.table({"id": pa.array([1, 2, None, 2], pa.int64()), "twice": [1, 2, 2, 2], "real": [0.5, 1, 2, 3], "long": ["a", "b", "c", "d" * 501]}), folder + "/wrong.parquet")
pq.write_table(pa.table({"id": [1], "mark": pa.array([uuid.UUID(int=1).bytes], pa.uuid()), "noon": pa.array([43_200_000_000], pa.time64("us"))}), folder + "/types.parquet")
two = gpd.GeoDataFrame({"id": [1, 2]}, geometry=[shapely.Point(1, 2), shapely.Point(3, 4)], crs="EPSG:4326")
two.assign(other=two.geometry).to_parquet(folder + "/two.parquet")
print(json.dumps(None))`

type LayerConfig = Config['layers'][number]

function engineAt(address: string): Config['engines'][number] {
  const limits = { token: '$SPARK_LAYERS_TOKEN', maxRows: 1e6, maxBytes: 1e9, keepSeconds: 600, concurrency: 2 }
  return { name: 'big', kind: 'spark-connect', url: `sc://${address}`, resultSets: join(folder, 'results'), ...limits }
}

const layer = (name: string, path: string, key = 'id'): LayerConfig => ({ name, path: join(folder, path), engine: 'big', key })

async function started(layers: readonly LayerConfig[], address = spark.address, config: Partial<Config> = {}) {
  const cacheDirectory = await mkdtemp(join(folder, 'cache-'))
  const server = await serve([], { layers, engines: [engineAt(address)], cacheDirectory, ...config })
  servers.push(server)
  return server
}

interface Described {
  readonly name: string
  readonly state: string
  readonly fingerprint: string
  readonly featureCount: string | null
  readonly extent: readonly number[] | null
  readonly columns: readonly { readonly name: string; readonly type: string }[]
}

interface Page {
  readonly features: { readonly features: readonly { readonly key: string }[]; readonly pageInfo: { readonly endCursor: string } }
}

async function layersOf(server: TestServer): Promise<readonly Described[]> {
  const { data, errors } = await ask<{ layers: readonly Described[] }>(
    server,
    `{ layers { name state fingerprint kind geometryColumn geometryTypes hasZ crs { code } extent featureCount pruning key { kind column }
      columns { name type jsonType nullable } } }`,
  )
  expect(errors).toBeUndefined()
  return data!.layers
}

/** Waits until that many layers are proven. */
async function ready(server: TestServer, count: number): Promise<void> {
  const proven = async () => (await layersOf(server)).filter(({ state }) => state === 'READY').length
  await expect.poll(proven, PATIENCE).toBe(count)
}

async function problemsOf(server: TestServer): Promise<readonly string[]> {
  const { data } = await ask<{ health: { problems: { source: string; reason: string }[] } }>(
    server,
    '{ health { problems { source reason } } }',
  )
  return data!.health.problems.map(({ source, reason }) => `${source}: ${reason}`)
}

const CHANGED: Readonly<Record<string, string>> = { small: 'SMALLINT', large: 'DECIMAL(20,0)' }

it('a layer is described as the same files without Spark, except for integers without a sign', async () => {
  const server = await started([layer('sea', 'sea'), { ...layer('plain', 'sea'), engine: undefined }])
  await ready(server, 2)
  const [plain, sea] = await layersOf(server)
  const columns = plain!.columns.map((column) => ({ ...column, type: CHANGED[column.name] ?? column.type }))
  expect(sea).toEqual({ ...plain, name: 'sea', columns, fingerprint: expect.not.stringContaining(plain!.fingerprint) })
  expect(sea).toMatchObject({ featureCount: '1200', extent: [0, -59.95, 119.9, 0], key: { kind: 'COLUMN', column: 'id' } })
  expect(await problemsOf(server)).toEqual([])
})

it('a layer of a native encoding has the features of the same file without Spark', async () => {
  const native = layer('native', 'native.parquet')
  const server = await started([native, { ...native, name: 'plain', engine: undefined }])
  await ready(server, 2)
  const [own, plain] = await layersOf(server)
  expect(own).toMatchObject({ extent: plain!.extent, featureCount: '20', pruning: 'COVERING_COLUMN' })
  const where = '{ property: { name: "id", gt: 4 }, intersects: { bbox: [0, -1, 1, 0] } }'
  const pages = ['native', 'plain'].map((name) =>
    ask(server, `{ features(layer: "${name}", where: ${where}) { features { key geometry bbox } } }`),
  )
  const [gathered, direct] = await Promise.all(pages)
  expect(direct!.errors).toBeUndefined()
  expect(JSON.stringify(direct)).toContain('"key":"9"')
  expect(gathered).toEqual(direct)
})

it('what Spark cannot read, and a key that is none, is a problem that names it', async () => {
  const layers = [
    layer('wrong', 'wrong.parquet'),
    layer('twice', 'wrong.parquet', 'twice'),
    layer('real', 'wrong.parquet', 'real'),
    layer('long', 'wrong.parquet', 'long'),
    layer('types', 'types.parquet'),
    layer('two', 'two.parquet'),
  ]
  const server = await started(layers)
  await expect
    .poll(() => problemsOf(server), PATIENCE)
    .toEqual([
      'wrong.parquet: its column id cannot be its key: it is null in 1 row; name another `key`',
      "wrong.parquet: its column twice cannot be its key: 2 rows repeat another's value; name another `key`",
      'wrong.parquet: its column real is DOUBLE, which cannot be a key of an engine (an integer or text can)',
      'wrong.parquet: its column long cannot be its key: it has a text of 501 bytes, and a cursor has place for 500; name another `key`',
      'types.parquet: its engine big cannot read the type of mark (UUID), noon (TIME): write it as another type',
      "two.parquet: its column other is left out: it is GEOMETRY('EPSG:4326'), and Spark reads bytes",
    ])
  const served = (await layersOf(server)).map(({ name, columns }) => [name, columns.map((column) => column.name)])
  expect(served).toEqual([['two', ['id']]])
})

it('a server serves its other layers while Spark does not answer, and the layer after it does', async () => {
  const link = await Link.to({ url: `http://127.0.0.1:${await freePort()}` })
  try {
    const plain = { ...layer('plain', 'moving.parquet'), engine: undefined }
    const server = await started([layer('sea', 'sea'), plain], new URL(link.url).host)
    const problem = 'sea: its engine big does not answer, and is asked again: start it, or correct `engines`'
    await expect.poll(() => problemsOf(server), PATIENCE).toEqual([problem])
    await ready(server, 1)
    const { data, errors } = await ask(server, '{ plain(first: 1) { count } }')
    expect([data, errors]).toEqual([{ plain: { count: 1 } }, undefined])
    const refused = await ask(server, '{ features(layer: "sea", first: 1) { count } }')
    expect(refused.errors![0]!.extensions['code']).toBe('LAYER_NOT_READY')
    link.server = { url: `http://${spark.address}` }
    await ready(server, 2)
    expect(await problemsOf(server)).toEqual([])
  } finally {
    await link.close()
  }
})

it('files that are replaced are proven again, and no answer before that has rows of both', async () => {
  const server = await started([layer('moving', 'moving.parquet')])
  await ready(server, 1)
  const [before] = await layersOf(server)
  expect(before).toMatchObject({ featureCount: '300' })
  const query = `query ($after: Cursor) {
    features(layer: "moving", first: 2, after: $after) { features { key } pageInfo { endCursor } }
  }`
  const page = (after: string | null = null) => ask<Page>(server, query, { after })
  const cursor = (await page()).data!.features.pageInfo.endCursor
  expect((await page(cursor)).data!.features.features).toEqual([{ key: '2' }, { key: '3' }])

  const replace = async (name: string) => {
    await copyFile(join(folder, name), join(folder, 'next'))
    await rename(join(folder, 'next'), join(folder, 'moving.parquet'))
  }
  const event = nextChange(server, before!.fingerprint)
  await replace('moved.parquet')
  const codes: unknown[] = []
  const code = async () => {
    const { errors } = await page(cursor)
    codes.push(errors?.[0]?.extensions['code'])
    return codes.at(-1)
  }
  await expect.poll(code, PATIENCE).toBe('CURSOR_EXPIRED')
  expect(new Set(codes.slice(0, -1))).toEqual(new Set(['SOURCE_CHANGED']))
  const [after] = await layersOf(server)
  expect(after).toMatchObject({ featureCount: '400', state: 'READY' })
  expect(await event).toMatchObject({ kind: 'NEW_VERSION', layer: { fingerprint: after!.fingerprint } })

  await replace('wrong.parquet')
  await page()
  await expect.poll(() => problemsOf(server), PATIENCE).toEqual([expect.stringContaining('it is null in 1 row')])
  expect(await layersOf(server)).toEqual([])
})

it('a layer is added without a restart if its engine was there at the start', async () => {
  const file = join(folder, 'geoduck.json')
  const engine = engineAt(spark.address)
  const write = async (content: object) => {
    await writeFile(join(folder, 'new.json'), JSON.stringify(content))
    await rename(join(folder, 'new.json'), file)
  }
  const plain = { name: 'plain', path: join(folder, 'native.parquet') }
  await write({ engines: [engine], layers: [plain] })
  const read = async () => (await resolveConfig({ paths: [], configFile: file, settings: {} })).config
  const cacheDirectory = await mkdtemp(join(folder, 'cache-'))
  const server = await configured({ file, read }, { watch: true, layers: [plain], engines: [engine], cacheDirectory })
  servers.push(server)
  const added = layer('added', 'native.parquet')
  await write({ engines: [engine], layers: [plain, added] })
  await ready(server, 2)
  await write({ engines: [engine, { ...engine, name: 'late' }], layers: [plain, { ...added, engine: 'late' }] })
  const problem = 'geoduck.json: layer added is of engine late, which was not there at the start: start the server again'
  await expect.poll(() => problemsOf(server), PATIENCE).toEqual([problem])
  expect(await layersOf(server)).toHaveLength(2)
})

/** Resolves with the first event of the layer that is another version than the one of the fingerprint. */
async function nextChange(server: TestServer, fingerprint: string): Promise<unknown> {
  const client = createClient({ url: server.socketUrl, webSocketImpl: WebSocket })
  const query = `subscription { layerChanged(layer: "moving", fingerprint: "${fingerprint}") { kind layer { fingerprint } } }`
  try {
    const { value } = await client.iterate<{ layerChanged: unknown }>({ query }).next()
    return value.data.layerChanged
  } finally {
    await client.dispose()
  }
}
