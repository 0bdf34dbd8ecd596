/** A preparation leaves a complete copy or nothing, even if a process dies. The next start finds the copy. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync } from 'node:fs'
import { appendFile, cp, mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeEach, expect, test } from 'vitest'
import { type Catalog, openCatalog } from '../../../../src/catalog/catalog.ts'
import { pruneCache } from '../../../../src/commands/prepare.ts'
import { ROOT, SHARED } from '../../../support/environment.ts'
import { alive, descendants } from '../../../support/launched.ts'
import { SPATIAL_EXTENSION } from '../../../support/spatial-extension.ts'
import { layerOf } from '../support.ts'

const root = await mkdtemp(join(tmpdir(), 'geoduck-test-'))
afterAll(() => rm(root, { recursive: true, force: true }))
const AIRPORTS = 891
let cache: string

beforeEach(async () => {
  cache = await mkdtemp(join(root, 'cache-'))
})

/** A new copy of the airports with all parts. */
async function airports(): Promise<string> {
  const folder = await mkdtemp(join(root, 'source-'))
  for (const part of ['shp', 'shx', 'dbf', 'prj'])
    await cp(join(SHARED, `data/airports.${part}`), join(folder, `airports.${part}`))
  return join(folder, 'airports.shp')
}

const lines: string[] = []

async function opened(...sources: string[]): Promise<Catalog> {
  const note = (_fields: object, message: string) => lines.push(message)
  lines.length = 0
  return await openCatalog({ sources, spatialExtension: SPATIAL_EXTENSION, cacheFolder: cache, log: { info: note, warn: note } })
}

const inFolder = (name: string) => (existsSync(join(cache, name)) ? readdirSync(join(cache, name)) : [])
const copies = () => inFolder('prepared').filter((name) => name !== 'unfinished')
const unfinished = () => inFolder('prepared/unfinished')

test('a second start finds the copy at once, also when the file has another name', async () => {
  const file = await airports()
  const first = await opened(file)
  expect(first.layer('airports')?.state).toBe('PREPARING')
  await first.prepared
  const { fingerprint } = layerOf(first, 'airports')
  await first.close()
  for (const source of [file, await airports()]) {
    const again = await opened(source)
    await again.prepared
    expect(layerOf(again, 'airports')).toMatchObject({ fingerprint, featureCount: AIRPORTS })
    expect(lines).not.toContain('airports.shp is being prepared')
    await again.close()
  }
  expect(copies()).toHaveLength(1)
})

/** A program that opens a catalogue, prints its log, and waits to be killed. */
const PROGRAM = `
const [catalogue, source, spatialExtension, cacheFolder] = process.argv.slice(2)
const { openCatalog } = await import(catalogue)
const log = { info: (_, message) => console.log(message), warn: (_, message) => console.log(message) }
const catalog = await openCatalog({ sources: [source], spatialExtension, cacheFolder, log })
console.log('open')
await catalog.prepared
console.log('prepared')
setInterval(() => {}, 1000)`

/** Runs in a separate process with this cache. */
async function started(source: string) {
  // In a file: what it is started with, the processes that it starts are started with.
  const program = join(root, 'program.mjs')
  await writeFile(program, PROGRAM)
  const args = [program, join(ROOT, 'src/catalog/catalog.ts'), source, SPATIAL_EXTENSION, cache]
  return spawn(join(ROOT, 'node_modules/.bin/node'), args, { stdio: ['ignore', 'pipe', 'inherit'] })
}

test('killed at any moment, a server leaves a whole copy or none, no process, and nothing that the next start does not sweep', async () => {
  const file = await airports()
  const seed = Date.now() % 1e6
  console.log(`seed ${seed}`)
  for (let n = 0; n < 6; n++) {
    const child = await started(file)
    await new Promise((resolve) => child.stdout.once('data', resolve))
    await sleep((((seed * (n + 1)) % 97) / 97) * 3_000)
    const below = descendants(child.pid!)
    // Gone, not only dead: a process that nobody has asked after still has its number.
    const gone = once(child, 'exit')
    child.kill('SIGKILL')
    await gone
    for (let waited = 0; alive(below).length > 0 && waited < 20_000; waited += 50) await sleep(50)
    expect(alive(below)).toEqual([])
  }
  const catalog = await opened(file)
  await catalog.prepared
  expect(layerOf(catalog, 'airports').featureCount).toBe(AIRPORTS)
  await catalog.checked
  expect(layerOf(catalog, 'airports').state).toBe('READY')
  await catalog.close()
  expect(unfinished()).toEqual([])
})

test('a preparer that is killed is a problem of that file, not of the server', async () => {
  const catalog = await opened(await airports(), join(SHARED, 'data/places.parquet'))
  // In the only process below this one that has GDAL's environment.
  while (!lines.includes('airports.shp is being prepared')) await sleep(5)
  process.kill((await preparerOf(process.pid))!, 'SIGKILL')
  await catalog.prepared
  expect(catalog.problems()).toEqual([
    {
      source: 'airports.shp',
      reason: 'it ends the process that reads it: it is corrupt, or made to do so; replace it by an undamaged copy',
    },
  ])
  expect(catalog.layers().map(({ name }) => name)).toEqual(['places'])
  await catalog.close()
})

/** Its environment has this variable. */
async function preparerOf(pid: number): Promise<number | undefined> {
  for (const child of descendants(pid)) {
    const environment = await readFile(`/proc/${child}/environ`, 'utf8').catch(() => '')
    if (environment.includes('GDAL_SKIP')) return child
  }
  return undefined
}

test('a catalogue that is closed while it prepares leaves no process and nothing unfinished', async () => {
  const catalog = await opened(await airports())
  await sleep(300)
  const below = descendants(process.pid)
  await catalog.close()
  for (let waited = 0; alive(below).length > 0 && waited < 5_000; waited += 50) await sleep(50)
  expect(alive(below)).toEqual([])
  expect(unfinished()).toEqual([])
  expect(catalog.problems()).toEqual([])
})

async function someFiles(count: number): Promise<string> {
  const folder = await mkdtemp(join(root, 'source-'))
  for (let n = 0; n < count; n++) await writeFile(join(folder, `stops${n}.csv`), `id,lon,lat\n${n},2,3\n`)
  return folder
}

test('two servers with one cache prepare each file once, and both serve it', async () => {
  const folder = await someFiles(12)
  const child = await started(folder)
  let told = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (told += text))
  const catalog = await opened(folder)
  await catalog.prepared
  await expect.poll(() => told).toMatch(/^prepared$/m)
  const prepared = [...lines, ...told.split('\n')].filter((line) => line.endsWith(' is being prepared'))
  expect(prepared.sort()).toEqual(Array.from({ length: 12 }, (_, n) => `stops${n}.csv is being prepared`).sort())
  expect(told).not.toContain('is not served')
  expect(catalog.problems()).toEqual([])
  expect(catalog.layers().map(({ featureCount }) => featureCount)).toEqual(Array(12).fill(1))
  child.kill('SIGKILL')
  await catalog.close()
})

test('a server takes over what another one was preparing when it was killed', async () => {
  const file = await airports()
  const child = await started(file)
  let told = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (told += text))
  await expect.poll(() => told, { interval: 10 }).toContain('is being prepared')
  child.kill('SIGSTOP')
  const catalog = await opened(file)
  await sleep(1_000)
  // It waits for the other one, which holds the right to it.
  expect(lines).not.toContain('airports.shp is being prepared')
  child.kill('SIGKILL')
  await catalog.prepared
  expect(layerOf(catalog, 'airports').featureCount).toBe(AIRPORTS)
  expect(lines).toContain('airports.shp is being prepared')
  await catalog.close()
  expect(copies()).toHaveLength(1)
  await expect.poll(unfinished).toEqual([])
})

test('a file that changes is prepared again, and served as it was until then', async () => {
  const folder = await mkdtemp(join(root, 'source-'))
  const file = join(folder, 'stops.csv')
  await writeFile(file, 'id,lon,lat\n1,2,3\n')
  const catalog = await opened(file)
  await catalog.prepared
  const before = layerOf(catalog, 'stops')
  await appendFile(file, '2,4,5\n')
  const meanwhile = await catalog.fresh(before)
  expect([meanwhile.fingerprint, meanwhile.featureCount]).toEqual([before.fingerprint, 1])
  for (let waited = 0; layerOf(catalog, 'stops').featureCount !== 2 && waited < 50_000; waited += 100) await sleep(100)
  expect(layerOf(catalog, 'stops').featureCount).toBe(2)
  expect(layerOf(catalog, 'stops').fingerprint).not.toBe(before.fingerprint)
  await catalog.close()
})

test('above the limit the least recently used copies go, but none that is served', async () => {
  const old = await opened(join(SHARED, 'data/railroads.fgb'))
  await old.prepared
  await old.close()
  const [railroads] = copies()
  await utimes(join(cache, 'prepared', railroads!), 1, 1)
  const catalog = await opened(await airports())
  await catalog.prepared
  expect(await pruneCache(cache, 1)).toMatchObject({ removed: 1, kept: 1 })
  expect(copies()).not.toContain(railroads)
  expect(layerOf(catalog, 'airports').featureCount).toBe(AIRPORTS)
  await catalog.close()
  expect(await pruneCache(cache, 1)).toMatchObject({ removed: 1, kept: 0, keptBytes: 0 })
  expect(copies()).toEqual([])
})
