/** Full and read-only disks with the cache of copies: serving continues, and nothing incomplete is left. */
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Catalog, openCatalog } from '../../../../src/catalog/catalog.ts'
import { ROOT, SHARED } from '../../../support/environment.ts'
import { runProgram } from '../../../support/program.ts'
import { SPATIAL_EXTENSION } from '../../../support/spatial-extension.ts'
import { layerOf, problemOf } from '../support.ts'

const FULL = 'the disk of the cache directory is full: make room there, or name another by --cache-directory'
const root = await mkdtemp(join(tmpdir(), 'geoduck-disks-'))
const disk = join(root, 'disk')
let mounted = false
beforeAll(async () => {
  await mkdir(disk)
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', disk], { stdio: 'pipe' })
    mounted = true
  } catch (error) {
    console.warn(`NOT TESTED: disks that are full or read-only, for none can be mounted here (it takes root): ${error}`)
  }
})
afterAll(async () => {
  if (mounted) execFileSync('umount', [disk])
  await rm(root, { recursive: true })
})

const remount = (options: string) => execFileSync('mount', ['-o', `remount,${options}`, disk])

let data: string
let catalog: Catalog
let lines: string[]
beforeEach(async () => {
  data = await mkdtemp(join(root, 'data-'))
  lines = []
})
afterEach(async () => await catalog?.close())

async function open(cacheFolder: string): Promise<void> {
  const note = (_fields: object, message: string) => lines.push(message)
  const log = { info: note, warn: note }
  catalog = await openCatalog({ sources: [data], spatialExtension: SPATIAL_EXTENSION, cacheFolder, log })
  await catalog.prepared
}

/** Random numbers, which cannot be compressed. */
async function points(name: string, rows: number): Promise<void> {
  const line = (n: number) =>
    `${n},${(n * 7919) % 180}.${(n * 104_729) % 9_999_991},${(n * 6_151) % 90}.${(n * 15_485_863) % 9_999_973}`
  await writeFile(join(data, 'new'), `id,lon,lat\n${Array.from({ length: rows }, (_, n) => line(n)).join('\n')}\n`)
  await rename(join(data, 'new'), join(data, name))
}

const filesIn = (folder: string) => (existsSync(folder) ? readdirSync(folder, { recursive: true }) : [])
const copiesIn = (cache: string) => filesIn(join(cache, 'prepared')).filter((name) => String(name).endsWith('.parquet'))

describe('a cache directory whose disk is full', () => {
  test('is a problem that says what to do; what fits is served, what was served stays, and there is a copy when there is room', async ({
    skip,
  }) => {
    skip(!mounted, 'it takes root to mount a disk')
    const cache = join(disk, 'cache')
    await points('a.csv', 100)
    await points('large.csv', 150_000)
    await open(cache)
    expect(layerOf(catalog, 'a').featureCount).toBe(100)
    expect(problemOf(catalog, 'large.csv')).toBe(FULL)
    expect(catalog.layer('large')).toBeUndefined()
    expect(filesIn(join(cache, 'prepared/unfinished'))).toEqual([])
    const before = layerOf(catalog, 'a')
    const copy = before.relation.kind === 'parquet' ? before.relation.files[0]! : ''
    const content = await readFile(copy)

    // The same layer, grown: its last copy is served on.
    await points('a.csv', 150_000)
    await catalog.fresh(before)
    await expect.poll(() => problemOf(catalog, 'a.csv')).toBe(FULL)
    expect(layerOf(catalog, 'a')).toMatchObject({ featureCount: 100, fingerprint: before.fingerprint })
    expect(await readFile(copy)).toEqual(content)
    expect(copiesIn(cache)).toHaveLength(1)

    remount('size=256m')
    await expect.poll(() => catalog.layer('large')?.featureCount, { timeout: 100_000, interval: 200 }).toBe(150_000)
    await expect.poll(() => layerOf(catalog, 'a').featureCount, { interval: 200 }).toBe(150_000)
    expect(catalog.problems()).toEqual([])
  }, 200_000)
})

describe('a cache directory that cannot be written', () => {
  test('gives the copies that it has; others are made for as long as the server runs, and the log says so', async ({ skip }) => {
    skip(!mounted, 'it takes root to mount a disk')
    const cache = join(disk, 'read-only')
    remount('size=256m')
    await points('known.csv', 50)
    await open(cache)
    await catalog.checked
    await catalog.close()
    remount('ro')
    try {
      await points('other.csv', 70)
      lines = []
      await open(cache)
      expect([layerOf(catalog, 'known').featureCount, layerOf(catalog, 'other').featureCount]).toEqual([50, 70])
      expect(lines).toContainEqual(expect.stringMatching(/^the cache directory cannot be written .*--cache-directory$/))
      expect(lines).not.toContain('known.csv is being prepared')
      const { relation } = layerOf(catalog, 'other')
      const copy = relation.kind === 'parquet' ? relation.files[0]! : ''
      expect(copy).not.toContain(disk)
      await catalog.close()
      expect(existsSync(copy)).toBe(false)
    } finally {
      remount('rw')
    }
  })

  test.for(['temp-directory', 'import'])(
    'as the place of %s is a message that says what to do, without a stack',
    async (what, { skip }) => {
      skip(!mounted, 'no disk can be mounted')
      remount('ro')
      try {
        const places = join(SHARED, 'data/places.parquet')
        const args =
          what === 'import'
            ? ['import', places, '--into', join(disk, 'store.duckdb'), '--layer', 'places']
            : [places, '--port', '0', '--temp-directory', join(disk, 'temp')]
        const environment = { GEODUCK_SPATIAL_EXTENSION: SPATIAL_EXTENSION }
        const program = join(ROOT, 'src/main.ts')
        const { code, stderr } = await runProgram(process.execPath, [program, ...args], { environment })
        expect(code).toBe(1)
        expect(stderr).toMatch(
          what === 'import' ? /cannot be written to \(EROFS\): a store takes a folder/ : /by --temp-directory\.$/m,
        )
        expect(stderr).not.toMatch(/^ +at /m)
      } finally {
        remount('rw')
      }
    },
  )
})
