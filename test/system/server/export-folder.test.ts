/** The folder of the exports: on a disk that is full, and in a temporary folder that servers share. */
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { ROOT } from '../../support/environment.ts'
import { ask, checked } from '../../support/graphql.ts'
import { type Launched, launch } from '../../support/launched.ts'
import { squares } from '../../support/pool.ts'
import { PLACES, serve } from '../../support/server.ts'
import { SPATIAL_EXTENSION } from '../../support/spatial-extension.ts'

/** Each program has its own process ids, and is ended with its `unshare`. */
const APART = ['--pid', '--fork', '--mount-proc', '--kill-child']
const canPartProcesses = spawnSync('unshare', [...APART, 'true']).status === 0
const ROWS = 100_000

let folder: string
let disk: string
let mounted = false
const started: Launched[] = []
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'geoduck-export-folder-'))
  disk = join(folder, 'disk')
  await mkdir(disk)
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', disk], { stdio: 'pipe' })
    mounted = true
  } catch (error) {
    if (process.env['CI']) throw error
    console.warn(`NOT TESTED: exports on a full disk, for none can be mounted here (it takes root): ${error}`)
  }
})
afterEach(async () => {
  for (const { pid } of started) process.kill(-pid, 'SIGKILL')
  await Promise.all(started.splice(0).map(({ ended }) => ended))
})
afterAll(async () => {
  if (mounted) execFileSync('umount', [disk])
  await rm(folder, { recursive: true })
})

const remount = (size: string) => execFileSync('mount', ['-o', `remount,size=${size}`, disk])

test('an export on a full disk is OVERLOADED and leaves nothing, and the next one works when there is room', async ({ skip }) => {
  skip(!mounted, 'it takes root to mount a disk')
  const server = await serve([PLACES, await squares(ROWS)], { tempDirectory: disk })
  try {
    await checked(server)
    const left = async () => {
      const names = (await readdir(disk)).filter((name) => /^geoduck-exports-[\w-]+$/.test(name))
      return (await Promise.all(names.map((name) => readdir(join(disk, name))))).flat()
    }
    const refused = async (file: string) => {
      const response = await fetch(`${server.url}/download/${file}`)
      const { errors } = await response.json()
      return [response.status, errors[0].extensions.code, errors[0].message]
    }
    const full = [503, 'OVERLOADED', 'The disk of the exports is full; try again later.']
    for (const format of ['gpkg', 'fgb', 'kml', 'parquet', 'shp.zip', 'pmtiles']) {
      expect([format, ...(await refused(`squares-${ROWS}.${format}`))]).toEqual([format, ...full])
      expect(await left()).toEqual([])
    }
    // There is room to read the features, but not to write the file.
    remount('20m')
    for (const format of ['gpkg', 'fgb', 'kml']) {
      expect([format, ...(await refused(`squares-${ROWS}.${format}`))]).toEqual([format, ...full])
      expect(await left()).toEqual([])
    }
    // Not even the folder of an export can be made.
    await writeFile(join(disk, 'filling'), Buffer.alloc(64e6)).catch(() => {})
    expect(await refused('places.gpkg')).toEqual(full)
    const { data } = await ask<{ features: { count: number } }>(server, '{ features(layer: "places", first: 3) { count } }')
    expect(data!.features.count).toBe(3)
    await rm(join(disk, 'filling'))
    remount('256m')
    for (const file of [`squares-${ROWS}.gpkg`, 'places.pmtiles?maxZoom=3']) {
      expect((await fetch(`${server.url}/download/${file}`)).status).toBe(200)
    }
    expect(await left()).toHaveLength(2)
  } finally {
    await server.close()
  }
  expect(await readdir(disk)).toEqual([])
})

test.runIf(canPartProcesses)(
  'servers of different containers share a temporary folder: none removes what another one sends, and what a killed one left is removed',
  { timeout: 120_000 },
  async () => {
    const temp = join(folder, 'shared')
    await mkdir(temp)
    const begin = async () => {
      const flags = ['--port', '0', '--temp-directory', temp, '--spatial-extension', SPATIAL_EXTENSION]
      const cache = ['--cache-directory', join(folder, 'cache'), '--workers', '1']
      const server = launch('unshare', [...APART, process.execPath, join(ROOT, 'src/main.ts'), PLACES, ...flags, ...cache], {
        cwd: folder,
      })
      started.push(server)
      const [, url] = await server.line(/^ready (.*)$/)
      const tag = async () => (await fetch(`${url}/download/places.fgb`)).headers.get('etag')
      return { server, tag }
    }
    const folders = async () => (await readdir(temp)).filter((name) => /^geoduck-exports-[\w-]+$/.test(name))
    const first = await begin()
    const tag = await first.tag()
    const [own] = await folders()
    const second = await begin()
    expect(await second.tag()).not.toBe(tag)
    // It is the same file: the second server has not removed it.
    expect(await first.tag()).toBe(tag)
    expect(await folders()).toHaveLength(2)
    process.kill(-first.server.pid, 'SIGKILL')
    await first.server.ended
    started.splice(started.indexOf(first.server), 1)
    const third = await begin()
    await third.tag()
    // It may still run on another machine, so its lock must be old.
    expect(await folders()).toContain(own)
    const past = new Date(Date.now() - 120_000)
    await utimes(join(temp, `${own}.lock`), past, past)
    const fourth = await begin()
    await fourth.tag()
    expect(await folders()).not.toContain(own)
    expect(existsSync(join(temp, `${own}.lock`))).toBe(false)
    expect(await folders()).toHaveLength(3)
  },
)
