/** A database that is renamed over while workers have it: no version's rows under the name of another. */
import { copyFile, mkdtemp, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { databaseVersion } from '../../../src/engines/duckdb/host/files.ts'
import type { Engine } from '../../../src/engines/engine.ts'
import type { Layer } from '../../../src/model/layer.ts'
import { within } from '../../support/import.ts'
import { ask, context, eventually, squaresLayer, testPool } from '../../support/pool.ts'

const ROWS = 30_000

let folder: string
let store: string
let engine: Engine
let outdated: number
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'geoduck-test-'))
  store = join(folder, 'city.duckdb')
  for (const version of [1, 2]) {
    await within(join(folder, `${version}.duckdb`), [
      `CREATE TABLE squares AS SELECT i AS id, 'version ${version}' AS name, ${version}::BIGINT AS score, ST_Point(i % 180, i % 90) AS geometry FROM range(${ROWS}) r(i)`,
    ])
  }
  await put(1)
  outdated = 0
  engine = await testPool([], { onOutdated: () => outdated++ }, await access(1))
})
afterEach(async () => {
  await engine.close()
  await rm(folder, { recursive: true })
})

async function put(version: number): Promise<void> {
  await copyFile(join(folder, `${version}.duckdb`), join(folder, 'new'))
  await rename(join(folder, 'new'), store)
}

const access = async (version: number) => ({
  allowedPaths: [store, `${store}.wal`],
  databases: [{ alias: `v${version}`, path: store, version: await databaseVersion(store) }],
})

const layer = (version: number): Layer => ({
  ...squaresLayer(store, ROWS),
  relation: { kind: 'table', database: `v${version}`, schema: 'main', table: 'squares' },
  pruning: { kind: 'NONE' },
})

const query = (version: number) => {
  const outputs = [{ kind: 'features', fields: [{ key: 'p', field: 'properties', only: ['score'] }] }] as never
  return ask(layer(version), { outputs, properties: ['score'] })
}

const scores = ([first = []]: readonly (Uint8Array | readonly Uint8Array[])[]) => [
  ...new Set(
    Buffer.concat([first].flat())
      .toString()
      .match(/"score":"?\d+/g),
  ),
]

test('a worker that starts when the file is another one does not attach it, and says so', async () => {
  expect(scores((await engine.page(query(1), 100, context())).outputs)).toEqual([expect.stringMatching(/1$/)])
  await put(2)
  // The worker that has it open continues with its version.
  expect(scores((await engine.page(query(1), 100, context())).outputs)).toEqual([expect.stringMatching(/1$/)])
  for (const { diagnostics } of (await engine.health()).workers) if (diagnostics) process.kill(diagnostics.pid, 'SIGKILL')
  await eventually(async () => outdated > 0, 40_000)
  const waiting = engine.page(query(1), 100, context())
  const refused = expect(waiting).rejects.toMatchObject({ code: 'SOURCE_CHANGED' })
  const renewed = engine.renew(await access(2))
  // Asked before any worker has it.
  expect(scores((await engine.page(query(2), 100, context())).outputs)).toEqual([expect.stringMatching(/2$/)])
  await refused
  await renewed
  await expect(engine.page(query(1), 100, context())).rejects.toMatchObject({ code: 'SOURCE_CHANGED' })
})

test('a parked stream of a version that is gone ends with CURSOR_EXPIRED; one that runs has rows of one version', async () => {
  const unchanged = () => Promise.resolve(version === 1)
  let version = 1
  const parked = engine.stream(query(1), { batchSize: 100 }, { ...context('a'), unchanged })
  await parked.next()
  await eventually(async () => (await engine.health()).streams.parked === 1)
  const running = engine.stream(query(1), { batchSize: 100 }, { ...context('b'), unchanged })
  const first = await running.next()
  await put(2)
  version = 2
  const renewed = engine.renew(await access(2))
  const seen = new Set(scores(first.value?.outputs ?? []))
  await expect(
    (async () => {
      for await (const { outputs } of running) for (const score of scores(outputs)) seen.add(score)
    })(),
  ).rejects.toMatchObject({ code: 'CURSOR_EXPIRED' })
  expect([...seen]).toEqual([expect.stringMatching(/1$/)])
  await renewed
  await expect(
    (async () => {
      for await (const { outputs } of parked) expect(scores(outputs)).toEqual([...seen])
    })(),
  ).rejects.toMatchObject({ code: 'CURSOR_EXPIRED' })
})
