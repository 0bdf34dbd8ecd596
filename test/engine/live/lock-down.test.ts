/** Statements that the engine denies in a worker with live layers. */
import { spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { WrittenLayers } from '../../../src/catalog/live/written-layers.ts'
import { baseFile, storeFile } from '../../../src/engines/duckdb/host/live-files.ts'
import type { WorkerOptions } from '../../../src/engines/duckdb/messages.ts'
import { pointWkb } from '../../support/live.ts'
import { SPATIAL_EXTENSION } from '../../support/spatial-extension.ts'

let folder: string
let live: WrittenLayers
let options: WorkerOptions

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'geoduck-lock-'))
  const log = { info: () => {}, warn: () => {} }
  const shared = { tempDirectory: folder, spatialExtension: SPATIAL_EXTENSION, memoryLimitBytes: 2 ** 28 }
  live = await WrittenLayers.open({ directory: path.join(folder, 'live'), ...shared, log })
  await live.write({ layer: 'cars', operation: { kind: 'create', columns: [], crs: 'OGC:CRS84' }, idempotencyKey: '1' })
  const features = [{ key: 'secret', values: [], geometry: pointWkb(1, 1) }]
  await live.write({
    layer: 'cars',
    operation: { kind: 'upsert', features, extent: [1, 1, 1, 1], types: ['Point'] },
    idempotencyKey: '2',
  })
  await live.compact('cars')
  await mkdir(path.join(folder, 'temp'))
  options = {
    ...shared,
    threads: 1,
    tempDirectory: path.join(folder, 'temp'),
    tempDirectoryBytes: 1e7,
    streamingBufferBytes: 65_536,
    allowedPaths: [],
    databases: [],
    live: live.directory,
  }
})
afterAll(async () => {
  await live.close()
  await rm(folder, { recursive: true })
})

async function tryAll(
  statements: readonly string[],
  asQueries: boolean,
): Promise<{ refused: string | null; row: string | null }[]> {
  const program = path.join(import.meta.dirname, '../pool/worker/try-statements.ts')
  const child = spawn(process.execPath, [program], { stdio: ['pipe', 'pipe', 'inherit'] })
  child.stdin.end(JSON.stringify({ options, statements, asQueries }))
  return JSON.parse(await text(child.stdout))
}

const content = () => {
  const files = readdirSync(live.directory).filter((name) => !name.endsWith('-shm'))
  return files.map((name) => [name, readFileSync(path.join(live.directory, name)).toString('base64')])
}

it('the store cannot be read, attached or written by any statement', async () => {
  const store = storeFile(live.directory)
  const before = content()
  const statements = [
    `SELECT * FROM read_blob('${store}')`,
    `SELECT * FROM read_text('${store}-wal')`,
    `SELECT * FROM glob('${live.directory}/*')`,
    `SELECT * FROM sqlite_scan('${store}', 'features')`,
    `ATTACH '${store}'`,
    `ATTACH '${store}' (TYPE sqlite)`,
    `ATTACH '${path.join(live.directory, 'new.duckdb')}'`,
    `COPY (SELECT 1) TO '${store}'`,
    `COPY (SELECT 1) TO '${path.join(live.directory, 'new.csv')}'`,
    `INSTALL sqlite`,
    `LOAD sqlite`,
  ]
  const outcomes = await tryAll(statements, false)
  expect(statements.filter((_, n) => outcomes[n]!.refused === null)).toEqual([])
  expect(content()).toEqual(before)
})

it('an execution neither attaches, copies over, nor changes a base', async () => {
  const before = content()
  const statements = [0, 1].flatMap((slot) => {
    const base = baseFile(live.directory, slot)
    return [
      `ATTACH '${base}' AS b`,
      `COPY (SELECT 1) TO '${base}'`,
      `INSERT INTO live_base_1.features SELECT * FROM live_base_1.features`,
    ]
  })
  const outcomes = await tryAll([...statements, 'CREATE TABLE memory.main.x (i INTEGER)', 'SELECT 1'], true)
  expect(outcomes.slice(0, -1).filter(({ refused }) => refused === null)).toEqual([])
  expect(outcomes.at(-1)).toEqual({ refused: null, row: '[1]' })
  expect(content()).toEqual(before)
})
