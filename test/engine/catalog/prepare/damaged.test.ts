/** A folder of damaged files: each is a problem, and they cost neither a process each nor the time of those that are whole. */
import { watch } from 'node:fs'
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, expect, test } from 'vitest'
import { type Catalog, openCatalog } from '../../../../src/catalog/catalog.ts'
import { fixture } from '../../../fixtures/index.ts'
import { SPATIAL_EXTENSION } from '../../../support/spatial-extension.ts'
import { layerOf, problemOf } from '../support.ts'

const FILES = process.env['GEODUCK_LONG'] ? 300 : 100
const SEED = Number(process.env['GEODUCK_SEED'] ?? Date.now() % 1e6)
const root = await mkdtemp(join(tmpdir(), 'geoduck-damaged-'))
afterAll(() => rm(root, { recursive: true, force: true }))
const whole = await fixture('hostile-formats')
const log = { info() {}, warn() {} }

const KINDS = ['gpkg', 'fgb', 'shp', 'geojson', 'csv'] as const

/** The same numbers for the same seed. */
function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31
    return state / 2 ** 31
  }
}

/** Files that are cut, have flipped bits, garbage after the header, or a hole of zeros. Some can still be read. */
function damaged(content: Buffer, way: number, next: () => number): Buffer {
  const at = (from: number) => from + Math.floor(next() * (content.length - from))
  const copy = Buffer.from(content)
  if (way === 0) return copy.subarray(0, at(200))
  if (way === 1) for (let n = 0; n < 40; n++) copy[at(128)]! ^= 1 << Math.floor(next() * 8)
  if (way === 2) for (let place = 200; place < copy.length; place++) copy[place] = Math.floor(next() * 256)
  if (way === 3) copy.fill(0, Math.floor(copy.length / 3), Math.floor(copy.length / 3) + 2_000)
  return copy
}

async function damagedFolder(folder: string): Promise<void> {
  await mkdir(folder)
  const next = random(SEED)
  const csv = Buffer.from(`lon,lat,n\n${Array.from({ length: 500 }, (_, n) => `${n % 90},${n % 80},${n}`).join('\n')}`)
  for (let n = 0; n < FILES; n++) {
    const kind = KINDS[n % KINDS.length]!
    const content = kind === 'csv' ? csv : await readFile(join(whole, `whole.${kind}`))
    await writeFile(join(folder, `d${n}.${kind}`), damaged(content, Math.floor(n / KINDS.length) % 4, next))
    if (kind === 'shp')
      for (const part of ['shx', 'dbf', 'prj']) await cp(join(whole, `whole.${part}`), join(folder, `d${n}.${part}`))
  }
  for (const kind of ['geojson', 'fgb', 'gpkg']) await cp(join(whole, `whole.${kind}`), join(folder, `good.${kind}`))
}

test(`${FILES} damaged files cost a few processes, not one each (seed ${SEED})`, async () => {
  const [folder, cacheFolder] = [join(root, 'many'), join(root, 'many-cache')]
  await damagedFolder(folder)
  const unfinished = join(cacheFolder, 'prepared/unfinished')
  await mkdir(unfinished, { recursive: true })
  // Each process makes its folder there.
  const processes = new Set<string>()
  const watcher = watch(unfinished, (_, name) => void processes.add(String(name)))
  const catalog = await openCatalog({ sources: [folder], spatialExtension: SPATIAL_EXTENSION, cacheFolder, log })
  try {
    await catalog.prepared
    const told = new Set(catalog.problems().map(({ source }) => source))
    expect(told.size).toBeGreaterThan(FILES / 2)
    for (const name of ['good_geojson', 'good_fgb', 'good_whole']) expect(layerOf(catalog, name).featureCount).toBe(2000)
    const dead = catalog.problems().filter(({ reason }) => reason.startsWith('it ends the process that reads it')).length
    console.log(`${processes.size} processes, ${dead} of them ended by what they read`)
    // Two that read, one that tries whether it can be written; one that ends its process may have ended another one before.
    expect(processes.size).toBeLessThanOrEqual(3 + 3 * dead + FILES / 10)
  } finally {
    watcher.close()
    await catalog.close()
  }
}, 240_000)

/** Its view has no end: a count of its rows never returns. */
function endless(file: string): void {
  const database = new DatabaseSync(file)
  database.exec('PRAGMA foreign_keys = OFF')
  database.exec(
    `CREATE VIEW endless AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i AS fid, x'00' AS geom FROM n`,
  )
  database.exec(`UPDATE gpkg_contents SET table_name = 'endless', identifier = 'endless'`)
  database.exec(`UPDATE gpkg_geometry_columns SET table_name = 'endless'`)
  database.close()
}

test('intact files are served while another file blocks its process', async () => {
  const folder = join(root, 'endless')
  await mkdir(folder)
  await cp(join(whole, 'whole.gpkg'), join(folder, 'endless.gpkg'))
  endless(join(folder, 'endless.gpkg'))
  for (let n = 0; n < 5; n++) await cp(join(whole, 'whole.geojson'), join(folder, `good${n}.geojson`))
  const catalog: Catalog = await openCatalog({ sources: [folder], spatialExtension: SPATIAL_EXTENSION, log })
  try {
    const ready = () => catalog.layers().filter(({ name, state }) => name.startsWith('good') && state === 'READY').length
    await expect.poll(ready, { timeout: 50_000, interval: 100 }).toBe(5)
    expect(layerOf(catalog, 'endless').state).toBe('PREPARING')
    expect(problemOf(catalog, 'endless.gpkg')).toBeUndefined()
  } finally {
    await catalog.close()
  }
})
