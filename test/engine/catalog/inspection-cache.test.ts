import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openCatalog } from '../../../src/catalog/catalog.ts'
import { InspectionCache } from '../../../src/catalog/inspection-cache.ts'
import { fixture } from '../../fixtures/index.ts'
import { SPATIAL_EXTENSION } from '../../support/spatial-extension.ts'

const MONTH = 31 * 24 * 3_600_000

let folder: string
let asked: string[]

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'geoduck-inspections-'))
  asked = []
})
afterEach(() => rm(folder, { recursive: true, force: true }))

function ask(cache: InspectionCache, question: string): Promise<{ about: string }> {
  return cache.recall([question], async () => {
    asked.push(question)
    return { about: question }
  })
}

test('an answer is kept for the same question, also by another process, and for no other', async () => {
  expect(await ask(new InspectionCache(folder), 'a')).toEqual({ about: 'a' })
  expect(await ask(new InspectionCache(folder), 'a')).toEqual({ about: 'a' })
  expect(await ask(new InspectionCache(folder), 'b')).toEqual({ about: 'b' })
  expect(asked).toEqual(['a', 'b'])
})

test('a damaged result is computed again', async () => {
  await ask(new InspectionCache(folder), 'a')
  for (const name of await readdir(folder)) await writeFile(join(folder, name), '{"answer": {"ab')
  expect(await ask(new InspectionCache(folder), 'a')).toEqual({ about: 'a' })
  expect(asked).toEqual(['a', 'a'])
})

test('a failure is not kept', async () => {
  const cache = new InspectionCache(folder)
  await expect(cache.recall(['a'], () => Promise.reject(new Error('it is cut short')))).rejects.toThrow('it is cut short')
  expect(await ask(cache, 'a')).toEqual({ about: 'a' })
})

test('a folder that cannot be written to keeps nothing, and hinders nobody', async () => {
  await writeFile(join(folder, 'file'), '')
  const cache = new InspectionCache(join(folder, 'file', 'below'))
  expect(await ask(cache, 'a')).toEqual({ about: 'a' })
  expect(await ask(cache, 'a')).toEqual({ about: 'a' })
  expect(asked).toEqual(['a', 'a'])
})

test('a result that was not used for a month is removed', async () => {
  const cache = new InspectionCache(folder)
  await ask(cache, 'old')
  const [old] = await readdir(folder)
  await ask(cache, 'new')
  await utimes(join(folder, String(old)), new Date(Date.now() - MONTH), new Date(Date.now() - MONTH))
  await cache.prune()
  await ask(cache, 'new')
  await ask(cache, 'old')
  expect(asked).toEqual(['old', 'new', 'old'])
})

test('a catalogue that is opened again has the same layers, without a process that reads them', async () => {
  const sources = [await fixture('geoparquet/points-1.1-covering.parquet'), await fixture('geoparquet/key-id.parquet')]
  const layers = async (spatialExtension: string) => {
    const log = { info: () => {}, warn: () => {} }
    const catalog = await openCatalog({ sources, spatialExtension, cacheFolder: folder, log })
    try {
      await catalog.checked
      return catalog.layers()
    } finally {
      await catalog.close()
    }
  }
  const first = await layers(SPATIAL_EXTENSION)
  expect(first.map(({ state }) => state)).toEqual(['READY', 'READY'])
  // It could not even start.
  expect(await layers(join(folder, 'absent.duckdb_extension'))).toEqual(first)
})
