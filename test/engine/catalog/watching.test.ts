/** Added, removed and changed files are noticed while they are served, without a query. */

import { appendFile, cp, mkdir, mkdtemp, open, readFile, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Catalog, type CatalogOptions, openCatalog } from '../../../src/catalog/catalog.ts'
import type { FileAccess } from '../../../src/engines/engine.ts'
import { fixture } from '../../fixtures/index.ts'
import { python } from '../../support/python.ts'
import { SPATIAL_EXTENSION } from '../../support/spatial-extension.ts'
import { layerOf, problemOf } from './support.ts'

const [fifty, many] = await Promise.all([fixture('geoparquet/key-id.parquet'), fixture('geoparquet/points-1.1-covering.parquet')])
/** For a loaded machine: what is waited for comes within two seconds on a quiet one. */
const PATIENCE = { interval: 50 }

let folder: string
let data: string
let catalog: Catalog
let rolls: FileAccess[]
let lines: string[]

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'geoduck-test-'))
  data = join(folder, 'data')
  await mkdir(data)
  await cp(fifty, join(data, 'a.parquet'))
})
afterEach(async () => {
  await catalog.close()
  await rm(folder, { recursive: true })
})

async function watch(sources: readonly string[] = [data], options: Partial<CatalogOptions> = {}): Promise<void> {
  rolls = []
  lines = []
  const note = (_fields: object, message: string) => lines.push(message)
  const admit = async (access: FileAccess) => void rolls.push(access)
  const log = { info: note, warn: note }
  catalog = await openCatalog({ sources, spatialExtension: SPATIAL_EXTENSION, admit, watch: true, log, ...options })
  await catalog.prepared
  await catalog.checked
}

const names = (): string[] => catalog.layers().map(({ name }) => name)

async function until(condition: () => void): Promise<void> {
  await expect
    .poll(() => {
      try {
        condition()
        return null
      } catch (error) {
        return (error as Error).message
      }
    }, PATIENCE)
    .toBe(null)
}

const ready = (name: string, featureCount: number): Promise<void> =>
  until(() => expect(layerOf(catalog, name)).toMatchObject({ state: 'READY', featureCount }))

/** A file is never seen half-written. */
async function replace(file: string, by: string): Promise<void> {
  await cp(by, join(folder, 'new'))
  await rename(join(folder, 'new'), file)
}

async function store(file: string, tables: Readonly<Record<string, number>>): Promise<void> {
  const duckdb = await DuckDBInstance.create(join(folder, 'new.duckdb'))
  const connection = await duckdb.connect()
  await connection.run(`LOAD '${SPATIAL_EXTENSION}'`)
  for (const [table, rows] of Object.entries(tables))
    await connection.run(`CREATE TABLE ${table} AS SELECT i AS id, ST_Point(i % 90, i % 90) AS geom FROM range(${rows}) r(i)`)
  connection.closeSync()
  duckdb.closeSync()
  await rename(join(folder, 'new.duckdb'), file)
}

const geojson = (points: number): string =>
  JSON.stringify({
    type: 'FeatureCollection',
    features: Array.from({ length: points }, (_, id) => ({
      type: 'Feature',
      properties: { id },
      geometry: { type: 'Point', coordinates: [id % 90, id % 80] },
    })),
  })

/** The number of features by geopandas. */
const counted = (file: string): Promise<number> =>
  python<number>(
    'import geopandas, sys\nprint(len((geopandas.read_parquet if sys.argv[1].endswith("parquet") else geopandas.read_file)(sys.argv[1])))',
    [file],
  )

test('a file that is added to a folder is a layer as soon as the workers may read it', async () => {
  await watch()
  await cp(many, join(data, 'b.parquet'))
  await ready('b', await counted(many))
  expect(names()).toEqual(['a', 'b'])
  expect(rolls).toHaveLength(1)
  expect(rolls[0]?.allowedPaths).toContain(join(data, 'b.parquet'))
  expect(lines).toContain('layer b was added')
})

test('a removed file removes its layer and the access to it, and is the same layer when it returns', async () => {
  await cp(many, join(data, 'b.parquet'))
  await watch()
  const { fingerprint } = layerOf(catalog, 'b')
  const layer = layerOf(catalog, 'b')
  await rm(join(data, 'b.parquet'))
  await until(() => expect(names()).toEqual(['a']))
  await until(() => expect(rolls.at(-1)?.allowedPaths).toEqual([join(data, 'a.parquet')]))
  await expect(catalog.fresh(layer)).rejects.toMatchObject({ code: 'SOURCE_UNREADABLE' })
  await until(() => expect(lines).toContain('layer b is gone: its source is not there any more'))
  await cp(many, join(data, 'b.parquet'))
  await ready('b', 5000)
  expect(layerOf(catalog, 'b').fingerprint).toBe(fingerprint)
})

test('a named file that is removed is a problem until it is back', async () => {
  const file = join(data, 'a.parquet')
  await watch([file])
  await rm(file)
  await until(() => expect(problemOf(catalog, 'a.parquet')).toBe('there is no such file or folder'))
  expect(names()).toEqual([])
  await cp(many, file)
  await ready('a', 5000)
  expect(catalog.problems()).toEqual([])
})

test('a file that is renamed over is described and scanned again without a question, other columns and all', async () => {
  await watch()
  const before = layerOf(catalog, 'a')
  await replace(join(data, 'a.parquet'), many)
  await ready('a', await counted(many))
  const after = layerOf(catalog, 'a')
  expect(after.fingerprint).not.toBe(before.fingerprint)
  expect(after.columns.map(({ name }) => name)).not.toEqual(before.columns.map(({ name }) => name))
  // The path is the same one: no worker is in need of another access.
  expect(rolls).toEqual([])
})

test('a hundred files that are added at once restart the workers only once', async () => {
  await watch()
  for (let n = 0; n < 100; n++) await replace(join(data, `f${n}.parquet`), fifty)
  await until(() => expect(names()).toHaveLength(101))
  expect(rolls).toHaveLength(1)
  expect(rolls[0]?.allowedPaths).toHaveLength(101)
})

test('a half-written file is waited for, and never a layer that is too short', async () => {
  await watch()
  const bytes = await readFile(many)
  const file = join(data, 'b.parquet')
  const seen = new Set<number | null | undefined>()
  const handle = await open(file, 'w')
  for (let part = 0; part < 10; part++) {
    await handle.write(bytes.subarray((part * bytes.length) / 10, ((part + 1) * bytes.length) / 10))
    seen.add(catalog.layer('b')?.featureCount)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  await handle.close()
  await ready('b', 5000)
  seen.add(catalog.layer('b')?.featureCount)
  expect([...seen]).toEqual([undefined, 5000])
})

test('a file that is cut short is a problem, and becomes a layer when it is complete', async () => {
  await watch()
  const file = join(data, 'b.parquet')
  await cp(many, join(folder, 'whole'))
  await cp(many, file)
  await truncate(file, 1000)
  await until(() => expect(problemOf(catalog, 'b.parquet')).toContain('still being written'))
  await appendFile(file, (await readFile(many)).subarray(1000))
  await ready('b', 5000)
  expect(catalog.problems()).toEqual([])
})

test('a pattern includes an added file under the name of its layer', async () => {
  await rename(join(data, 'a.parquet'), join(data, 'roads-1.parquet'))
  await watch([join(data, 'roads-*.parquet')])
  const before = layerOf(catalog, 'roads')
  await cp(fifty, join(data, 'roads-2.parquet'))
  await cp(fifty, join(data, 'rails-3.parquet'))
  await ready('roads', 100)
  expect(names()).toEqual(['roads'])
  expect((await catalog.fresh(before)).fingerprint).not.toBe(before.fingerprint)
  await rm(join(data, 'roads-1.parquet'))
  await ready('roads', 50)
})

test('a layer is unchanged until workers may read a file that is added to its pattern, unless an older file changes before', async () => {
  await rename(join(data, 'a.parquet'), join(data, 'roads-1.parquet'))
  let admitted = Promise.withResolvers<void>()
  const admit = async (access: FileAccess) => {
    rolls.push(access)
    await admitted.promise
  }
  await watch([join(data, 'roads-*.parquet')], { admit })
  const before = layerOf(catalog, 'roads')
  await cp(fifty, join(data, 'roads-2.parquet'))
  await until(() => expect(rolls).toHaveLength(1))
  expect(await catalog.fresh(before)).toBe(before)
  admitted.resolve()
  await ready('roads', 100)

  admitted = Promise.withResolvers<void>()
  const both = layerOf(catalog, 'roads')
  await replace(join(data, 'roads-1.parquet'), fifty)
  await cp(fifty, join(data, 'roads-3.parquet'))
  await until(() => expect(rolls).toHaveLength(2))
  await expect(catalog.fresh(both)).rejects.toMatchObject({ code: 'SOURCE_CHANGED' })
  admitted.resolve()
  await ready('roads', 150)
})

test('a configured layer of a pattern keeps its name and wishes', async () => {
  await watch([], { layers: [{ name: 'mine', path: join(data, '*.parquet'), title: 'Mine' }] })
  await cp(fifty, join(data, 'b.parquet'))
  await ready('mine', 100)
  expect(layerOf(catalog, 'mine').tailoring?.title).toBe('Mine')
})

test('a short name that a newcomer asks for too belongs to neither layer, as on a fresh server, and returns when one is removed', async () => {
  const other = join(folder, 'other')
  await mkdir(other)
  await watch([other, data])
  const before = layerOf(catalog, 'a')
  expect(layerOf(catalog, 'data_a')).toBe(before)

  await cp(many, join(other, 'a.parquet'))
  await ready('other_a', 5000)
  expect(names()).toEqual(['data_a', 'other_a'])
  expect(catalog.layer('a')).toBeUndefined()
  expect(catalog.rivals('a')).toEqual(['data_a', 'other_a'])
  // A stream that began under the old name finds its layer.
  expect(await catalog.fresh(before)).toMatchObject({ name: 'data_a', fingerprint: before.fingerprint, state: 'READY' })
  expect(lines).toContain('layer a is now named data_a')
  expect(lines).toContain('layer other_a was added')
  const fresh = await openCatalog({ sources: [data, other], spatialExtension: SPATIAL_EXTENSION, log: { info() {}, warn() {} } })
  expect(fresh.layers().map(({ name, longName }) => [name, longName])).toEqual(
    catalog.layers().map(({ name, longName }) => [name, longName]),
  )
  await fresh.close()

  await rm(join(other, 'a.parquet'))
  await until(() => expect(names()).toEqual(['a']))
  expect(layerOf(catalog, 'a')).toBe(layerOf(catalog, 'data_a'))
  expect(lines).toContain('layer other_a is gone: its source is not there any more')
  expect(lines.filter((line) => line.startsWith('layer data_a is gone'))).toEqual([])
})

test('a problem of a layer names it as it is named now', async () => {
  await watch()
  const file = join(data, 'city.duckdb')
  await store(file, { a: 10, roads: 5 })
  await ready('city_a', 10)
  const city = layerOf(catalog, 'city_a')
  catalog.unreadable(city, 'it is torn')
  expect(problemOf(catalog, 'city.duckdb')).toBe('layer city_a: it is torn')
  await rm(join(data, 'a.parquet'))
  await until(() => expect(names()).toEqual(['a', 'roads']))
  expect(problemOf(catalog, 'city.duckdb')).toBe('layer a: it is torn')
})

test('a link that leads out of the folder is not followed', async () => {
  await watch()
  await cp(many, join(folder, 'secret.parquet'))
  await symlink(join(folder, 'secret.parquet'), join(data, 'b.parquet'))
  await until(() => expect(problemOf(catalog, 'b.parquet')).toContain('leads out of its folder'))
  expect(names()).toEqual(['a'])
  expect(rolls).toEqual([])
})

test('a table that is added to a store is a layer, and a removed table is not', async () => {
  const file = join(data, 'city.duckdb')
  await store(file, { roads: 10, goes: 5 })
  await watch()
  expect(names()).toEqual(['a', 'goes', 'roads'])
  await store(file, { roads: 20, rails: 30 })
  await ready('rails', 30)
  await ready('roads', 20)
  expect(names()).toEqual(['a', 'rails', 'roads'])
  expect(rolls.at(-1)?.databases).toEqual(catalog.access().databases)
})

test('an added GeoJSON is prepared; after a change it is prepared again while the old copy is served; removed, it is gone', async () => {
  await watch()
  const file = join(data, 'points.geojson')
  await writeFile(file, geojson(300))
  await ready('points', 300)
  const before = layerOf(catalog, 'points')
  expect(rolls.at(-1)?.allowedPaths).toEqual(
    expect.arrayContaining([...(before.relation.kind === 'parquet' ? before.relation.files : [])]),
  )

  await writeFile(join(folder, 'new'), geojson(400))
  expect(await counted(join(folder, 'new'))).toBe(400)
  await rename(join(folder, 'new'), file)
  const seen = new Set<number | null>()
  await until(() => {
    seen.add(layerOf(catalog, 'points').featureCount)
    expect(seen).toContain(400)
  })
  expect([...seen].filter((count) => count !== null)).toEqual([300, 400])
  await ready('points', 400)

  await rm(file)
  await until(() => expect(names()).toEqual(['a']))
  expect(catalog.problems()).toEqual([])
})

test('consecutive changes, some during an update, end in the current state', async () => {
  await watch()
  for (let n = 0; n < 12; n++) {
    await replace(join(data, 'b.parquet'), n % 2 ? fifty : many)
    await replace(join(data, `c${n % 3}.parquet`), fifty)
    await rm(join(data, `c${(n + 1) % 3}.parquet`), { force: true })
    await new Promise((resolve) => setTimeout(resolve, 50 * n))
  }
  await until(() => expect(names()).toEqual(['a', 'b', 'c1', 'c2']))
  await ready('b', 50)
  expect(catalog.problems()).toEqual([])
})
