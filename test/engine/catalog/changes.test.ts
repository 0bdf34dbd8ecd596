/** The state of a layer after its file has changed. */
import { cp, mkdtemp, rename, rm, truncate, utimes } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Catalog } from '../../../src/catalog/catalog.ts'
import { fingerprintOfDatabase, fingerprintOfParquet } from '../../../src/catalog/fingerprint.ts'
import { fixture } from '../../fixtures/index.ts'
import { SPATIAL_EXTENSION } from '../../support/spatial-extension.ts'
import { layerOf, problemOf, testCatalog } from './support.ts'

const [fifty, many] = await Promise.all([fixture('geoparquet/key-id.parquet'), fixture('geoparquet/points-1.1-covering.parquet')])
let folder: string
let catalog: Catalog | null = null

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'geoduck-test-'))
})
afterEach(async () => {
  await catalog?.close()
  catalog = null
  await rm(folder, { recursive: true })
})

/** A file is never seen half-written. */
async function replace(file: string, by: string): Promise<void> {
  await cp(by, `${file}.new`)
  await rename(`${file}.new`, file)
}

test('a layer whose file is another now is described and scanned again, under another fingerprint', async () => {
  const file = join(folder, 'a.parquet')
  await cp(fifty, file)
  catalog = await testCatalog(file)
  await catalog.checked
  const before = await catalog.fresh(layerOf(catalog, 'a'))
  expect(before).toMatchObject({ state: 'READY', featureCount: 50, pruning: { kind: 'NONE' } })

  await replace(file, many)
  const after = await catalog.fresh(before)
  expect(after.fingerprint).not.toBe(before.fingerprint)
  expect(after).toMatchObject({ state: 'CHECKING', featureCount: 5000, relation: { fileRows: [5000] } })
  await catalog.checked
  expect(layerOf(catalog, 'a')).toMatchObject({ state: 'READY', key: { kind: 'COLUMN' }, fingerprint: after.fingerprint })
})

test('a file that was only touched is the same layer', async () => {
  const file = join(folder, 'a.parquet')
  await cp(fifty, file)
  catalog = await testCatalog(file)
  await catalog.checked
  const before = layerOf(catalog, 'a')
  await utimes(file, 1, 1)
  expect(await catalog.fresh(before)).toBe(before)
})

test('a file that is cut short or gone is SOURCE_UNREADABLE, and served again when it is back', async () => {
  const file = join(folder, 'a.parquet')
  await cp(fifty, file)
  catalog = await testCatalog(file)
  // A scan under way would meet the change too, and say so later.
  await catalog.checked
  const layer = layerOf(catalog, 'a')
  await truncate(file, 100)
  await expect(catalog.fresh(layer)).rejects.toMatchObject({ code: 'SOURCE_UNREADABLE' })
  await rm(file)
  await expect(catalog.fresh(layer)).rejects.toMatchObject({ code: 'SOURCE_UNREADABLE' })
  expect(problemOf(catalog, 'a.parquet')).toContain('it cannot be opened')
  await cp(fifty, file)
  expect(await catalog.fresh(layer)).toMatchObject({ featureCount: 50, fingerprint: layer.fingerprint })
  expect(catalog.problems()).toEqual([])
})

test('many who ask at once for a changed layer get the same one', async () => {
  const file = join(folder, 'a.parquet')
  await cp(fifty, file)
  catalog = await testCatalog(file)
  const layer = layerOf(catalog, 'a')
  await replace(file, many)
  const all = await Promise.all(Array.from({ length: 20 }, () => catalog!.fresh(layer)))
  expect(new Set(all.map(({ fingerprint }) => fingerprint)).size).toBe(1)
  expect(all[0]?.featureCount).toBe(5000)
})

test('a table that is gone after a change is SOURCE_UNREADABLE; those that stay keep their names', async () => {
  const file = join(folder, 'store.duckdb')
  const make = async (path: string, tables: readonly string[], rows: number) => {
    const duckdb = await DuckDBInstance.create(path)
    const connection = await duckdb.connect()
    await connection.run(`LOAD '${SPATIAL_EXTENSION}'`)
    for (const table of tables)
      await connection.run(`CREATE TABLE ${table} AS SELECT i AS id, ST_Point(i, i) AS geom FROM range(${rows}) r(i)`)
    // A log that is left would not be renamed with its file.
    await connection.run('CHECKPOINT')
    connection.closeSync()
    duckdb.closeSync()
  }
  await make(file, ['stays', 'goes'], 10)
  catalog = await testCatalog(file)
  const [goes, stays] = [layerOf(catalog, 'goes'), layerOf(catalog, 'stays')]
  await make(`${file}.new`, ['stays'], 20)
  await rename(`${file}.new`, file)
  await expect(catalog.fresh(goes)).rejects.toMatchObject({ code: 'SOURCE_UNREADABLE' })
  expect((await catalog.fresh(stays)).fingerprint).not.toBe(stays.fingerprint)
  await catalog.checked
  expect(layerOf(catalog, 'stays').featureCount).toBe(20)
})

test('fingerprints agree for the same content at other paths and times, and differ for other content or another order', async () => {
  const [a, b] = [join(folder, 'a.parquet'), join(folder, 'b.parquet')]
  await cp(fifty, a)
  await cp(many, b)
  await utimes(a, 1, 1)
  expect(await fingerprintOfParquet([a])).toBe(await fingerprintOfParquet([fifty]))
  expect(await fingerprintOfParquet([a, b])).not.toBe(await fingerprintOfParquet([b, a]))
  expect(await fingerprintOfParquet([a])).toMatch(/^[0-9a-f]{32}$/)
})

test('a database’s fingerprint knows its write-ahead log', async () => {
  const logged = await fixture('databases/with-log.duckdb')
  const copy = join(folder, 'copy.duckdb')
  await cp(logged, copy)
  const without = await fingerprintOfDatabase(copy)
  await cp(`${logged}.wal`, `${copy}.wal`)
  expect(await fingerprintOfDatabase(copy)).toBe(await fingerprintOfDatabase(logged))
  expect(without).not.toBe(await fingerprintOfDatabase(logged))
})
