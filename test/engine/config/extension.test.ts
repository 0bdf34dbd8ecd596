import { execFile } from 'node:child_process'
import { copyFile, mkdir, mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { duckdbPlatform, duckdbVersion } from '../../../src/config/duckdb.ts'
import { findSpatialExtension } from '../../../src/config/extension.ts'
import { SPATIAL_EXTENSION } from '../../support/spatial-extension.ts'

const run = promisify(execFile)
const BUILD = `extensions/v${duckdbVersion()}/${duckdbPlatform()}/spatial.duckdb_extension`
const INSTALLED = `.duckdb/${BUILD}`
const CACHED = `.cache/geoduck/${BUILD}`

let home: string
let lines: string[]
const progress = (line: string) => lines.push(line)

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'geoduck-home-'))
  vi.stubEnv('HOME', home)
  vi.stubEnv('XDG_CACHE_HOME', '')
  lines = []
})

afterEach(async () => {
  vi.unstubAllEnvs()
  await rm(home, { recursive: true })
})

async function place(path: string): Promise<string> {
  await mkdir(dirname(join(home, path)), { recursive: true })
  await copyFile(SPATIAL_EXTENSION, join(home, path))
  return join(home, path)
}

test('a configured path wins over every other', async () => {
  await place(INSTALLED)
  expect(await findSpatialExtension(SPATIAL_EXTENSION, progress)).toEqual({ path: SPATIAL_EXTENSION, how: 'configured' })
})

test('a configured path that is not there is refused rather than replaced', async () => {
  await place(INSTALLED)
  await expect(findSpatialExtension('/nowhere/spatial.duckdb_extension', progress)).rejects.toThrow('correct --spatial-extension')
})

test("the engine's own extension directory comes before a copy fetched earlier, and neither fetches anything", async () => {
  const cached = await place(CACHED)
  expect(await findSpatialExtension(null, progress)).toEqual({ path: cached, how: 'package' })
  const installed = await place(INSTALLED)
  expect(await findSpatialExtension(null, progress)).toEqual({ path: installed, how: 'installed' })
  expect(lines).toEqual([])
})

test('on an empty machine it is fetched once, whole', async () => {
  const found = await findSpatialExtension(null, progress)
  expect(['repository', 'package']).toContain(found.how)
  expect((await stat(found.path)).size).toBe((await stat(SPATIAL_EXTENSION)).size)
  expect(lines).toHaveLength(1)
  await findSpatialExtension(null, progress)
  expect(lines).toHaveLength(1)
})

test('where nothing can be fetched the error names every way that was tried and what to do', async () => {
  const script = `
    const { findSpatialExtension } = await import(${JSON.stringify(join(import.meta.dirname, '../../../src/config/extension.ts'))})
    await findSpatialExtension(null, () => {}).catch((error) => console.log(error.message))`
  // A home that takes no files keeps both ways shut, also where there is a network.
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', script], { env: { HOME: '/dev/null' } })
  expect(stdout).toContain('INSTALL spatial:')
  expect(stdout).toContain('pip download duckdb-extension-spatial:')
  expect(stdout).toContain('--spatial-extension')
})
