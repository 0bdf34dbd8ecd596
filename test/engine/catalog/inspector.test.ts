/** The process that reads sources: what becomes of its death, and what it leaves. */
import { readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openCatalog } from '../../../src/catalog/catalog.ts'
import { Inspector } from '../../../src/engines/duckdb/host/inspector.ts'
import { SourceError } from '../../../src/engines/duckdb/host/source-error.ts'
import { fixture } from '../../fixtures/index.ts'
import { SPATIAL_EXTENSION } from '../../support/spatial-extension.ts'
import { layerOf, testCatalog } from './support.ts'

const file = await fixture('geoparquet/points-1.1.parquet')
const temporary = process.env['TMPDIR']
let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'geoduck-test-'))
  process.env['TMPDIR'] = folder
})
afterEach(async () => {
  if (temporary === undefined) delete process.env['TMPDIR']
  else process.env['TMPDIR'] = temporary
  await rm(folder, { recursive: true })
})

/** Processes that this one has started and that are still there. */
function children(): number[] {
  const ids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  return ids.map(Number).filter((id) => {
    try {
      const [, state, parent] = readFileSync(`/proc/${id}/stat`, 'utf8').split(/.*\) (\w) (\d+)/s)
      return Number(parent) === process.pid && state !== 'Z'
    } catch {
      return false
    }
  })
}

test('a death costs the question that was asked, and the next one starts another process', async () => {
  const inspector = new Inspector(SPATIAL_EXTENSION, [file])
  const { layers } = await inspector.describeFiles([file])
  const [child] = children()
  const question = inspector.check({ description: layers[0]!, database: null }, 60_000)
  process.kill(child!, 'SIGKILL')
  await expect(question).rejects.toThrow('it ends the process that reads it')
  await expect(inspector.describeFiles([file])).resolves.toMatchObject({ layers: [{ featureCount: 5000 }] })
  expect(children()).not.toContain(child)
  await inspector.close()
  expect(children()).toEqual([])
})

test('a death between two queries costs nothing', async () => {
  const inspector = new Inspector(SPATIAL_EXTENSION, [file])
  await inspector.describeFiles([file])
  process.kill(children()[0]!, 'SIGKILL')
  await sleep(200)
  await expect(inspector.describeFiles([file])).resolves.toMatchObject({ layers: [{ featureCount: 5000 }] })
  await inspector.close()
})

test('a death while the process starts costs nothing: it has read nothing yet', async () => {
  const inspector = new Inspector(SPATIAL_EXTENSION, [file])
  const described = inspector.describeFiles([file])
  while (children().length === 0) await sleep(1)
  process.kill(children()[0]!, 'SIGKILL')
  expect((await described).layers).toHaveLength(1)
  await inspector.close()
})

test('a question that takes too long is ended with its process', async () => {
  const inspector = new Inspector(SPATIAL_EXTENSION, [file])
  const { layers } = await inspector.describeFiles([file])
  const late = inspector.check({ description: layers[0]!, database: null }, 1)
  await expect(late).rejects.toThrow(SourceError)
  await expect(late).rejects.toThrow('did not end within')
  await expect(inspector.describeFiles([file])).resolves.toMatchObject({ layers: [{ featureCount: 5000 }] })
  await inspector.close()
})

test('a file that was not named is refused by the engine', async () => {
  const inspector = new Inspector(SPATIAL_EXTENSION, [file])
  await expect(inspector.describeFiles([await fixture('geoparquet/z.parquet')])).rejects.toThrow('it cannot be opened')
  await inspector.close()
})

test('when the scans are done the process ends by itself; nothing of it is left', async () => {
  const catalog = await testCatalog(file)
  await catalog.checked
  expect(layerOf(catalog, 'points-1_1').state).toBe('READY')
  await expect.poll(children).toEqual([])
  await expect.poll(async () => (await readdir(folder)).filter((name) => name.startsWith('geoduck-inspector'))).toEqual([])
  await catalog.close()
})

test('a catalogue that is closed in the middle of a scan leaves no process and no file, and calls nothing a problem', async () => {
  const catalog = await testCatalog(file)
  await catalog.close()
  expect(children()).toEqual([])
  expect(await readdir(folder)).toEqual([])
  expect(catalog.problems()).toEqual([])
})

test('when the process cannot start, opening fails', async () => {
  const log = { info: () => {}, warn: () => {} }
  const opening = openCatalog({ sources: [file], spatialExtension: join(folder, 'absent.duckdb_extension'), log })
  await expect(opening).rejects.toThrow('could not start')
  expect(children()).toEqual([])
})

test('no source, no process', async () => {
  const catalog = await testCatalog(join(folder, 'absent.parquet'))
  expect(children()).toEqual([])
  expect(catalog.layers()).toEqual([])
  await catalog.close()
})
