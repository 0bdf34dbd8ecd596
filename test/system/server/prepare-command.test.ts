/** `geoduck prepare`, as it is called from a shell. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { afterAll, expect, test } from 'vitest'
import { ROOT, SHARED } from '../../support/environment.ts'
import { runProgram } from '../../support/program.ts'
import { SPATIAL_EXTENSION } from '../../support/spatial-extension.ts'

const cache = await mkdtemp(join(tmpdir(), 'geoduck-test-'))
afterAll(() => rm(cache, { recursive: true, force: true }))

const data = (name: string) => join(SHARED, 'data', name)

async function prepare(...args: string[]): Promise<{ code: number | null; lines: string[]; stderr: string }> {
  const environment = { GEODUCK_CACHE_DIRECTORY: cache, GEODUCK_SPATIAL_EXTENSION: SPATIAL_EXTENSION }
  const node = join(ROOT, 'node_modules/.bin/node')
  const { code, stdout, stderr } = await runProgram(node, [join(ROOT, 'src/main.ts'), 'prepare', ...args], { environment })
  return { code, stderr, lines: stripVTControlCharacters(stdout).trimEnd().split('\n') }
}

test('it prepares, and ends with a table of the layers', async () => {
  const { code, lines } = await prepare(data('lakes.gpkg'), data('airports.shp'), data('places.parquet'))
  expect(lines).toEqual([
    'layer     features  geometry               CRS        invalid',
    'airports  891       Point                  EPSG:4326  0',
    'lakes     1,354     Polygon, MultiPolygon  EPSG:4326  2',
    'places    7,343     Point                  EPSG:4326  0',
  ])
  expect(code).toBe(0)
})

test('it fails when something was left out, and says what', async () => {
  const { code, lines } = await prepare(data('lakes.gpkg'), join(cache, 'absent.shp'))
  expect(lines.at(-1)).toBe('absent.shp: there is no such file or folder')
  expect(code).toBe(1)
})

test('--prune cleans the cache down to its limit', async () => {
  const { lines } = await prepare('--prune')
  expect(lines).toEqual([expect.stringMatching(/^removed 0 copies \(0 B\), kept 2 \(.* MB\)$/)])
  const emptied = await prepare('--prune', '--cache-limit', '0B')
  expect(emptied.lines).toEqual([expect.stringMatching(/^removed 2 copies \(.* MB\), kept 0 \(0 B\)$/)])
})

test('without anything to do it says what it takes', async () => {
  const { code, stderr } = await prepare()
  expect(stderr).toContain('name files, folders or globs')
  expect(code).toBe(1)
})
