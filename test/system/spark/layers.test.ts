/** Layers whose rows Spark gathers, in the catalogue of a server: described as the same files without Spark, proven, and followed. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Config } from '../../../src/config/config.ts'
import { ask } from '../../support/graphql.ts'
import { python } from '../../support/python.ts'
import { serve, type TestServer } from '../../support/server.ts'
import { type Spark, startSpark } from '../../support/spark.ts'

const PATIENCE = { timeout: 60_000, interval: 100 }

let folder: string
let spark: Spark
const servers: TestServer[] = []

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'geoduck-spark-layers-'))
  await python(MAKE, [folder])
  spark = await startSpark()
})

afterAll(async () => {
  for (const server of servers) await server.close()
  await spark?.stop()
  await rm(folder, { recursive: true })
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
frame(0, 300).to_parquet(folder + "/moving.parquet", write_covering_bbox=True, schema_version="1.1.0")
frame(0, 400).to_parquet(folder + "/moved.parquet", write_covering_bbox=True, schema_version="1.1.0")
pq.write_table(pa.table({"id": pa.array([1, 2, None, 2], pa.int64()), "twice": [1, 2, 2, 2], "real": [0.5, 1, 2, 3]}), folder + "/wrong.parquet")
made = pa.array([uuid.UUID(int=i).bytes for i in range(3)], pa.binary(16))
pq.write_table(pa.table({"id": [1, 2, 3], "mark": made.cast(pa.uuid()) if hasattr(pa, "uuid") else made}), folder + "/marks.parquet")
pq.write_table(pa.table({"id": [1], "noon": pa.array([43_200_000_000], pa.time64("us"))}), folder + "/times.parquet")
print(json.dumps(None))`

type LayerConfig = Config['layers'][number]

function engineAt(address: string): Config['engines'][number] {
  const limits = { maxRows: 1e6, maxBytes: 1e9, keepSeconds: 600, concurrency: 2 }
  return { name: 'big', kind: 'spark-connect', url: `sc://${address}`, resultSets: join(folder, 'results'), ...limits }
}

const layer = (name: string, path: string, key = 'id'): LayerConfig => ({ name, path: join(folder, path), engine: 'big', key })

async function started(layers: readonly LayerConfig[], address: string, config: Partial<Config> = {}, sources: string[] = []) {
  const cacheDirectory = await mkdtemp(join(folder, 'cache-'))
  const server = await serve(sources, { layers, engines: [engineAt(address)], cacheDirectory, ...config })
  servers.push(server)
  return server
}

interface Described {
  readonly name: string
  readonly state: string
  readonly fingerprint: string
  readonly featureCount: string | null
  readonly columns: readonly { readonly name: string; readonly type: string }[]
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

async function problemsOf(server: TestServer): Promise<readonly string[]> {
  const { data } = await ask<{ health: { problems: { source: string; reason: string }[] } }>(
    server,
    '{ health { problems { source reason } } }',
  )
  return data!.health.problems.map(({ source, reason }) => `${source}: ${reason}`)
}

const CHANGED: Readonly<Record<string, string>> = { small: 'SMALLINT', large: 'DECIMAL(20,0)' }

it('a layer is described as the same files without Spark, except for integers without a sign', async () => {
  const server = await started([layer('sea', 'sea'), { ...layer('plain', 'sea'), engine: undefined }], spark.address)
  await expect.poll(async () => (await layersOf(server)).map(({ state }) => state), PATIENCE).toEqual(['READY', 'READY'])
  const [plain, sea] = await layersOf(server)
  const columns = plain!.columns.map((column) => ({ ...column, type: CHANGED[column.name] ?? column.type }))
  expect(sea).toEqual({ ...plain, name: 'sea', columns, fingerprint: expect.not.stringContaining(plain!.fingerprint) })
  expect(sea).toMatchObject({ featureCount: '1200', extent: [0, -59.95, 119.9, 0], key: { kind: 'COLUMN', column: 'id' } })
  expect(await problemsOf(server)).toEqual([])
})
